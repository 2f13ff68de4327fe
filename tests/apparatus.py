"""What the tests share: a condition to wait for, a buffer without processes, files planted in /dev/shm."""

import contextlib
import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from shmlab import strategies
from shmlab.experiments.exhibits import lifecycle
from shmlab.memory import buf, name_claim, segment, semaphores
from shmlab.memory.layout import Layout
from shmlab.strategies import Strategy

DIRECTORY = Path(segment.DIRECTORY)
LEFTOVER = re.compile(r"(?:sem\.)?(shmlab-[0-9a-f]{16})(?:\..+)?")
PROGRAMS = {  # what runs in processes of their own
    *("shmlab.worker.program", "shmlab.explorer.real.gated", "shmlab.experiments.comparison.bench"),
    *("shmlab.experiments.pipeline.stage", "shmlab.experiments.exhibits.command_loop"),
}
LOOK_AGAIN = 0.005  # seconds between two looks at a condition


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true value of `condition`; fails when there was none within `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {getattr(condition, '__name__', condition)}"
        time.sleep(LOOK_AGAIN)
    return value


def named(value: object) -> str:
    """A parameter as part of a test's name: its `repr` without an address, which is another one in each process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def watch(seconds: float) -> Iterator[float]:
    """The time that has passed, as often as a loop body can take it, for `seconds`."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed


# --- what belongs to these tests -----------------------------------------------------------------


def family() -> set[int]:
    """This process and all its descendants."""
    this = psutil.Process()
    return {this.pid, *(child.pid for child in this.children(recursive=True))}


def owner(name: str) -> int | None:
    """The process that made a segment, as bytes 32 to 39 of its header tell; None where there is none."""
    with contextlib.suppress(OSError):
        fd = os.open(DIRECTORY / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # a test may have planted a FIFO
        try:
            data = os.pread(fd, 8, 32) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
        finally:
            os.close(fd)
        return int.from_bytes(data, "little") or None
    return None


def entries() -> set[str]:
    """All that stands in /dev/shm under names of shmlab."""
    return {entry.name for entry in DIRECTORY.iterdir() if LEFTOVER.fullmatch(entry.name)}


def own_entries() -> set[str]:
    """Segments that this very process owns, and their semaphores."""
    return {entry for entry in entries() if owner(segment_of(entry)) == os.getpid()}


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def segment_of(entry: str) -> str:
    """The segment that an entry of /dev/shm belongs to."""
    match = LEFTOVER.fullmatch(entry)
    assert match
    return match[1]


def workers_of(name: str) -> list[int]:
    """The processes that work on a segment, by their command lines, which a process just started may not have yet."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if name in (process.info["cmdline"] or []) and "shmlab.worker.program" in process.info["cmdline"]:
            found.append(process.pid)
    return found


def alive(pid: int) -> bool:
    """Whether this process runs: it exists, and is no zombie. It may end at any moment, even while one looks."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def leftovers(before: set[str]) -> list[str]:
    """Segments, semaphores and workers of this process and its descendants, except for entries from `before`."""
    ours = family()
    found = [entry for entry in entries() - before if owner(segment_of(entry)) in ours]
    return sorted(found + [name for name, parent in programs() if parent in ours])


def orphans(before: set[str]) -> list[str]:
    """Segments, also those of lessons, semaphores and workers that no living process owns, except for `before`."""
    found = []
    for entry in entries() - before:
        pid = owner(segment_of(entry))
        if pid is None or not psutil.pid_exists(pid):
            found.append(entry)
    lessons = [entry.name for entry in DIRECTORY.iterdir() if lifecycle.NAME.fullmatch(entry.name)]
    found += [lesson for lesson in lessons if not os.path.lexists(name_claim.path(lesson))]
    return sorted(found + [name for name, parent in programs() if parent <= 1])


def programs() -> list[tuple[str, int]]:
    """The processes of shmlab on this machine: what to call each in a message, and its parent."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid", "status"]):
        if PROGRAMS & set(process.info["cmdline"] or []):
            found.append((f"process {process.pid} ({process.info['status']})", process.info["ppid"]))
    return found


# --- a buffer and nobody who uses it --------------------------------------------------------------


class Buffer:
    """A real segment with a strategy's variables and semaphores, mapped here; the test is the worker of any row."""

    def __init__(self, strategy: Strategy, capacity: int = 4, payload: int = 8, rows: int = 4, cap: int = 0) -> None:
        initial = strategy.shared(capacity)
        values = {name: value.value for name, value in initial.items() if isinstance(value, semaphores.Semaphore)}
        variables = {name: value for name, value in initial.items() if name not in values}
        self.strategy = strategy
        self.layout = Layout(
            strategy.name, tuple(variables), values, capacity, cap or capacity, payload, rows, strategy.unbounded
        )
        self.file = segment.create(self.layout)
        self.name = self.file.name
        for name, value in values.items():
            semaphores.create(self.name, name, value)
        self.segment = segment.attach(self.name)
        for i, value in enumerate(variables.values()):
            self.segment.signed[self.variable(i)] = value

    def variable(self, index: int) -> int:
        from shmlab.memory import layout as at

        return at.variable(index) // at.WORD

    def bind(self, row: int = 0, before: buf.Before | None = None) -> Any:
        """What a protocol text calls `buf`, for worker `row`."""
        return buf.bind(self.segment, row, before)

    def word(self, row: int, index: int) -> int:
        from shmlab.memory import layout as at

        return self.segment.words[at.row(row) // at.WORD + index]

    def set_word(self, row: int, index: int, value: int) -> None:
        from shmlab.memory import layout as at

        self.segment.words[at.row(row) // at.WORD + index] = value

    def close(self) -> None:
        segment.unlink(self.name)
        self.segment.close()
        self.file.close()

    def __enter__(self) -> "Buffer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def buffer(strategy: str = "semaphores", **sizes: int) -> Buffer:
    """A buffer for the strategy of that name."""
    return Buffer(strategies.find(strategy), **sizes)


@contextlib.contextmanager
def planted(data: bytes, mode: int = 0o600) -> Iterator[str]:
    """A file with these bytes under a segment's name, locked so that nobody takes it for a dead lab's."""
    name = f"shmlab-{os.urandom(8).hex()}"
    path, unseen = DIRECTORY / name, DIRECTORY / f"planted-{name}"
    fd = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.fchmod(fd, mode)
        os.write(fd, data)
        unseen.rename(path)  # only now, since a sweeper removes what nobody has locked
        yield name
    finally:
        path.unlink(missing_ok=True)
        os.close(fd)
