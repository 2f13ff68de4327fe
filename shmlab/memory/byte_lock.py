"""A lock on one byte of a file, held by one process at a time; the operating system releases it when the holder dies.

It is fcntl's "open file description" lock (Linux 3.15): it belongs to the open file, is visible to every process that
can open the file, in whatever container, and needs no process number. An unlocked byte has no living holder.

A process made by fork shares the open file and therefore the lock, until it has closed the descriptor and everything
it has mapped through it. So a segment is mapped through another open file (`open_again`), and a child closes this one.

Where a sandbox refuses it, fcntl's older record lock takes its place; the two kinds respect each other. But the older
one belongs to the process: it is lost as soon as the process closes the file anywhere, and it does not exclude other
parts of the same process. So code that relies on a lock opens the segment once and keeps it open.
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
    """Take the lock on the byte at `offset`; return False if another holder has it. Raises OSError."""
    try:
        _ask(fd, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, offset)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        return False
    return True


def unlock(fd: int, offset: int) -> None:
    """Release the lock on the byte at `offset`. Raises OSError."""
    _ask(fd, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, offset)


def locked(fd: int, offset: int) -> bool:
    """Return whether another holder has the lock on the byte at `offset`. Raises OSError."""
    return _ask(fd, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, offset) != fcntl.F_UNLCK


def open_again(fd: int) -> "FileIO":
    """Open the file of `fd` once more, for mappings, without its locks. Keep it open as long as they exist.

    Closing it would release locks of the older kind. Raises OSError.
    """
    try:
        return open(f"/proc/self/fd/{fd}", "r+b", buffering=0)  # via /proc: the file's name may be gone
    except OSError:  # /proc is not available
        return open(os.dup(fd), "r+b", buffering=0)


def _ask(fd: int, command: int, kind: int, offset: int) -> int:
    """Return the lock type in the kernel's answer."""
    asked = _FLOCK.pack(kind, os.SEEK_SET, offset, 1, 0)
    try:
        answer = fcntl.fcntl(fd, command, asked)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        answer = fcntl.fcntl(fd, OLDER[command], asked)
    return int(_FLOCK.unpack(answer)[0])
