"""Shared memory as the textbook has it: create, attach, detach, unlink.

A name begins with a slash. The name and the memory live separate lives: `unlink` takes the name away; the memory stays
as long as a process has it mapped. These are the very functions that the processes of the lessons run.

Source: shm_overview(7); Silberschatz, Galvin, Gagne, "POSIX Shared Memory".
"""

import mmap
import os
from _posixshmem import shm_open, shm_unlink  # type: ignore[import-not-found]  # the C library's, by their own names


def create(name: str, size: int, mode: int = 0o600) -> mmap.mmap:
    """A new segment of `size` bytes, all zero, mapped. Raises FileExistsError if the name is taken."""
    fd = shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
    os.fchmod(fd, mode)  # exactly these rights: the umask has taken some away
    os.ftruncate(fd, size)
    memory = mmap.mmap(fd, size)
    os.close(fd)
    return memory


def attach(name: str, read_only: bool = False) -> mmap.mmap:
    """A segment that exists, mapped. Raises FileNotFoundError, PermissionError."""
    fd = shm_open(name, os.O_RDONLY if read_only else os.O_RDWR)
    size = os.fstat(fd).st_size
    memory = mmap.mmap(fd, size, access=mmap.ACCESS_READ if read_only else mmap.ACCESS_WRITE)
    os.close(fd)
    return memory


def resize(name: str, size: int) -> None:
    """Make a segment longer or shorter. What is mapped already stays as long as it was."""
    fd = shm_open(name, os.O_RDWR)
    os.ftruncate(fd, size)
    os.close(fd)


def detach(memory: mmap.mmap) -> None:
    """Take a segment out of this address space."""
    memory.close()


def unlink(name: str) -> None:
    """Take the name away. Raises FileNotFoundError if there is none."""
    shm_unlink(name)
