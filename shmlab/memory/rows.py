"""The rows of a segment: named access to the words of each, and who owns a row.

The owner, its workers, and guests in any language follow one rule:

1. Try to take the lock on the row's first byte; do not wait for it.
2. If the row's `role` is 0, the row is yours: fill in its words, `role` last. Otherwise release the lock.
3. Keep the lock for as long as you use the row. The operating system releases it when you die.

A row that the owner claims for a worker about to be started is locked by that worker as soon as it runs. Only
the owner stores 0 into `role` again, once nobody uses the row and its damage is repaired. So no row ever has two users,
and whether a row's user is alive is determined by its lock, never by a process number.
"""

import contextlib
import os
import struct

from shmlab.memory import byte_lock, layout as at
from shmlab.memory.segment import SegmentFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A row as bytes, for copying many at a time: its words up to the last that the owner writes, and its histogram.
COPIED = struct.Struct(f"<{at.LEAVE + 1}Q")
HISTOGRAM = slice(at.LATENCY * at.WORD, (at.LATENCY + at.LATENCY_BUCKETS) * at.WORD)
_FLOAT = struct.Struct("<d")


class _Word:
    """A descriptor for one word of a row, read and written in the segment."""

    __slots__ = ("_at",)

    def __init__(self, index: int) -> None:
        self._at = index * at.WORD

    def __get__(self, row: "Row", kind: "type[Row]") -> int:
        return row.file.word(row.offset + self._at)

    def __set__(self, row: "Row", value: int) -> None:
        row.file.set_word(row.offset + self._at, value)


class Row:
    """One row of a segment: `row.phase` reads a word, `row.quota = 5` writes one. See docs/layout.md for each.

    Anyone may create one: it is a view, and holds no lock. Every access raises OSError once `file` is closed.
    """

    __slots__ = ("file", "index", "offset")

    phase, pid, waits, holds = _Word(at.PHASE), _Word(at.PID), _Word(at.WAITS), _Word(at.HOLDS)
    slot, hand, produced, consumed = _Word(at.SLOT), _Word(at.HAND), _Word(at.PRODUCED), _Word(at.CONSUMED)
    received, corrupted, settled = _Word(at.RECEIVED), _Word(at.CORRUPTED), _Word(at.SETTLED)
    delivered, orders_done, parked = _Word(at.DELIVERED), _Word(at.ORDERS_DONE), _Word(at.PARKED)
    died, closing, role, number = _Word(at.DIED), _Word(at.CLOSING), _Word(at.ROLE), _Word(at.NUMBER)
    pattern, orders, quota, news = _Word(at.PATTERN), _Word(at.ORDERS), _Word(at.QUOTA), _Word(at.NEWS)
    base, leave = _Word(at.BASE), _Word(at.LEAVE)

    def __init__(self, file: SegmentFile, index: int) -> None:
        self.file, self.index, self.offset = file, index, at.row(index)

    @property
    def rate(self) -> float | None:
        """Items per second, or None for as fast as possible."""
        return rate_of(self.file.word(self.offset + at.RATE * at.WORD))

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self.file.set_word(self.offset + at.RATE * at.WORD, _bits(rate))

    @property
    def done(self) -> int:
        """All items that this row has ever put, or taken."""
        return self.produced if self.role == at.PRODUCER else self.consumed

    def words(self, count: int) -> list[int]:
        """Return the first `count` words, read at once."""
        return memoryview(self.file.read(self.offset, count * at.WORD)).cast("Q").tolist()

    def latencies(self) -> list[int]:
        """Return the histogram of the latencies of received items; see `layout.latency_of`."""
        found = self.file.read(self.offset + HISTOGRAM.start, HISTOGRAM.stop - HISTOGRAM.start)
        return memoryview(found).cast("Q").tolist()

    def claim(self, role: int, number: int, rate: float | None, pattern: int = 0, pid: int = 0) -> bool:
        """Claim a free row and fill in its words; return False if the row is taken. The lock is kept. Raises OSError.

        number: the 0 of "P0". rate: items per second, None for as fast as possible. pid: 0 if it is not started yet.
        When this returns, `role` is in memory before anything this process does next (a system call orders them), so
        an owner that begins a repair sees the row's new user, or that user sees the repair.
        """
        if not self.hold():
            return False
        if self.role:
            self.release()
            return False
        self.phase, self.pid, self.waits, self.holds, self.hand = at.STARTING, pid, 0, 0, 0
        self.number, self.rate, self.pattern = number, rate, pattern
        self.orders, self.quota, self.leave = self.orders_done, at.NO_QUOTA, 0
        self.base = self.produced if role == at.PRODUCER else self.consumed
        self.role = role  # last: from now on everyone sees its user
        return True

    def hold(self) -> bool:
        """Take the lock of the row, for as long as `file` is open; return False if another holder has it."""
        return byte_lock.lock(self.file.fd, self.offset)

    def release(self) -> None:
        """Release the lock of the row."""
        byte_lock.unlock(self.file.fd, self.offset)

    def held(self) -> bool:
        """Return whether another open file, and so a living process, has the lock of this row."""
        return byte_lock.locked(self.file.fd, self.offset)


def used(file: SegmentFile) -> "Iterator[Row]":
    """Return the rows that have ever been given to a worker."""
    return (Row(file, index) for index in range(min(file.word(at.ROWS_USED), file.layout.rows)))


def forget(file: SegmentFile) -> None:
    """In a process made by fork, close the inherited file, so that the parent's locks end with the parent."""
    fd, file.fd = file.fd, -1  # not by `close`: its lock may be held by a thread that does not exist in this process
    with contextlib.suppress(OSError):  # already closed
        os.close(fd)


def rate_of(word: int) -> float | None:
    """Return the rate that a word encodes: the bits of a float, or None if it is not above 0."""
    rate: float = _FLOAT.unpack(word.to_bytes(at.WORD, "little"))[0]
    return rate if rate > 0 else None


def _bits(rate: float | None) -> int:
    return int.from_bytes(_FLOAT.pack(rate or 0.0), "little")
