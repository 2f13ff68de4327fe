"""Named POSIX semaphores: counters that processes share, on which a process sleeps while the counter is zero.

Their names derive from the segment's: segment `shmlab-…`, semaphore `mutex` is `/shmlab-….mutex`.
Workers open them; the owner creates and unlinks them and otherwise only reads the value from the
semaphore's file, because opening a damaged semaphore would kill the process.
"""

import _signal  # type: ignore[import-not-found]  # the signal module takes 6 ms to load
import contextlib
import os
import sys
import time
from collections.abc import Mapping

from shmlab.memory import layout as at, posix_semaphore as semaphores
from shmlab.memory.segment import DIRECTORY, Segment
from shmlab.memory.semaphore_rules import LabSemaphore, patience, times

YIELDS = 20  # tries before sleeping: to sleep and be woken costs more than a short wait
FROZEN = at.FROZEN // at.WORD
SLICE = 0.04  # maximum seconds of one sleep: a signal that arrives just before it does not end it
SIZE = 16 if sys.maxsize < 1 << 32 else 32  # bytes of a semaphore (glibc's sem_t)
WAKE = 23  # SIGURG, ignored by default: the owner interrupts sleeps with it, in order to repair


class Frozen(BaseException):
    """Ends a waiting put or get because the owner is repairing. Not an Exception, so that no protocol catches it."""


def let_the_owner_wake() -> None:
    """Let `WAKE` interrupt this process's semaphore waits: each checks the owner's words, then resumes."""
    _signal.signal(WAKE, lambda _number, _frame: None)


class Semaphore:
    """A semaphore as declared in `shared`, with its initial `value`."""

    __slots__ = ("value",)

    def __init__(self, value: int = 0) -> None:
        self.value = value


def path(segment: str, semaphore: str) -> str:
    """Return the file in which Linux keeps the semaphore called `semaphore` of a `segment`."""
    return f"{DIRECTORY}/sem.{segment}.{semaphore}"


def create(segment: str, semaphore: str, value: int) -> None:
    """Create the named `semaphore` of a `segment` with this initial `value`, as `create_all` does."""
    create_all(segment, {semaphore: value})


def create_all(segment: str, values: Mapping[str, int]) -> None:
    """Create the named semaphores of a `segment` that is not published yet; `values` are initial values by name.

    The C library fills in the bytes (`sem_init`). All names are taken in a row, and before any file is filled, because
    the first reveals the others to a stranger; nobody opens them before the segment exists.
    Raises FileExistsError or OSError; some may exist by then.
    """
    import ctypes  # imported here: a worker has loaded it already, and a script does not need it before

    images = {}
    for name, value in values.items():
        images[path(segment, name)] = image = ctypes.create_string_buffer(SIZE)
        if semaphores.c_library().sem_init(image, 1, value):  # 1: shared between processes
            raise OSError(ctypes.get_errno(), f"{name} cannot start at {value}")
    opened: list[int] = []
    try:
        for file in images:
            opened.append(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        for fd, image in zip(opened, images.values(), strict=True):
            os.fchmod(fd, 0o600)  # regardless of the umask
            os.write(fd, image.raw)
    finally:
        for fd in opened:
            os.close(fd)


def value(segment: str, semaphore: str) -> int | None:
    """Return the current value of a segment's `semaphore`, read from its file; None if it is gone."""
    with contextlib.suppress(OSError):
        fd = os.open(path(segment, semaphore), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return int.from_bytes(os.pread(fd, 4, 0), "little")  # glibc: the low half of the first word
        finally:
            os.close(fd)
    return None


def reset(segment: str, semaphore: str, value: int) -> None:
    """Set the `value` of a segment's `semaphore`, with no sleepers, without opening it. Use only while nobody uses it.

    glibc on 64 bits keeps the value in the low half of the first word, and the number of sleepers in the high half.
    """
    fd = os.open(path(segment, semaphore), os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.pwrite(fd, value.to_bytes(8, "little"), 0)
    finally:
        os.close(fd)


class WorkerSemaphore(LabSemaphore):
    """The semaphore `name` of a segment, as one worker uses it; its `row` records what the worker waits for and holds.

    A semaphore that starts at 1 is regarded as a lock: between acquire and release the worker holds it.
    """

    __slots__ = ("_acquire", "_blocked", "_holds", "_named", "_release", "_state", "_tag", "_waits", "_words", "name")

    def __init__(self, segment: Segment, row: int, name: str) -> None:
        self.name = name
        self._named = named = semaphores.open_named(f"/{segment.name}.{name}")
        self._acquire, self._release, self._words = named.acquire, named.release, segment.words
        mine = at.row(row) // at.WORD
        self._waits, self._blocked, self._state = mine + at.WAITS, mine + at.BLOCKED, at.STATE // at.WORD
        self._tag = list(segment.layout.semaphores).index(name) + 1
        self._holds = mine + at.HOLDS if segment.layout.semaphores[name] == 1 else 0

    def acquire(self, blocking: bool = True, timeout: float | None = None, block: bool = True) -> bool:
        """Decrement; sleep while the value is 0, at most `timeout` seconds, and not at all if not `blocking`.

        Return whether it succeeded. `block`, multiprocessing's name for `blocking`, works too. Raises ArgumentError.
        """
        if blocking is True and timeout is None and block is True:
            if not self._acquire(False):
                self._wait()
        else:
            seconds = patience(blocking, timeout, block)
            if not self._acquire(False) and (seconds == 0 or not self._wait(seconds)):
                return False
        if self._holds:
            self._words[self._holds] = self._tag
        return True

    def release(self, n: int = 1) -> None:
        """Increment `n` times, one at a time, and wake as many sleepers. Raises ArgumentError."""
        if n != 1:
            for _ in range(times(n) - 1):
                self._release()
        if self._holds:
            self._words[self._holds] = 0
        self._release()

    @property
    def value(self) -> int:
        """The current value; it may have changed before you can act on it."""
        return semaphores.value(self._named)

    def _wait(self, seconds: float | None = None) -> bool:
        words = self._words
        words[self._waits] = self._tag
        began = time.monotonic_ns()
        tries = 0
        end = None if seconds is None else time.monotonic() + seconds
        got = True
        while True:
            left = SLICE if end is None else max(0.0, min(SLICE, end - time.monotonic()))
            if self._acquire(False) if tries < YIELDS else semaphores.sleep(self._named, left):
                break
            if end is not None and time.monotonic() >= end:
                got = False
                break
            tries += 1
            if tries < YIELDS:
                os.sched_yield()
            if words[self._state] == at.STOPPED:
                raise SystemExit
            if words[FROZEN]:
                words[self._waits] = 0
                raise Frozen
        words[self._blocked] += time.monotonic_ns() - began
        words[self._waits] = 0
        return got

    def __exit__(self, *_: object) -> None:
        self.release()

    wait = P = down = __enter__ = acquire
    signal = V = up = release
