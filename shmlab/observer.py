"""A read-only eye on a segment: it copies, it never maps, it never waits.

It cannot harm the processes it watches, and nothing that happens to the segment can harm it. It
reads in a fixed order: what was produced first, then slots, then what is in hands, and receipts
last. An item moves the same way, so one in motion is seen at least once and never taken for lost.
"""

import contextlib
import struct
import time
from bisect import bisect_left
from itertools import accumulate
from types import MappingProxyType

from shmlab import layout as at
from shmlab import limits, sync
from shmlab.errors import SegmentRefused
from shmlab.item import SEQUENCE, SEQUENCE_BITS
from shmlab.receipts import opened
from shmlab.segment import SegmentFile, open_unmapped
from shmlab.snapshot import Slots, Snapshot, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring.snapshot import RingSnapshot

TRIES = 3  # copies that were disturbed are taken again so many times
TRIES_AT_BOOKS = 100  # a producer closes books, or makes the buffer longer, far more rarely than we copy
SPINNING = 0.02  # seconds inside put or get, neither asleep nor slowed down, that count as spinning
_ROW = struct.Struct(f"<{at.LATENCY}Q{at.ROW_SIZE - at.LATENCY * at.WORD}x")
Row = tuple[int, ...]


class Observer:
    """Takes snapshots of one segment, by name or through a descriptor that is open already.

    Raises ArgumentError, SegmentNotFound, SegmentRefused, NoRoom.
    """

    def __init__(self, segment: str | SegmentFile) -> None:
        self._owned = not isinstance(segment, SegmentFile)
        self.segment = segment if isinstance(segment, SegmentFile) else open_unmapped(segment)
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

    def snapshot(self) -> Snapshot:
        """The segment now. About 0.1 ms for 8 slots, 1 ms for 1,024."""
        for _ in range(TRIES):
            before, slots, after, receipts = self._copy()
            consistent = before.moved() == after.moved()
            if consistent:
                break
        return self._decode(before, slots, after, receipts, consistent)

    def _copy(self) -> "tuple[_Rows, Slots, _Rows, dict[int, bytes]]":
        segment, layout = self.segment, self.segment.layout
        for _ in range(TRIES_AT_BOOKS):
            before = _Rows(segment)
            slots = Slots(segment.read(layout.slots_at, before.capacity * layout.stride), layout.stride, layout.payload)
            after = _Rows(segment)
            receipts = {i: segment.read(layout.receipts(i), layout.window) for i in after.used}
            unchanged = all(
                segment.word(at.row(i) + word * at.WORD) == after.rows[i][word]
                for i in receipts
                for word in (at.CLOSING, at.SETTLED)
            )
            if unchanged and before.capacity == after.capacity:
                break
        return before, slots, after, receipts

    def _decode(
        self, before: "_Rows", slots: Slots, after: "_Rows", receipts: dict[int, bytes], consistent: bool
    ) -> Snapshot:
        layout, rows = self.segment.layout, after.rows
        now = time.monotonic()
        variables = {name: after.variable(i) for i, name in enumerate(layout.variables)}
        received, late = (sum(row[k] for row in rows) for k in (at.RECEIVED, at.LATE))
        arrived, missing = 0, 0
        for i, receipt in receipts.items():
            row = after.rows[i]
            delivered, cleared = opened(row, layout.window)
            if cleared:
                receipt = receipt[: cleared.start] + bytes(len(cleared)) + receipt[cleared.stop :]
                receipts[i] = receipt
            arrived += delivered + receipt.count(1)
            missing += row[at.SETTLED] - delivered
            missing += _zeros(receipt, row[at.SETTLED], before.produced(i))
        belated = min(late, missing)
        hands = [row[at.HAND] for row in rows]
        died = sum(row[at.DIED] for row in rows)
        on_the_way = _on_the_way(slots, hands, before, after, receipts)
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
            workers=tuple(
                self._worker(i, row, after.word(at.STEP_TIME)) for i, row in enumerate(rows) if row[at.ROLE] in at.ROLES
            ),
            produced=sum(row[at.PRODUCED] for row in after.rows),
            consumed=sum(row[at.CONSUMED] for row in rows),
            lost=max(0, missing - belated - on_the_way - died),
            died=died,
            duplicated=max(0, received - arrived - belated),
            out_of_order=sum(row[at.OUT_OF_ORDER] for row in rows),
            corrupted=sum(row[at.CORRUPTED] for row in rows),
            overwritten=sum(row[at.OVERWRITTEN_ITEMS] for row in rows),
            empty_reads=sum(row[at.EMPTY_READS] for row in rows),
            latency_p50=p50,
            latency_p99=p99,
            header=self.segment.read(0, 256),
        )

    def _worker(self, index: int, row: Row, step_time: int) -> Worker:
        names = list(self.segment.layout.semaphores)
        holds, waits = (names[row[k] - 1] if 0 < row[k] <= len(names) else None for k in (at.HOLDS, at.WAITS))
        producing = row[at.ROLE] == at.PRODUCER
        rate = struct.unpack("<d", struct.pack("<Q", row[at.RATE]))[0]
        items = row[at.PRODUCED if producing else at.CONSUMED]
        state = _state(row, holds, waits, producing, bool(step_time))
        return Worker(
            row=index,
            name=f"{'P' if producing else 'C'}{row[at.NUMBER]}",
            role=at.ROLES[row[at.ROLE]],
            pid=row[at.PID],
            alive=state not in ("ended", "failed"),
            state=state,
            rate=rate if rate > 0 else None,
            pattern=limits.PATTERNS[row[at.PATTERN] % len(limits.PATTERNS)],
            items=max(0, items - row[at.BASE]),
            blocked=row[at.BLOCKED] / 1e9,
            holds=holds,
            waits=waits,
        )


class _Rows:
    """Control words, shared variables and the rows in use, copied."""

    def __init__(self, segment: SegmentFile) -> None:
        layout = segment.layout
        self._raw = segment.read(at.CONTROL_AT, at.ROWS_AT - at.CONTROL_AT)
        self._rows = segment.read(at.ROWS_AT, min(self.word(at.ROWS_USED), layout.rows) * at.ROW_SIZE)
        self._count = len(layout.variables)
        self.rows: list[Row] = list(_ROW.iter_unpack(self._rows))
        self.used = [i for i, row in enumerate(self.rows) if row[at.PRODUCED] or row[at.ROLE] == at.PRODUCER]
        self.capacity = min(max(self.word(at.CAPACITY), layout.capacity), layout.cap)

    def produced(self, row: int) -> int:
        """How many items worker `row` had produced; none, if it had no row yet."""
        return self.rows[row][at.PRODUCED] if row < len(self.rows) else 0

    def histogram(self) -> list[int]:
        """How many items had which latency, over all rows."""
        words, step = memoryview(self._rows).cast("Q"), at.ROW_SIZE // at.WORD
        starts = range(at.LATENCY, len(words), step)
        return [
            sum(column) for column in zip(*(words[i : i + at.LATENCY_BUCKETS].tolist() for i in starts), strict=True)
        ]

    def word(self, offset: int) -> int:
        start = offset - at.CONTROL_AT
        return int.from_bytes(self._raw[start : start + at.WORD], "little")

    def variable(self, index: int) -> int:
        start = at.variable(index) - at.CONTROL_AT
        return int.from_bytes(self._raw[start : start + at.WORD], "little", signed=True)

    def moved(self) -> list[object]:
        """What changes whenever an item moves."""
        return [
            [self.variable(i) for i in range(self._count)],
            [(row[at.PRODUCED], row[at.CONSUMED], row[at.SLOT], row[at.HAND]) for row in self.rows],
        ]


def _zeros(receipts: bytes, first: int, end: int) -> int:
    """How many of the items `first` to `end` (not included) have no receipt yet."""
    window = len(receipts)
    if end <= first:
        return 0
    if end - first >= window:
        return receipts.count(0)
    start, stop = first % window, end % window
    return receipts.count(0, start, stop) if start < stop else receipts.count(0, start) + receipts.count(0, 0, stop)


def _on_the_way(slots: Slots, hands: list[int], before: _Rows, after: _Rows, receipts: dict[int, bytes]) -> int:
    """How many items stand in a slot or in a hand that were produced and have no receipt yet."""
    count = 0
    for ticket in {t for t, state in zip(slots.tickets, slots.states, strict=True) if state} | set(hands):
        producer, sequence = (ticket >> SEQUENCE_BITS) - 1, ticket & SEQUENCE
        if producer in receipts and sequence < before.produced(producer):
            receipt = receipts[producer]
            count += sequence < after.rows[producer][at.SETTLED] or not receipt[sequence % len(receipt)]
    return count


def _percentiles(histogram: list[int]) -> tuple[float | None, float | None]:
    """The median and the 99th percentile, in seconds."""
    seen = list(accumulate(histogram))
    if not seen or not seen[-1]:
        return None, None
    return at.latency_of(bisect_left(seen, 0.5 * seen[-1])), at.latency_of(bisect_left(seen, 0.99 * seen[-1]))


def _state(row: Row, holds: str | None, waits: str | None, producing: bool, slowed: bool) -> str:
    """What a worker does now, as its row tells."""
    phase = row[at.PHASE]
    if phase == at.WORKING:
        if waits:
            return f"waiting for {waits}"
        if holds:
            return "in the critical section"
        inside = time.monotonic_ns() - row[at.SINCE]
        return "spinning" if inside > SPINNING * 1e9 and not slowed else "producing" if producing else "consuming"
    words = {
        at.RESTING: "resting",
        at.HELD_BACK: "paused",
        at.FINISHED: "finished",
        at.CAPPED: "at the cap",
        at.LEFT: "ended",
        at.FAILED: "failed",
    }
    return words.get(phase, "starting")


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
