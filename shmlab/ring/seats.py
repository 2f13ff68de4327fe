"""A seat in a ring: the right to be one of its producers or consumers, which ends with the process.

A seat is a row of the segment and a lock (flock) on the file of the row's own semaphore, `fence<row>`. The operating
system grants such a lock to one process only and releases it when the holder dies for any reason, so a seat whose
lock is free belongs to no live process. Process IDs are never trusted.

A lock on one byte of the segment's file (F_OFD_SETLK) would need no descriptor per seat, but sandboxes and kernels
before 3.15 refuse it; and all processes of a ring must use the same kind of lock.
"""

import fcntl
import os
from collections.abc import Iterable

from shmlab.memory import semaphores

GUARD = -1  # instead of a row: the lock that a side holds while it looks for dead peers
Locks = dict[int, int]  # a descriptor for each row, and one for the guard


def open_locks(ring: str, rows: Iterable[int], guard: str = "") -> Locks:
    """Open, but do not take, the locks of these rows of a ring; `guard` is the semaphore whose file is the guard lock.

    Raises FileNotFoundError if the ring has been closed, OSError.
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
    """Close the descriptors, which releases their locks unless a forked process also has them."""
    while locks:
        os.close(locks.popitem()[1])


def _open(ring: str, semaphore: str) -> int:
    return os.open(semaphores.path(ring, semaphore), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def lock(locks: Locks, row: int, wait: bool = False) -> bool:
    """Take the lock of a row or the guard; return False if it is taken (with `wait`: sleep until it is free)."""
    fd = locks[row]
    if wait:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return True
    while not _lock(fd, fcntl.LOCK_EX):
        if not _lock(fd, fcntl.LOCK_SH):
            return False
        # only a shared lock was in the way, as `taken` holds briefly: retry
    return True


def unlock(locks: Locks, row: int) -> None:
    """Release the lock of a row or the guard."""
    fcntl.flock(locks[row], fcntl.LOCK_UN)


def take(locks: Locks, rows: range) -> int | None:
    """Take the first free seat among `rows` and return its row; None if all are taken."""
    return next((row for row in rows if lock(locks, row)), None)


def taken(locks: Locks, row: int) -> bool:
    """Return whether a live process has this seat. Do not call it for your own seat: the check takes a shared lock."""
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
