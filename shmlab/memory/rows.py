"""Whose a row of a lab's segment is. One rule for the owner, its workers, and guests in any language:

1. Take the lock on the row's first byte; do not wait for it.
2. If the row's `role` is 0, the row is yours: fill in its words, `role` last. Otherwise give the lock back.
3. Keep the lock for as long as you use the row. The operating system takes it back when you die.

A row that the owner claims for a worker which it is about to start is locked by that worker as soon as it runs. Only
the owner stores 0 into `role` again, once nobody uses the row and its damage is repaired. So no row ever has two users,
and whether a row's user lives is told by its lock, never by a process number.
"""

import contextlib
import os
import struct

from shmlab.memory import byte_lock, layout as at
from shmlab.memory.segment import SegmentFile


def claim(
    file: SegmentFile, row: int, role: int, number: int, rate: float | None, pattern: int = 0, pid: int = 0
) -> bool:
    """Claim a free row and fill in its words; False where somebody has it. The lock is kept. Raises OSError.

    number: the 0 of "P0". rate: items per second, None for as fast as possible. pid: 0 for a process to be. When this
    returns, `role` is in memory before whatever this process does next (a system call orders them), so an owner that
    begins a repair sees the row's new user, or that user sees the repair.
    """
    if not hold(file, row):
        return False
    base = at.row(row)
    if file.word(base + at.ROLE * at.WORD):
        release(file, row)
        return False
    settings = {
        at.PHASE: at.STARTING,
        at.PID: pid,
        at.WAITS: 0,
        at.HOLDS: 0,
        at.HAND: 0,
        at.NUMBER: number,
        at.RATE: bits(rate),
        at.PATTERN: pattern,
        at.ORDERS: file.word(base + at.ORDERS_DONE * at.WORD),
        at.QUOTA: at.NO_QUOTA,
        at.BASE: file.word(base + (at.PRODUCED if role == at.PRODUCER else at.CONSUMED) * at.WORD),
        at.LEAVE: 0,
        at.ROLE: role,  # last: from now on everybody sees its user
    }
    for word, value in settings.items():
        file.set_word(base + word * at.WORD, value)
    return True


def hold(file: SegmentFile, row: int) -> bool:
    """Take the lock of a row, for as long as `file` is open; False where somebody else has it."""
    return byte_lock.lock(file.fd, at.row(row))


def release(file: SegmentFile, row: int) -> None:
    """Give the lock of a row back."""
    byte_lock.unlock(file.fd, at.row(row))


def forget(file: SegmentFile) -> None:
    """In a process made by fork: keep no part of the parent's locks, so that they end with the parent."""
    fd, file.fd = file.fd, -1  # not by `close`: a thread that is not here any more may have been using it
    with contextlib.suppress(OSError):  # closed already
        os.close(fd)


def held(file: SegmentFile, row: int) -> bool:
    """Whether another open file, and so somebody alive, has the lock of this row."""
    return byte_lock.locked(file.fd, at.row(row))


def bits(rate: float | None) -> int:
    """A rate as a word: the bits of a float, 0 for as fast as possible."""
    return int.from_bytes(struct.pack("<d", rate or 0.0), "little")
