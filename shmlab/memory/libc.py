"""Which C library this process runs on: shmlab reads its semaphores as files, so it must know how it keeps them."""

import errno
import os

from shmlab.memory.errors import NoRoom


def glibc() -> str:
    """The version of the GNU C library, such as "glibc 2.36"; empty where it is another one."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):  # the name is unknown elsewhere
        return ""


def check() -> None:
    """Raise NoRoom where the C library keeps semaphores in a way that shmlab does not know."""
    if not glibc():
        raise NoRoom(
            errno.ENOSYS,
            "shmlab needs the GNU C library (glibc); this Python uses another one, such as the musl of Alpine Linux. "
            "Use a system or an image with glibc, such as Debian, Ubuntu or Fedora.",
        )
