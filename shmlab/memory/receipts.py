"""Accounting that no strategy can fool: a receipt for every item.

A consumer that has dequeued an item marks one byte that belongs to that item; marking twice changes
nothing, so no lock is needed and no race can falsify it. The number of marks is the number of different
items that arrived; with the numbers of items produced and received it gives:

    lost       = produced - different items received - items still in a slot or dequeued but not yet acknowledged
    duplicated = received - different items received

The bytes form a window over each producer's most recent items. Before a byte is reused its item is
settled: the producer adds the old marks to its row. It can be stalled or killed between any two stores
of that, so it announces first what it is about to do (`CLOSING`); one store (to `SETTLED`) makes it valid. A
reader of the accounts sees it either as not begun or as done: `opened`.
"""

import time
from collections.abc import Sequence

from shmlab.memory import item as items, layout as at
from shmlab.memory.fences import in_order, private_fence
from shmlab.memory.segment import Segment, SegmentFile
from shmlab.memory.semaphores import Frozen
from shmlab.memory.waiting import until

PARTS = 4  # a quarter of the window is settled at a time
# Seconds that a producer waits for a consumer that has dequeued an item of that quarter: it may be dead and not yet
# repaired, or preempted between its read of SETTLED and its mark, which would then count for a later item.
# A consumer that is stalled for longer notices afterwards that it is late.
PATIENCE = 1.0


class Deliveries:
    """The accounts of one consumer."""

    def __init__(self, segment: Segment, row: int) -> None:
        self._words, self._data, self._layout = in_order(segment).words, segment.data, segment.layout
        self._mine = at.row(row) // at.WORD
        self._newest = [-1] * segment.layout.rows

    def record(self, item: object) -> None:
        """Account for what `get` returned. Raises TypeError if `item` is not an item."""
        if type(item) is not items.Item:
            raise TypeError(f"get must return the item that it took from a slot, not {item!r}")
        words, mine = self._words, self._mine
        producer, sequence = item.producer, item.sequence
        if producer >= self._layout.rows or not item.whole():
            words[mine + at.CORRUPTED] += 1
        else:
            receipt = self._layout.receipts(producer) + sequence % self._layout.window
            if sequence < words[at.row(producer) // at.WORD + at.SETTLED]:
                words[mine + at.LATE] += 1
            else:
                if sequence < self._newest[producer] and not self._data[receipt]:
                    words[mine + at.OUT_OF_ORDER] += 1
                self._data[receipt] = 1
            words[mine + at.RECEIVED] += 1  # after the receipt: received without a receipt looks like a duplicate
            if sequence > self._newest[producer]:
                self._newest[producer] = sequence
            words[mine + at.LATENCY + at.latency_bucket(max(0, time.monotonic_ns() - item.time))] += 1
        words[mine + at.HAND] = 0  # after the receipt, so that a snapshot sees at least one of them
        words[mine + at.CONSUMED] += 1  # last: if it is behind the others, this worker died here


def settle(segment: Segment, row: int) -> None:
    """Settle the oldest part of a producer's window, so that its bytes can be reused.

    Raises Frozen if the producer has to park, or to exit, instead.
    """
    words, mine, layout = in_order(segment).words, at.row(row) // at.WORD, segment.layout
    size = layout.window // PARTS
    first = words[mine + at.SETTLED]
    until(lambda: _must_rest(segment) or not _in_a_hand(segment, row, first, first + size), PATIENCE)
    if _must_rest(segment):
        raise Frozen
    start = layout.receipts(row) + first % layout.window
    words[mine + at.BEFORE] = words[mine + at.DELIVERED]
    words[mine + at.CLOSING] = first + size  # from here on readers interpret this row as `opened` does
    words[mine + at.DELIVERED] += bytes(segment.data[start : start + size]).count(1)
    words[mine + at.SETTLED] = first + size  # before the bytes are cleared: a late receipt must not count as a new one
    private_fence()()  # needed: the fences of `words` do not cover bytes
    segment.data[start : start + size] = bytes(size)
    words[mine + at.CLOSING] = 0


def opened(row: Sequence[int], window: int) -> tuple[int, range]:
    """Return the accounts of a row that may be being settled: items delivered, and which receipts count as cleared."""
    if not row[at.CLOSING]:
        return row[at.DELIVERED], range(0)
    if row[at.SETTLED] != row[at.CLOSING]:
        return row[at.BEFORE], range(0)
    size = window // PARTS
    start = (row[at.SETTLED] - 1) // size * size % window  # whole quarters, even for a damaged row
    return row[at.DELIVERED], range(start, start + size)


def _must_rest(segment: Segment) -> bool:
    """Return whether the owner is repairing, or the lab has been stopped."""
    return bool(segment.words[at.FROZEN // at.WORD]) or segment.words[at.STATE // at.WORD] == at.STOPPED


def _in_a_hand(segment: Segment, row: int, first: int, end: int) -> bool:
    """Return whether a consumer has yet to acknowledge an item of this range, and may be marking it right now."""
    hands = segment.words[
        at.row(0) // at.WORD + at.HAND : at.row(segment.layout.rows) // at.WORD : at.ROW_SIZE // at.WORD
    ]
    return any(
        (hand >> items.SEQUENCE_BITS) - 1 == row and first <= hand & items.SEQUENCE < end for hand in hands if hand
    )


class Books:
    """A copy of the receipts of one row, from item `first` on: every item before that one has arrived, or is settled.

    A receipt stays marked until its item is settled, so a repeated reading of the same row starts at the first gap of
    the previous one, `known`. It reads a few more than the row says were produced, since more may be produced
    meanwhile: `suffices` reports whether that was enough.
    """

    __slots__ = ("_data", "_end", "_first", "_row", "_whole", "arrived", "delivered")

    MORE = 256  # items that may be produced during the read

    def __init__(self, segment: SegmentFile, index: int, row: Sequence[int], known: "Books | None") -> None:
        layout, settled = segment.layout, row[at.SETTLED]
        window, end = layout.window, settled + layout.window
        self._row, self._first, self._end = row, settled, end
        self.delivered, cleared = opened(row, window)
        if known and not row[at.CLOSING] and known.same(row):
            self._first, self._end = known.gap(), min(end, row[at.PRODUCED] + self.MORE)
        start, size = self._first % window, max(0, self._end - self._first)
        self._whole = not known or start + size > window
        if self._whole:
            self._first, self._end = settled, end
            data = segment.read(layout.receipts(index), window)
            if cleared:
                data = data[: cleared.start] + bytes(len(cleared)) + data[cleared.stop :]
            start = settled % window
            self._data = data[start:] + data[:start]
        else:
            self._data = segment.read(layout.receipts(index) + start, size)
        self.arrived = self.delivered + self._first - settled + self._data.count(1)

    def same(self, row: Sequence[int]) -> bool:
        """Return whether this row has neither been settled nor repaired since."""
        old = self._row
        closed = old[at.SETTLED] != row[at.SETTLED] or old[at.DELIVERED] != row[at.DELIVERED] or old[at.CLOSING]
        return not closed and old[at.PRODUCED] <= row[at.PRODUCED]

    def gap(self) -> int:
        """Return the first item that has no receipt yet."""
        found = self._data.find(0)
        gap = self._first + (found if found >= 0 else len(self._data))
        return max(self._row[at.SETTLED], min(gap, self._row[at.PRODUCED]))

    def missing(self, produced: int) -> int:
        """Return how many of the first `produced` items have no receipt and are not settled."""
        return self._data.count(0, 0, max(0, min(produced, self._end) - self._first))

    def lacks(self, sequence: int) -> bool:
        """Return whether an item that is not settled has no receipt."""
        place = sequence - self._first
        return 0 <= place < len(self._data) and not self._data[place]

    def suffices(self, produced: int) -> bool:
        """Return whether no receipt can have been missed, given that `produced` items exist by now."""
        return self._whole or produced < self._end
