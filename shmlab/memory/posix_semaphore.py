"""A POSIX named semaphore as the C library has it: open it by name, take one, give one back, sleep until there is one.

The standard library calls the C library's functions from C: `_multiprocessing.SemLock`, what multiprocessing's locks
are made of. A Python that was built without it calls the same functions through ctypes, which costs nine times as much
(`benchmarks/semaphores.py`). Either way the semaphore is the C library's, and processes that use different ways share
it.

`sleep`, the one way to wait for a limited time, always goes through ctypes, for two reasons. SemLock begins an
interrupted wait again once Python's signal handlers have run, so a worker that waits could not be woken by a signal to
look at what its owner wants. And SemLock sleeps until a moment of the wall clock: if the clock is set back by an hour
meanwhile, it sleeps for an hour. `sem_clockwait` takes the monotonic clock, which nobody can set.

Source: sem_overview(7), sem_wait(3), sem_clockwait(3); CPython, Modules/_multiprocessing/semaphore.c.
"""

import os
import time

from shmlab.memory import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    from typing import Any, Self

__all__ = ["Named", "c_library", "open_named", "sleep", "value"]

COUNTING, MOST = 1, (1 << 31) - 1  # SemLock's number for a semaphore that counts, and how far
MONOTONIC = 1  # CLOCK_MONOTONIC
PAUSE = 500  # microseconds between two looks, where the C library has no sem_clockwait (glibc has it from 2.30 on)
_library: "ctypes.CDLL | None" = None


def sleep(semaphore: "Named", seconds: float) -> bool:
    """Take one; sleep while there is none, until so many seconds have passed or a signal comes. Whether it got one."""
    import ctypes

    end = time.monotonic() + seconds
    library = c_library()
    if not hasattr(library, "sem_clockwait"):
        return _poll(semaphore, end)
    until = (ctypes.c_long * 2)(int(end), int(end % 1 * 1e9))  # a struct timespec
    return not library.sem_clockwait(ctypes.c_void_p(semaphore.handle), MONOTONIC, until)


def _poll(semaphore: "Named", end: float) -> bool:
    """The same, until that moment of the monotonic clock, by looking again and again."""
    while not semaphore.acquire(False):
        if time.monotonic() >= end or c_library().usleep(PAUSE):  # a signal came
            return False
    return True


def c_library() -> "ctypes.CDLL":
    """The C library of this process."""
    global _library
    if _library is None:
        import ctypes  # which a worker has loaded, and a script does not need before

        library = ctypes.CDLL(None, use_errno=True)
        library.sem_open.restype = ctypes.c_void_p
        _library = library
    return _library


class ByCtypes:
    """An open semaphore where Python has no SemLock: its methods, through ctypes. `handle` is its address here."""

    def __init__(self, name: str) -> None:
        import ctypes

        self.handle: int = c_library().sem_open(os.fsencode(name), 0) or 0
        if not self.handle:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
        self._address = ctypes.c_void_p(self.handle)
        self._take, self._give, self._close = c_library().sem_trywait, c_library().sem_post, c_library().sem_close

    @classmethod
    def _rebuild(cls, _handle: int, _kind: int, _most: int, name: str) -> "Self":
        return cls(name)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take one; False if there was none, or none within `timeout` seconds."""
        if not self._take(self._address):
            return True
        if not block:
            return False
        end = None if timeout is None else time.monotonic() + timeout
        while not sleep(self, 1.0 if end is None else max(0.0, min(1.0, end - time.monotonic()))):
            if end is not None and time.monotonic() >= end:
                return False
        return True

    def release(self) -> None:
        """Give one back and wake a sleeper."""
        self._give(self._address)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        if self.handle:
            self._close(self._address)


try:
    from _multiprocessing import SemLock as Named  # type: ignore[import-not-found]
except ImportError:
    Named = ByCtypes


def value(semaphore: "Named") -> int:
    """How many there are at this moment."""
    if not isinstance(semaphore, ByCtypes):
        return semaphore._get_value()  # type: ignore[no-any-return]
    import ctypes

    found = ctypes.c_int()
    c_library().sem_getvalue(semaphore._address, ctypes.byref(found))
    return found.value


def open_named(name: str, kind: "Any" = Named) -> "Named":
    """The semaphore called `name`, such as "/shmlab-….mutex", as one of `kind`. Raises FileNotFoundError, NoRoom."""
    libc.check()  # elsewhere it would be looked for under another name
    try:
        opened: Named = kind._rebuild(0, COUNTING, MOST, name)
    except FileNotFoundError as error:
        gone = "there is no semaphore of this name; if its file was removed, start the lab again"
        raise FileNotFoundError(error.errno, gone, name) from None
    return opened
