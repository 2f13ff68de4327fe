"""A lock on one byte of a file: one process has it, and the operating system takes it back when that process dies.

It is fcntl's "open file description" lock (Linux 3.15): it belongs to the open file, is seen by every process that can
open the file, in whatever container, and needs no process number. A byte that is not locked belongs to nobody alive.

A process made by fork has the open file, too, and with it the lock, until it has closed the descriptor and whatever it
has mapped through it. So a segment is mapped through another open file (`open_again`), and a child closes this one.

Where a sandbox refuses it, fcntl's older lock does: both respect each other. But that one belongs to the process: it is
lost as soon as the process closes the file anywhere, and does not keep two parts of one process apart. So whoever
relies on a lock opens the segment once, and keeps it open.
"""

import errno
import fcntl
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO

OLDER = {fcntl.F_OFD_SETLK: fcntl.F_SETLK, fcntl.F_OFD_GETLK: fcntl.F_GETLK}
REFUSED = (errno.EINVAL, errno.ENOSYS, errno.EPERM)
TAKEN = (errno.EAGAIN, errno.EACCES)
_FLOCK = struct.Struct("hhqqi")  # struct flock of 64-bit Linux: type, whence, start, length, pid


def lock(fd: int, offset: int) -> bool:
    """Take the lock on the byte at `offset`; False where somebody else has it. Raises OSError."""
    try:
        _ask(fd, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, offset)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        return False
    return True


def unlock(fd: int, offset: int) -> None:
    """Give the lock on the byte at `offset` back. Raises OSError."""
    _ask(fd, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, offset)


def locked(fd: int, offset: int) -> bool:
    """Whether somebody else has the lock on the byte at `offset`. Raises OSError."""
    return _ask(fd, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, offset) != fcntl.F_UNLCK


def open_again(fd: int) -> "FileIO":
    """The same file for mappings, opened once more, without the locks of `fd`. It stays open as long as they do.

    Closing it would lose locks of the older kind. Raises OSError.
    """
    try:
        return open(f"/proc/self/fd/{fd}", "r+b", buffering=0)  # its name may be gone
    except OSError:  # no /proc here
        return open(os.dup(fd), "r+b", buffering=0)


def _ask(fd: int, command: int, kind: int, offset: int) -> int:
    """The type of lock that the kernel answers with."""
    asked = _FLOCK.pack(kind, os.SEEK_SET, offset, 1, 0)
    try:
        answer = fcntl.fcntl(fd, command, asked)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        answer = fcntl.fcntl(fd, OLDER[command], asked)
    return int(_FLOCK.unpack(answer)[0])
