"""Shared memory as the textbook has it: create, attach, detach, unlink.

A name begins with a slash. The name and the memory live separate lives: `unlink` takes the name away; the memory stays
as long as a process has it mapped. These are the very functions that the processes of the lessons run.

Source: shm_overview(7); Silberschatz, Galvin, Gagne, "POSIX Shared Memory".
"""

import mmap
import os

import posix_ipc


def create(name: str, size: int, mode: int = 0o600) -> mmap.mmap:
    """A new segment of `size` bytes, all zero, mapped. Raises posix_ipc.ExistentialError if the name is taken."""
    segment = posix_ipc.SharedMemory(name, posix_ipc.O_CREX, mode, size)
    os.fchmod(segment.fd, mode)  # exactly these rights: the umask has taken some away
    memory = mmap.mmap(segment.fd, size)
    segment.close_fd()
    return memory


def attach(name: str, read_only: bool = False) -> mmap.mmap:
    """A segment that exists, mapped. Raises posix_ipc.ExistentialError, posix_ipc.PermissionsError."""
    segment = posix_ipc.SharedMemory(name, read_only=read_only)
    memory = mmap.mmap(segment.fd, segment.size, access=mmap.ACCESS_READ if read_only else mmap.ACCESS_WRITE)
    segment.close_fd()
    return memory


def resize(name: str, size: int) -> None:
    """Make a segment longer or shorter. What is mapped already stays as long as it was."""
    segment = posix_ipc.SharedMemory(name)
    os.ftruncate(segment.fd, size)
    segment.close_fd()


def detach(memory: mmap.mmap) -> None:
    """Take a segment out of this address space."""
    memory.close()


def unlink(name: str) -> None:
    """Take the name away. Raises posix_ipc.ExistentialError if there is none."""
    posix_ipc.unlink_shared_memory(name)
