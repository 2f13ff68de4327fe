"""Which C library this process uses: shmlab reads its semaphores as files, so it must know their format."""

import errno
import os

from shmlab.memory.errors import NoRoom


def glibc() -> str:
    """Return the version of the GNU C library, such as "glibc 2.36"; empty if the C library is another one."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):  # the name is unknown in other C libraries
        return ""


def check() -> None:
    """Raise NoRoom if the C library stores semaphores in a format that shmlab does not know."""
    if not glibc():
        raise NoRoom(
            errno.ENOSYS,
            "shmlab needs the GNU C library (glibc); this Python uses another one, such as the musl of Alpine Linux. "
            "Use a system or an image with glibc, such as Debian, Ubuntu or Fedora.",
        )
