"""Records a running lab into a file, from a thread of its own, twenty times a second.

It never holds the lab up: it takes snapshots as any observer does, and whatever goes wrong with the file (a full disk,
above all) ends the recording, with a sentence in the lab's log. A recording has a bound, too: an hour, and 64 MiB.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from shmlab.memory import layout as at
from shmlab.memory.errors import ArgumentError, LabStopped
from shmlab.observe.events import Event, EventLog
from shmlab.observe.recording import file_format
from shmlab.observe.recording.writing import Writing
from shmlab.observe.snapshot import Snapshot
from shmlab.processes.at_exit import at_exit
from shmlab.processes.host import machine

if TYPE_CHECKING:
    from shmlab.strategies import Strategy

EVERY = 0.05  # seconds from one moment to the next;
SHARE = 9  # more, where taking one takes long: it rests so many times as long as it works
PATIENCE = 5.0  # seconds that `stop` waits for the last line; a disk that hangs is left to itself
BEGINNING = 100  # bytes by which a recording is known


class RecordedLab(Protocol):
    """What a recorder needs of a lab: the settings that its first line tells, and what happens while it runs."""

    strategy: Strategy
    slots: int
    pattern: str
    payload: int

    @property
    def running(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def warning(self) -> str | None: ...
    @property
    def produce_rate(self) -> float | None: ...
    @property
    def consume_rate(self) -> float | None: ...
    @property
    def slow_motion(self) -> float: ...
    @property
    def events(self) -> list[Event]: ...
    @property
    def log(self) -> EventLog: ...
    @property
    def output(self) -> str: ...
    def snapshot(self) -> Snapshot: ...


class Recorder:
    """A recording that is being made; it has begun. `stop()` ends it, or the end of its `with`; so does the lab's end.

    `file` is where it goes, `ended` why it ended, None while it goes on.
    Raises ArgumentError for a file that cannot be written, or is something else than a recording; LabStopped.
    """

    def __init__(self, lab: RecordedLab, file: str | os.PathLike[str]) -> None:
        if not lab.running:
            raise LabStopped("only a running lab can be recorded: call start(), or use it as `with Lab(...) as lab:`.")
        self._fd, self.file = _opened(file), os.fspath(file)
        self.ended: str | None = None
        self._lab, self._name = lab, lab.name
        self._writing = Writing()
        self._last: Event | None = None
        self._good = self._longest = 0
        self._ending = threading.Event()
        try:
            self._write(self._writing.header(_about(lab), machine()))
            self._add()  # so that there is a moment, however soon it ends
        except OSError as error:
            os.close(self._fd)
            raise ArgumentError(f"cannot record into '{self.file}': {error.strerror}.") from None
        except BaseException:
            os.close(self._fd)
            raise
        self._forget = at_exit(self.stop)
        self._thread = threading.Thread(target=self._run, name="shmlab-recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the recording here. Twice is once."""
        self._ending.set()
        self._thread.join(PATIENCE)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def seconds(self) -> float:
        """How long the recording is until now."""
        return self._writing.seconds

    @property
    def size(self) -> int:
        """How many bytes it has until now."""
        return self._writing.size

    def __repr__(self) -> str:
        state = "is being recorded" if self.ended is None else self.ended
        return f"<Recorder: '{self.file}', {self.seconds:.1f} s, {self.size:,} bytes, {state}>"

    # --- in the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        why = "it was interrupted"
        try:
            why = self._watch()
            self._write(self._writing.end(why))
        except Exception as error:  # a full disk, most of all: it must not end the lab
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._good)  # away with half a line
        finally:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._forget()
            self._lab.log.note("info", f"Recorded {self.seconds:.1f} s into '{self.file}': {why}.")
            self.ended = why  # last: whoever sees it finds all that is told, and the file closed

    def _watch(self) -> str:
        """Write one moment after the other. Gives the reason for the end."""
        wait = EVERY
        while True:
            asked = self._ending.wait(wait)
            running = self._lab.running and self._name == self._lab.name
            began = time.monotonic()
            self._add()
            if asked or not running:
                return "stopped" if asked and running else "the lab ended"
            if self._writing.size > file_format.MOST_BYTES - file_format.SLACK - self._longest:
                return f"a recording has at most {file_format.MOST_BYTES >> 20} MiB"
            if self.seconds > file_format.MOST_SECONDS:
                return f"a recording has at most {file_format.MOST_SECONDS / 60:g} minutes"
            wait = max(EVERY, SHARE * (time.monotonic() - began))

    def _add(self) -> None:
        snapshot = self._lab.snapshot()
        if snapshot.name == self._name:  # not that of a lab that was started again
            line = self._writing.moment(snapshot, self._news(), self._lab.output)
            self._write(line)
            self._longest = max(self._longest, len(line))

    def _news(self) -> list[Event]:
        """The events since the last moment."""
        events = list(self._lab.events)
        known = next((i for i in range(len(events) - 1, -1, -1) if events[i] is self._last), -1)
        self._last = events[-1] if events else None
        return events[known + 1 :]

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            left = left[os.write(self._fd, left) :]
        self._good += len(line)


def _opened(file: object) -> int:
    """A descriptor of the file, locked and empty. Raises ArgumentError."""
    try:
        path = os.fspath(file)  # type: ignore[call-overload]
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
    except (OSError, TypeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArgumentError(f"cannot record into {file!r}: {reason}. Name a file in a folder that is yours.") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ArgumentError(f"cannot record into '{path}': it is not a file. Name one that is not there yet.")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        beginning = os.pread(fd, BEGINNING, 0)
        if beginning and not file_format.is_beginning(beginning):
            raise ArgumentError(f"'{path}' is something else than a recording, and stays. Name another file.")
        os.ftruncate(fd, 0)
    except BlockingIOError:
        os.close(fd)
        raise ArgumentError(f"'{path}' is being recorded into already. Name another file.") from None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _about(lab: RecordedLab) -> dict[str, Any]:
    """The lab's shape, as the first line tells it."""
    title = lab.strategy.title
    counts = [sum(w.role == role for w in lab.snapshot().workers) for role in at.ROLES.values()]
    people = [f"{n} {role}{'s' * (n != 1)}" for n, role in zip(counts, at.ROLES.values(), strict=True)]
    return {
        "title": title[0].upper() + title[1:],
        "about": f"{lab.strategy.name}, {lab.slots} slots, {', '.join(people)}",
        "warning": lab.warning or "",
        "strategy": lab.strategy.name,
        "slots": lab.slots,
        "producers": counts[0],
        "consumers": counts[1],
        "produce_rate": lab.produce_rate,
        "consume_rate": lab.consume_rate,
        "pattern": lab.pattern,
        "payload": lab.payload,
        "slow_motion": lab.slow_motion,
    }
