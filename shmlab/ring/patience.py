"""Waiting on a semaphore for a limited time, measured by the clock that nobody can set.

SemLock's own `acquire(True, timeout)` computes a moment of the wall clock and sleeps until then: if the clock is set
back by an hour meanwhile, it sleeps for an hour. `sem_clockwait` of the C library takes the monotonic clock.
"""

import ctypes
import time
from collections.abc import Callable

from shmlab.semaphore import Named

MONOTONIC = 1  # CLOCK_MONOTONIC
PAUSE = 0.0005  # seconds between two looks, where the C library has no such call (glibc has it from 2.30 on)

_clockwait = getattr(ctypes.CDLL(None), "sem_clockwait", None)


class Timespec(ctypes.Structure):
    """C's struct timespec."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def within(semaphore: Named) -> Callable[[float], bool]:
    """A function that takes one from the semaphore, and gives up after that many seconds: whether it took one.

    A signal ends the wait early, as if the time were over.
    """
    handle = ctypes.c_void_p(semaphore.handle)

    def take(seconds: float) -> bool:
        end = time.monotonic() + seconds
        moment = Timespec(int(end), int(end % 1 * 1e9))
        taken: bool = _clockwait(handle, MONOTONIC, ctypes.byref(moment)) == 0  # type: ignore[misc]
        return taken and semaphore is not None  # which keeps it open

    def poll(seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not semaphore.acquire(False):
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE)
        return True

    return take if _clockwait else poll
