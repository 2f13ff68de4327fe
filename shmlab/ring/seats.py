"""A seat in a ring: the right to be one of its producers or consumers, which ends with the process.

A seat is a row of the segment and a lock on one byte of the segment's file. The operating system gives such a
lock (fcntl's "open file description" lock) to one only, and takes it back when its holder dies, however that
happens: so a seat whose byte is free belongs to nobody alive. No process number is ever trusted.
"""

import fcntl
import os
import struct

from shmlab import layout as at

_FLOCK = struct.Struct("hhqqi")  # struct flock of 64-bit Linux: type, whence, start, length, pid


def lock(fd: int, offset: int, wait: bool = False) -> bool:
    """Take the lock on the byte at `offset`; False where somebody else has it (with `wait`: sleep until it is free)."""
    command = fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK
    try:
        fcntl.fcntl(fd, command, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True


def unlock(fd: int, offset: int) -> None:
    """Give the lock on the byte at `offset` back."""
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, offset, 1, 0))


def locked(fd: int, offset: int) -> bool:
    """Whether somebody else has the lock on the byte at `offset`."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0)
    told: int = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_OFD_GETLK, asked))[0]
    return told != fcntl.F_UNLCK


def take(fd: int, rows: range) -> int | None:
    """Take the first free seat among `rows`; None where all are in use."""
    return next((row for row in rows if lock(fd, at.row(row))), None)


def taken(fd: int, row: int) -> bool:
    """Whether somebody else, alive, has this seat."""
    return locked(fd, at.row(row))
