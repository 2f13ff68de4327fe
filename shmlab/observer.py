"""A read-only eye on a segment: it copies, it never maps, it never waits.

It cannot harm the processes it watches, and nothing that happens to the segment can harm it. It
reads in a fixed order: what was produced first, then slots, then what is in hands, and receipts
last. An item moves the same way, so one in motion is seen at least once and never taken for lost.
"""

import contextlib
import struct
import time
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import accumulate, compress
from types import MappingProxyType

from shmlab import layout as at
from shmlab import limits, sync
from shmlab.errors import SegmentRefused
from shmlab.item import SEQUENCE, SEQUENCE_BITS
from shmlab.receipts import Books
from shmlab.segment import SegmentFile, open_unmapped
from shmlab.snapshot import FINAL, Measured, Slots, Snapshot, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring.snapshot import RingSnapshot

TRIES = 3  # copies that were disturbed are taken again so many times
TRIES_AT_BOOKS = 100  # a producer closes books, or makes the buffer longer, far more rarely than we copy
SPINNING = 0.02  # seconds inside put or get, neither asleep nor slowed down, that count as spinning
_ROW = struct.Struct(f"<{at.LEAVE + 1}Q{at.ROW_SIZE - (at.LEAVE + 1) * at.WORD}x")
_DOUBLE = struct.Struct("<d")
STEP = at.ROW_SIZE // at.WORD
STATES = {
    at.RESTING: "resting",
    at.HELD_BACK: "paused",
    at.FINISHED: "finished",
    at.CAPPED: "at the cap",
    at.LEFT: "ended",
    at.FAILED: "failed",
}
Row = tuple[int, ...]
# row, pid, name, state, rate and items of a worker: what its process shows; None to leave it out
Measure = Callable[[int, int, str, str, float | None, int], Measured | None]


class Observer:
    """Takes snapshots of one segment, by name or through a descriptor that is open already.

    Raises ArgumentError, SegmentNotFound, SegmentRefused, NoRoom.
    """

    def __init__(self, segment: str | SegmentFile) -> None:
        self._owned = not isinstance(segment, SegmentFile)
        self.segment = segment if isinstance(segment, SegmentFile) else open_unmapped(segment)
        self._names = list(self.segment.layout.semaphores)
        self._known: dict[int, Books] = {}  # the receipts of each row at the last look
        self._rows = 8  # that may be in use; read again where there are more
        if self.segment.layout.producers:
            self.close()
            raise SegmentRefused(f"'{self.segment.name}' is a ring: look at it with shmlab.ring.snapshot.look(name).")

    def close(self) -> None:
        """Give the descriptor back, if this observer opened it."""
        if self._owned:
            self.segment.close()

    def __enter__(self) -> "Observer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def snapshot(self, measure: Measure | None = None) -> Snapshot:
        """The segment now. `measure` adds what only the processes themselves show; without it rows are believed."""
        for _ in range(TRIES):
            before, slots, after, books = self._copy()
            consistent = before.motion() == after.motion()
            if consistent:
                break
        return self._decode(before, slots, after, books, consistent, measure)

    def _copy(self) -> "tuple[_Rows, Slots, _Rows, dict[int, Books]]":
        """Rows, slots, rows again, receipts: in the direction in which an item moves."""
        segment, layout = self.segment, self.segment.layout
        for _ in range(TRIES_AT_BOOKS):
            before = self._read()
            slots = Slots(segment.read(layout.slots_at, before.capacity * layout.stride), layout.stride, layout.payload)
            after = self._read()
            books = {i: Books(segment, i, after.rows[i], self._known.get(i)) for i in after.used()}
            now = self._read()  # nobody has closed books meanwhile, nor made more items than were looked for
            unchanged = all(now.column(word) == after.column(word) for word in (at.CLOSING, at.SETTLED))
            enough = all(one.suffices(now.produced(i)) for i, one in books.items())
            self._known = books if unchanged and enough else {}
            if unchanged and enough and before.capacity == after.capacity:
                break
        return before, slots, after, books

    def _read(self) -> "_Rows":
        rows = _Rows(self.segment, self._rows)
        if rows.number > self._rows:
            self._rows = rows.number
            rows = _Rows(self.segment, self._rows)
        return rows

    def _decode(
        self,
        before: "_Rows",
        slots: Slots,
        after: "_Rows",
        books: "dict[int, Books]",
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
        p50, p99 = _percentiles(after.histogram())
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
            semaphores=MappingProxyType({n: sync.value(self.segment.name, n) or 0 for n in layout.semaphores}),
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
            header=self.segment.read(0, 256),
        )

    def _workers(self, rows: list[Row], slowed: bool, measure: Measure | None) -> tuple[Worker, ...]:
        names, count, now = self._names, len(self._names), time.monotonic_ns()
        found = []
        for index, row in enumerate(rows):
            role = row[at.ROLE]
            if role not in at.ROLES:
                continue
            holds = names[row[at.HOLDS] - 1] if 0 < row[at.HOLDS] <= count else None
            waits = names[row[at.WAITS] - 1] if 0 < row[at.WAITS] <= count else None
            name, rate, pattern = _settings(row[at.ROLE : at.PATTERN + 1])
            producing = role == at.PRODUCER
            items = max(0, row[at.PRODUCED if producing else at.CONSUMED] - row[at.BASE])
            state = _state(row, holds, waits, producing, slowed, now)
            shown: Measured | None = Measured(state not in FINAL, state)
            if measure:
                shown = measure(index, row[at.PID], name, state, rate, items)
            if shown:
                alive, state, achieved, cpu, error = shown
                blocked = row[at.BLOCKED] / 1e9
                found.append(
                    Worker(
                        *(index, name, at.ROLES[role], row[at.PID], alive, state, rate, pattern),
                        *(items, blocked, holds, waits, achieved, cpu, error),
                    )
                )
        return tuple(found)


class _Rows:
    """Control words, shared variables and the rows in use, copied by one read of at most `most` rows.

    `number` is how many rows there are to read; `words` are those of the rows.
    """

    def __init__(self, segment: SegmentFile, most: int) -> None:
        layout = segment.layout
        head = at.ROWS_AT - at.CONTROL_AT
        raw = segment.read(at.CONTROL_AT, head + min(most, layout.rows) * at.ROW_SIZE)
        self._head = memoryview(raw)[:head].cast("Q")
        self.number = min(self.word(at.ROWS_USED), layout.rows)
        self._raw = memoryview(raw)[head : head + self.number * at.ROW_SIZE]
        self.words = self._raw.cast("Q")
        shared = memoryview(raw)[at.SHARED_AT - at.CONTROL_AT : head].cast("q")
        self.variables = shared[:: at.LINE // at.WORD].tolist()[: len(layout.variables)]
        self.capacity = min(max(self.word(at.CAPACITY), layout.capacity), layout.cap)

    @cached_property
    def rows(self) -> list[Row]:
        """The words of each row, up to the last that the owner writes."""
        return list(_ROW.iter_unpack(self._raw))

    def column(self, word: int) -> list[int]:
        """One word of each row."""
        return self.words[word::STEP].tolist()

    def total(self, word: int) -> int:
        """The sum of one word over all rows."""
        return sum(self.words[word::STEP].tolist())

    def used(self) -> list[int]:
        """The rows that have, or may have, receipts."""
        rows = zip(self.column(at.PRODUCED), self.column(at.ROLE), strict=True)
        return [i for i, (produced, role) in enumerate(rows) if produced or role == at.PRODUCER]

    def produced(self, row: int) -> int:
        """How many items worker `row` had produced; none, if it had no row yet."""
        return self.words[row * STEP + at.PRODUCED] if row < self.number else 0

    def histogram(self) -> list[int]:
        """How many items had which latency, over all rows: added up as one long number, of which each word is a digit.

        No count comes near 2⁶⁴, so none carries into its neighbour, but where a row is damaged.
        """
        size = at.LATENCY_BUCKETS * at.WORD
        starts = range(at.LATENCY * at.WORD, len(self._raw), at.ROW_SIZE)
        total = sum(int.from_bytes(self._raw[start : start + size], "little") for start in starts)
        return memoryview(total.to_bytes(size + at.WORD, "little")[:size]).cast("Q").tolist()

    def word(self, offset: int) -> int:
        """A control word."""
        return self._head[(offset - at.CONTROL_AT) // at.WORD]

    def motion(self) -> list[list[int]]:
        """What changes whenever an item moves."""
        return [self.variables, *map(self.column, (at.PRODUCED, at.CONSUMED, at.SLOT, at.HAND))]


def _on_the_way(slots: Slots, hands: list[int], before: _Rows, after: _Rows, books: dict[int, Books]) -> int:
    """How many items stand in a slot or in a hand that were produced and have no receipt yet."""
    count = 0
    for ticket in {*compress(slots.tickets, slots.states), *hands}:
        producer, sequence = (ticket >> SEQUENCE_BITS) - 1, ticket & SEQUENCE
        if producer in books and sequence < before.produced(producer):
            count += sequence < after.rows[producer][at.SETTLED] or books[producer].lacks(sequence)
    return count


def _percentiles(histogram: list[int]) -> tuple[float | None, float | None]:
    """The median and the 99th percentile, in seconds."""
    seen = list(accumulate(histogram))
    if not seen or not seen[-1]:
        return None, None
    return at.latency_of(bisect_left(seen, 0.5 * seen[-1])), at.latency_of(bisect_left(seen, 0.99 * seen[-1]))


@lru_cache(256)  # they rarely change
def _settings(words: Row) -> tuple[str, float | None, str]:
    """Name, rate and pattern of a worker, from the words `role` to `pattern` of its row."""
    role, number, bits, pattern = words
    rate: float = _DOUBLE.unpack(bits.to_bytes(at.WORD, "little"))[0]
    name = f"{'P' if role == at.PRODUCER else 'C'}{number}"
    return name, rate if rate > 0 else None, limits.PATTERNS[pattern % len(limits.PATTERNS)]


def _state(row: Row, holds: str | None, waits: str | None, producing: bool, slowed: bool, now: int) -> str:
    """What a worker does now, as its row tells."""
    phase = row[at.PHASE]
    if phase != at.WORKING:
        return STATES.get(phase, "starting")
    if waits:
        return f"waiting for {waits}"
    if holds:
        return "in the critical section"
    inside = now - row[at.SINCE]
    return "spinning" if inside > SPINNING * 1e9 and not slowed else "producing" if producing else "consuming"


def running() -> "list[Snapshot | RingSnapshot]":
    """A snapshot of every lab and every ring of this user that is alive."""
    from shmlab.ring.snapshot import look
    from shmlab.segment import names, owner_is_dead

    found: list[Snapshot | RingSnapshot] = []
    for name in names():
        if not owner_is_dead(name):
            with contextlib.suppress(Exception):
                file = open_unmapped(name)
                try:
                    found.append(look(file) if file.layout.producers else Observer(file).snapshot())
                finally:
                    file.close()
    return found
