"""Copies of a segment's rows. Those that have not changed since the last look are not decoded again.

Most rows are the same in two consecutive looks, since a view that draws looks sixty times a second.
"""

from bisect import bisect_left
from itertools import accumulate

from shmlab.memory import layout as at
from shmlab.memory.rows import COPIED, HISTOGRAM
from shmlab.memory.segment import SegmentFile

Row = tuple[int, ...]
HEAD = at.ROWS_AT  # bytes before the rows: the header, control words, shared variables


class Rows:
    """The header, control words, shared variables and the rows in use, copied by one read of at most `most` rows.

    `number` is how many rows there are to read. `rows` has the words of each, up to the last that the owner writes; for
    an unchanged row it has the same tuple as `known`.
    """

    __slots__ = ("_bytes", "_head", "capacity", "number", "raw", "rows", "variables")

    def __init__(self, segment: SegmentFile, most: int, known: "Rows | None") -> None:
        layout = segment.layout
        self.raw = raw = segment.read(0, HEAD + min(most, layout.rows) * at.ROW_SIZE)
        self._head = memoryview(raw)[:HEAD].cast("Q")
        self.number = number = min(self.word(at.ROWS_USED), layout.rows)
        shared = memoryview(raw)[at.SHARED_AT : HEAD].cast("q")
        self.variables = shared[:: at.LINE // at.WORD].tolist()[: len(layout.variables)]
        self.capacity = min(max(self.word(at.CAPACITY), layout.capacity), layout.cap)
        starts = range(HEAD, min(len(raw), HEAD + number * at.ROW_SIZE), at.ROW_SIZE)
        self._bytes = [raw[start : start + COPIED.size] for start in starts]
        self.rows: list[Row]
        if known and len(known.rows) == len(self._bytes):
            old = zip(self._bytes, known._bytes, known.rows, strict=True)
            self.rows = [row if now == before else COPIED.unpack(now) for now, before, row in old]
        else:
            self.rows = [*map(COPIED.unpack, self._bytes)]

    def column(self, word: int) -> list[int]:
        """Return one word of each row."""
        return [row[word] for row in self.rows]

    def total(self, word: int) -> int:
        """Return the sum of one word over all rows."""
        return sum([row[word] for row in self.rows])

    def used(self) -> list[int]:
        """Return the rows that have, or may have, receipts."""
        return [i for i, row in enumerate(self.rows) if row[at.PRODUCED] or row[at.ROLE] == at.PRODUCER]

    def produced(self, row: int) -> int:
        """Return how many items worker `row` had produced; 0 if it had no row yet."""
        return self.rows[row][at.PRODUCED] if row < len(self.rows) else 0

    def word(self, offset: int) -> int:
        """Return the control word at `offset`."""
        return self._head[offset // at.WORD]

    def motion(self) -> list[object]:
        """Return the values that change whenever an item moves."""
        return [self.variables, [(row[at.PRODUCED], row[at.CONSUMED], row[at.SLOT], row[at.HAND]) for row in self.rows]]


class Latencies:
    """The latency histogram summed over all rows: each histogram is one long integer, with one word as a digit.

    No count comes near 2⁶⁴, so no digit carries into the next, unless a row is damaged. A row's histogram is read
    again when its counts of items have changed; the worker stores the last of them after the histogram.
    """

    __slots__ = ("_counts", "_found", "_rows", "_total")

    def __init__(self) -> None:
        self._counts: list[tuple[int, int]] = []
        self._rows: list[int] = []
        self._total = 0
        self._found: tuple[float | None, float | None] = None, None

    def percentiles(self, rows: Rows) -> tuple[float | None, float | None]:
        """Return the median and the 99th percentile, in seconds."""
        counts = [(row[at.RECEIVED], row[at.CONSUMED]) for row in rows.rows]
        if counts == self._counts:
            return self._found
        more = len(counts) - len(self._counts)
        old = self._counts + [(0, 0)] * more
        self._rows += [0] * more
        for i, (now, before) in enumerate(zip(counts, old, strict=False)):
            if now != before:
                start = HEAD + i * at.ROW_SIZE
                number = int.from_bytes(rows.raw[start : start + at.ROW_SIZE][HISTOGRAM], "little")
                self._total += number - self._rows[i]
                self._rows[i] = number
        self._counts, self._found = counts, _percentiles(self._total)
        return self._found


def _percentiles(total: int) -> tuple[float | None, float | None]:
    size = HISTOGRAM.stop - HISTOGRAM.start
    words = memoryview(total.to_bytes(size + at.WORD, "little")[:size]).cast("Q")
    seen = list(accumulate(words))
    if not seen[-1]:
        return None, None
    return at.latency_of(bisect_left(seen, 0.5 * seen[-1])), at.latency_of(bisect_left(seen, 0.99 * seen[-1]))
