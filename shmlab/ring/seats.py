"""A seat in a ring: the right to be one of its producers or consumers, which ends with the process.

A seat is a row of the segment and a lock (flock) on the file of the row's own semaphore, `fence<row>`. The operating
system gives such a lock to one only, and takes it back when its holder dies, however that happens: so a seat whose
lock is free belongs to nobody alive. No process number is ever trusted.

A lock of one byte of the segment's file (F_OFD_SETLK) would need no descriptor for each seat, but sandboxes and kernels
before 3.15 refuse it; and all processes of a ring have to use the same kind.
"""

import fcntl
import os
from collections.abc import Iterable

from shmlab.memory import semaphores

GUARD = -1  # in place of a row: the lock behind which a side looks for its dead
Locks = dict[int, int]  # a descriptor for each row, and one for the guard


def open_locks(ring: str, rows: Iterable[int], guard: str = "") -> Locks:
    """The locks of these rows of a ring, opened, not taken; `guard` is the semaphore whose file is the guard's.

    Raises FileNotFoundError where the ring has been closed, OSError.
    """
    locks: Locks = {}
    try:
        for row in rows:
            locks[row] = _open(ring, f"fence{row}")
        if guard:
            locks[GUARD] = _open(ring, guard)
    except BaseException:
        close_locks(locks)
        raise
    return locks


def close_locks(locks: Locks) -> None:
    """Give the descriptors back, and what is locked, unless a process made by fork has them, too."""
    while locks:
        os.close(locks.popitem()[1])


def _open(ring: str, semaphore: str) -> int:
    return os.open(semaphores.path(ring, semaphore), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def lock(locks: Locks, row: int, wait: bool = False) -> bool:
    """Take the lock of a row, or of the guard; False where somebody has it (with `wait`: sleep until it is free)."""
    fd = locks[row]
    if wait:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return True
    while not _lock(fd, fcntl.LOCK_EX):
        if not _lock(fd, fcntl.LOCK_SH):
            return False
        # whoever was in the way only looked, as `taken` does, and is about to be done
    return True


def unlock(locks: Locks, row: int) -> None:
    """Give the lock of a row, or of the guard, back."""
    fcntl.flock(locks[row], fcntl.LOCK_UN)


def take(locks: Locks, rows: range) -> int | None:
    """Take the first free seat among `rows`; None where all are in use."""
    return next((row for row in rows if lock(locks, row)), None)


def taken(locks: Locks, row: int) -> bool:
    """Whether somebody alive has this seat. Not for a seat of one's own: to look at a lock is to share it."""
    if not _lock(locks[row], fcntl.LOCK_SH):
        return True
    unlock(locks, row)
    return False


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
