"""A POSIX named semaphore of the C library: open it by name, acquire it, release it, wait for it.

The standard library calls the C library's functions from C: `_multiprocessing.SemLock`, on which multiprocessing's
locks are built. In a Python that was built without it, this module calls the same functions through ctypes, which takes
nine times as long (`benchmarks/semaphores.py`). Either way the semaphore is the C library's, and processes that use
different ways share it.

`sleep`, the one way to wait for a limited time, always goes through ctypes, for two reasons. SemLock restarts an
interrupted wait once Python's signal handlers have run, so a signal could not make a waiting worker check its
owner's settings. And SemLock sleeps until a time of the wall clock: if the clock is set back by an hour
meanwhile, it sleeps for an hour. `sem_clockwait` uses the monotonic clock, which nobody can set.

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

COUNTING, MOST = 1, (1 << 31) - 1  # SemLock's number for a counting semaphore, and its maximum value
MONOTONIC = 1  # CLOCK_MONOTONIC
PAUSE = 500  # microseconds between two tries if the C library has no sem_clockwait (glibc has it from 2.30 on)
_library: "ctypes.CDLL | None" = None


def sleep(semaphore: "Named", seconds: float) -> bool:
    """Decrement; wait while the value is 0, up to `seconds` or until a signal arrives. Return whether it succeeded."""
    import ctypes

    end = time.monotonic() + seconds
    library = c_library()
    if not hasattr(library, "sem_clockwait"):
        return _poll(semaphore, end)
    until = (ctypes.c_long * 2)(int(end), int(end % 1 * 1e9))  # a struct timespec
    return not library.sem_clockwait(ctypes.c_void_p(semaphore.handle), MONOTONIC, until)


def _poll(semaphore: "Named", end: float) -> bool:
    """Do the same by polling, until `end` on the monotonic clock."""
    while not semaphore.acquire(False):
        if time.monotonic() >= end or c_library().usleep(PAUSE):  # a signal arrived
            return False
    return True


def c_library() -> "ctypes.CDLL":
    """Return the C library of this process."""
    global _library
    if _library is None:
        import ctypes  # imported here: a worker has loaded it already, and a script does not need it before

        library = ctypes.CDLL(None, use_errno=True)
        library.sem_open.restype = ctypes.c_void_p
        _library = library
    return _library


class ByCtypes:
    """An open semaphore for a Python without SemLock: the same methods through ctypes. `handle` is its address here."""

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
        """Decrement; return False if the value was 0 (and, with `block`, stayed 0 for `timeout` seconds)."""
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
        """Increment and wake a sleeper."""
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
    """Return the current value of `semaphore`."""
    if not isinstance(semaphore, ByCtypes):
        return semaphore._get_value()  # type: ignore[no-any-return]
    import ctypes

    found = ctypes.c_int()
    c_library().sem_getvalue(semaphore._address, ctypes.byref(found))
    return found.value


def open_named(name: str, kind: "Any" = Named) -> "Named":
    """Open the semaphore called `name`, such as "/shmlab-….mutex", as a `kind`. Raises FileNotFoundError, NoRoom."""
    libc.check()  # another C library would look for it under another name
    try:
        opened: Named = kind._rebuild(0, COUNTING, MOST, name)
    except FileNotFoundError as error:
        gone = "there is no semaphore of this name; if its file was removed, start the lab again"
        raise FileNotFoundError(error.errno, gone, name) from None
    return opened
