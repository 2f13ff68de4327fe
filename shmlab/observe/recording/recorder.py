"""Record a running lab into a file, from a separate thread, twenty times a second.

It never delays the lab: it takes snapshots as any observer does, and any failure to write the file (above all, a full
disk) ends the recording, with a sentence in the lab's log. A recording is limited, too: to an hour, and to 64 MiB.
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
SHARE = 9  # longer if a moment takes long: it rests this many times as long as it works
PATIENCE = 5.0  # seconds that `stop` waits for the last line; it does not wait longer for a hanging disk
BEGINNING = 100  # bytes needed to recognise a recording


class RecordedLab(Protocol):
    """What a recorder needs from a lab: the settings for the first line, and what happens while it runs."""

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
    """A recording in progress, begun on creation. It ends with `stop()`, at the end of its `with`, or with the lab.

    `file` is where it goes, `ended` why it ended, None while it continues.
    Raises ArgumentError for a file that cannot be written, or that is not a recording; LabStopped.
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
        """End the recording. Calling it twice is harmless."""
        self._ending.set()
        self._thread.join(PATIENCE)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def seconds(self) -> float:
        """The length of the recording so far, in seconds."""
        return self._writing.seconds

    @property
    def size(self) -> int:
        """The size of the recording so far, in bytes."""
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
                os.ftruncate(self._fd, self._good)  # remove an incomplete line
        finally:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._forget()
            self._lab.log.note("info", f"Recorded {self.seconds:.1f} s into '{self.file}': {why}.")
            self.ended = why  # last: a thread that sees it finds the log complete and the file closed

    def _watch(self) -> str:
        """Write one moment after another. Return the reason for the end."""
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
        if snapshot.name == self._name:  # not that of a restarted lab
            line = self._writing.moment(snapshot, self._news(), self._lab.output)
            self._write(line)
            self._longest = max(self._longest, len(line))

    def _news(self) -> list[Event]:
        """Return the events since the last moment."""
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
    """Return a descriptor of the file, locked and empty. Raises ArgumentError."""
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
    """Return the lab's shape, for the first line."""
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
