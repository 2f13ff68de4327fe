"""A lock on one byte of a file: one process has it, and the operating system takes it back when that process dies.

It is fcntl's "open file description" lock: it belongs to whoever has the open file, is seen by every process that can
open the file, in whatever container, and needs no process number. A byte that is not locked belongs to nobody alive.
"""

import fcntl
import os
import struct

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
