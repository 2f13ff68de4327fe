"""A read-only observer of a segment: it copies, but never maps and never waits.

It cannot harm the processes it watches, and nothing that happens to the segment can harm it. It
reads in a fixed order: first counts of produced items, then slots, then dequeued items, and receipts
last. An item moves in the same order, so one in motion is seen at least once and never counted as lost.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from itertools import compress
from types import MappingProxyType

from shmlab.memory import layout as at, limits, semaphores
from shmlab.memory.errors import SegmentRefused
from shmlab.memory.item import SEQUENCE, SEQUENCE_BITS
from shmlab.memory.receipts import Books
from shmlab.memory.rows import rate_of
from shmlab.memory.segment import SegmentFile, open_unmapped
from shmlab.observe.row_cache import Latencies, Row, Rows
from shmlab.observe.snapshot import FINAL, Measured, Slots, Snapshot, Worker

TRIES = 3  # times to copy until a copy was not disturbed
TRIES_AT_BOOKS = 100  # a producer settles receipts, or grows the buffer, far more rarely than we copy
SPINNING = 0.02  # seconds inside put or get, neither asleep nor slowed down, that count as spinning
STATES = {
    at.RESTING: "resting",
    at.HELD_BACK: "paused",
    at.FINISHED: "finished",
    at.CAPPED: "at the cap",
    at.LEFT: "ended",
    at.FAILED: "failed",
}
# returns what the process of a worker shows, from its row, pid, name, state, rate, items; None omits it
Measure = Callable[[int, int, str, str, float | None, int], Measured | None]


class Observer:
    """Takes snapshots of one `segment`, given by name or as an open `SegmentFile`.

    Raises ArgumentError, SegmentNotFound, SegmentRefused, NoRoom.
    """

    def __init__(self, segment: str | SegmentFile) -> None:
        self._owned = not isinstance(segment, SegmentFile)
        self.segment = segment if isinstance(segment, SegmentFile) else open_unmapped(segment)
        self._names = list(self.segment.layout.semaphores)
        self._known: dict[int, Books] = {}  # the receipts of each row at the last look
        self._rows = 8  # number of rows to read; extended when more are in use
        self._seen: Rows | None = None  # at the last look
        self._latencies = Latencies()
        self._shown: dict[int, _Shown] = {}  # by row, at the last look
        if self.segment.layout.producers:
            self.close()
            cure = "look at it with shmlab.ring.ring_snapshot.look(name)"
            raise SegmentRefused(f"'{self.segment.name}' is a ring: {cure}.")

    def close(self) -> None:
        """Close the descriptor, if this observer opened it."""
        if self._owned:
            self.segment.close()

    def __enter__(self) -> "Observer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def snapshot(self, measure: Measure | None = None) -> Snapshot:
        """Take a snapshot. `measure` adds what only the processes themselves show; without it the rows are trusted."""
        for _ in range(TRIES):
            before, slots, after, books = self._copy()
            consistent = before.motion() == after.motion()
            if consistent:
                break
        return self._decode(before, slots, after, books, consistent, measure)

    def _copy(self) -> tuple[Rows, Slots, Rows, dict[int, Books]]:
        """Copy rows, slots, rows again, and receipts, in the order in which an item moves."""
        segment, layout = self.segment, self.segment.layout
        for _ in range(TRIES_AT_BOOKS):
            before = self._read()
            slots = Slots(segment.read(layout.slots_at, before.capacity * layout.stride), layout.stride, layout.payload)
            after = self._read()
            books = {i: Books(segment, i, after.rows[i], self._known.get(i)) for i in after.used()}
            now = self._read()  # check that nobody has settled receipts meanwhile, nor produced more items than we read
            unchanged = all(now.column(word) == after.column(word) for word in (at.CLOSING, at.SETTLED))
            enough = all(one.suffices(now.produced(i)) for i, one in books.items())
            self._known = books if unchanged and enough else {}
            if unchanged and enough and before.capacity == after.capacity:
                break
        return before, slots, after, books

    def _read(self) -> Rows:
        self._seen = rows = Rows(self.segment, self._rows, self._seen)
        if rows.number > self._rows:
            self._rows = rows.number
            self._seen = rows = Rows(self.segment, self._rows, None)
        return rows

    def _decode(
        self,
        before: Rows,
        slots: Slots,
        after: Rows,
        books: dict[int, Books],
        consistent: bool,
        measure: Measure | None,
    ) -> Snapshot:
        layout, rows = self.segment.layout, after.rows
        now = time.monotonic()
        variables = dict(zip(layout.variables, after.variables, strict=True))
        received, late, hands = after.total(at.RECEIVED), after.total(at.LATE), after.column(at.HAND)
        arrived, missing = 0, 0
        for i, one in books.items():
            arrived += one.arrived
            missing += rows[i][at.SETTLED] - one.delivered + one.missing(before.produced(i))
        belated = min(late, missing)
        died = after.total(at.DIED)
        on_the_way = _on_the_way(slots, hands, before, after, books)
        p50, p99 = self._latencies.percentiles(after)
        states = {at.RUNNING: "running", at.PAUSED: "paused"}
        return Snapshot(
            name=self.segment.name,
            strategy=layout.strategy,
            time=now,
            state=states.get(after.word(at.STATE), "stopped"),
            consistent=consistent,
            bounded=not layout.unbounded,
            capacity=before.capacity,
            cap=layout.cap,
            cap_reached=bool(after.word(at.AT_CAP)),
            size=layout.size_for(before.capacity),
            in_=variables["in_"] % before.capacity if "in_" in variables else None,
            out=variables["out"] % before.capacity if "out" in variables else None,
            variables=MappingProxyType(variables),
            semaphores=MappingProxyType({n: semaphores.value(self.segment.name, n) or 0 for n in layout.semaphores}),
            slots=slots,
            workers=self._workers(rows, bool(after.word(at.STEP_TIME)), measure),
            produced=after.total(at.PRODUCED),
            consumed=after.total(at.CONSUMED),
            lost=max(0, missing - belated - on_the_way - died),
            died=died,
            duplicated=max(0, received - arrived - belated),
            out_of_order=after.total(at.OUT_OF_ORDER),
            corrupted=after.total(at.CORRUPTED),
            overwritten=after.total(at.OVERWRITTEN_ITEMS),
            empty_reads=after.total(at.EMPTY_READS),
            latency_p50=p50,
            latency_p99=p99,
            header=after.raw[:256],
        )

    def _workers(self, rows: list[Row], slowed: bool, measure: Measure | None) -> tuple[Worker, ...]:
        now, found = time.monotonic_ns(), []
        for index, row in enumerate(rows):
            if row[at.ROLE] not in at.ROLES:
                continue
            one = self._shown.get(index)
            if one is None or one.row is not row or row[at.PHASE] == at.WORKING:  # which depends on the time
                one = self._shown[index] = _Shown(index, row, self._names, slowed, now)
            measured = measure(index, *one.said) if measure else one.believed()
            if measured:
                found.append(one.worker(measured))
        return tuple(found)


class _Shown:
    """A row in use, decoded, and the `Worker` made from it, which is reused while nothing changes.

    `said` is what the row says: pid, name, state, rate and items.
    """

    __slots__ = ("_blocked", "_holds", "_index", "_measured", "_pattern", "_waits", "_worker", "row", "said")

    def __init__(self, index: int, row: Row, used: list[str], slowed: bool, now: int) -> None:
        self._index, self.row, count = index, row, len(used)
        self._holds = used[row[at.HOLDS] - 1] if 0 < row[at.HOLDS] <= count else None
        self._waits = used[row[at.WAITS] - 1] if 0 < row[at.WAITS] <= count else None
        name, rate, self._pattern = _settings(row[at.ROLE : at.PATTERN + 1])
        producing = row[at.ROLE] == at.PRODUCER
        items = max(0, row[at.PRODUCED if producing else at.CONSUMED] - row[at.BASE])
        state = _state(row, self._holds, self._waits, producing, slowed, now)
        self.said = row[at.PID], name, state, rate, items
        self._measured: Measured | None = None

    def believed(self) -> Measured:
        """Return what the row says, for when its process has not been measured."""
        state = self.said[2]
        return Measured(state not in FINAL, state)

    def worker(self, measured: Measured) -> Worker:
        """Return the worker with these measurements."""
        if measured != self._measured:
            pid, name, _, rate, items = self.said
            alive, state, achieved, cpu, error = self._measured = measured
            self._worker = Worker(
                *(self._index, name, at.ROLES[self.row[at.ROLE]], pid, alive, state, rate, self._pattern),
                *(items, self.row[at.BLOCKED] / 1e9, self._holds, self._waits, achieved, cpu, error),
            )
        return self._worker


def _on_the_way(slots: Slots, hands: list[int], before: Rows, after: Rows, books: dict[int, Books]) -> int:
    """Count the produced items without a receipt that are in a slot, or dequeued but not yet acknowledged."""
    count = 0
    for ticket in {*compress(slots.tickets, slots.states), *hands}:
        producer, sequence = (ticket >> SEQUENCE_BITS) - 1, ticket & SEQUENCE
        if producer in books and sequence < before.produced(producer):
            count += sequence < after.rows[producer][at.SETTLED] or books[producer].lacks(sequence)
    return count


@lru_cache(256)  # the settings rarely change
def _settings(words: Row) -> tuple[str, float | None, str]:
    """Return name, rate and pattern of a worker, from the words `role` to `pattern` of its row."""
    role, number, bits, pattern = words
    name = f"{'P' if role == at.PRODUCER else 'C'}{number}"
    return name, rate_of(bits), limits.PATTERNS[pattern % len(limits.PATTERNS)]


def _state(row: Row, holds: str | None, waits: str | None, producing: bool, slowed: bool, now: int) -> str:
    """Return what a worker is doing, according to its row."""
    phase = row[at.PHASE]
    if phase != at.WORKING:
        return STATES.get(phase, "starting")
    if waits:
        return f"waiting for {waits}"
    if holds:
        return "in the critical section"
    inside = now - row[at.SINCE]
    return "spinning" if inside > SPINNING * 1e9 and not slowed else "producing" if producing else "consuming"
