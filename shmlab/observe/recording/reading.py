"""A recorded run, read in full and checked before any of it is shown.

The lines are kept; a moment is built on demand, from the nearest earlier saved state.
"""

import os
import stat
import threading
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from shmlab.memory.errors import RecordingRefused
from shmlab.observe.events import KEPT, Event
from shmlab.observe.recording import file_format
from shmlab.observe.recording.codec import RecordedState
from shmlab.observe.recording.file_format import Wrong
from shmlab.observe.snapshot import Snapshot

APART = 256  # minimum moments from one saved state to the next;
LARGE = 1 << 16  # more, if the slots have more bytes than this
CURE = "Record one with `lab.record(file)`."


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen `seconds` after the recording began.

    `events` are all that had happened until then, `news` those that are new since the previous moment; their times
    are seconds since the lab's start. `output` is what the workers had printed.
    """

    seconds: float
    snapshot: Snapshot
    events: list[Event]
    news: list[Event]
    output: str


class Recording(Sequence[Moment]):
    """A recorded run: a sequence of moments. `at(seconds)` returns the moment at that time.

    `lab` and `machine` describe what was recorded, and where; `times` are the seconds of all moments, the first is 0;
    `curve` has occupied slots, items produced and items consumed at each. `cut` is a sentence if the recording has no
    end, else empty; `ended` says why it ended.
    """

    def __init__(self, data: bytes) -> None:
        *self._lines, rest = data.split(b"\n")
        if not file_format.is_beginning(data):
            raise RecordingRefused(f"this is not a recording of shmlab: it does not begin as one. {CURE}")
        if not self._lines:
            raise RecordingRefused(f"the recording was cut off in its first line. {CURE}")
        self.lab, self.machine = _header(self._lines.pop(0))
        self.cut, self.ended = "", ""
        self.times: list[float] = []
        self.curve: list[tuple[int, int, int]] = []
        self._events: list[Event] = []
        self._happened: list[int] = []  # the moment at which each event was seen
        self._outputs, self._printed = [""], [0]  # the output texts, and from which moment on each applies
        self._kept: dict[int, RecordedState] = {}  # the state before moment n
        self._lock = threading.Lock()
        self._read(data, rest)
        if not self.times:
            raise RecordingRefused(f"the recording holds no moment. {CURE}")
        self._next, self._state = 0, RecordedState()  # the next moment that `_state` would take

    def _read(self, data: bytes, rest: bytes) -> None:
        """Check every line once, in order."""
        state, began = RecordedState(), 0.0
        for number, line in enumerate(self._lines):
            told = file_format.parsed(line, number + 2)
            try:
                if "end" in told:
                    self._check_end(told, data, rest)
                    return
                if number % (APART * (1 + len(state.raw) // LARGE)) == 0:
                    self._kept[number] = state.copy()
                _take(state, told)
                self._hear(told, number)
            except Wrong as wrong:
                raise file_format.damaged(number + 2, str(wrong)) from None
            began = began if self.times else state.simple["time"]
            self.times.append(state.simple["time"] - began)
            self.curve.append(state.curve())
        until = f" It is played up to there, {self.times[-1]:.1f} s." if self.times else ""
        self.cut, self.ended = f"This recording has no end: it was cut off.{until}", "cut off"

    def _hear(self, told: dict[str, Any], number: int) -> None:
        """Store the events and the output of one moment."""
        events = told.get("events", [])
        if not isinstance(events, list):
            raise Wrong("what happened is not a list")
        for event in events:
            if not isinstance(event, list) or len(event) != 3:
                raise Wrong("something that happened is not told as it should be")
            seconds, kind, text = event
            seconds, kind = file_format.real(seconds, "a time"), file_format.text(kind, "a kind", 20)
            self._events.append(Event(seconds, kind, file_format.text(text, "what happened")))
            self._happened.append(number)
        if "output" in told:
            self._outputs.append(file_format.text(told["output"], "the output"))
            self._printed.append(number)

    def _check_end(self, told: dict[str, Any], data: bytes, rest: bytes) -> None:
        last = self._lines.pop()
        if len(self._lines) != len(self.times) or rest:
            raise Wrong("something follows the end")
        self.ended = file_format.text(told["end"], "why it ended")
        if told.get("moments") != len(self.times):
            raise Wrong("it counts another number of moments")
        if told.get("crc32") != zlib.crc32(data[: -len(last) - 1]):
            raise Wrong("its checksum does not fit, so a line before it was changed")

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self.times[-1]

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def __getitem__(self, index: int) -> Moment: ...
    @overload
    def __getitem__(self, index: slice) -> list[Moment]: ...
    def __getitem__(self, index: int | slice) -> Moment | list[Moment]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        known, heard = (bisect_right(self._happened, n) for n in (number - 1, number))
        events, news = self._events[max(0, heard - KEPT) : heard], self._events[known:heard]
        output = self._outputs[bisect_right(self._printed, number) - 1]
        return Moment(self.times[number], self._snapshot(number), events, news, output)

    def at(self, seconds: float) -> Moment:
        """Return the last moment that was not later than `seconds`."""
        return self[max(0, bisect_right(self.times, seconds) - 1)]

    def _snapshot(self, number: int) -> Snapshot:
        with self._lock:
            nearest = max(place for place in self._kept if place <= number)
            if not nearest <= self._next <= number + 1:  # else continuing from `_state` is shorter
                self._next, self._state = nearest, self._kept[nearest].copy()
            while self._next <= number:
                _take(self._state, file_format.parsed(self._lines[self._next], self._next + 2))
                self._next += 1
            return self._state.snapshot()

    def __str__(self) -> str:
        about = f"{self.lab['about']}: {len(self):,} moments over {self.seconds:.1f} s"
        return f"{about}, recorded on {self.machine.get('processor', 'a machine')}{'. ' * bool(self.cut)}{self.cut}"


def _take(state: RecordedState, told: dict[str, Any]) -> None:
    state.take(told.get("changed"), told.get("gone", []), told.get("slots", {}))


def _header(line: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what was recorded, and where."""
    told = file_format.parsed(line, 1)
    if told.get("version") != file_format.VERSION:
        raise RecordingRefused(
            f"the recording has version {str(told.get('version'))[:20]}, and this shmlab plays version "
            f"{file_format.VERSION}: use the shmlab that recorded it."
        )
    lab, machine = told.get("lab"), told.get("machine")
    try:
        if not isinstance(lab, dict) or not isinstance(machine, dict) or len(lab) > 100 or len(machine) > 100:
            raise Wrong("it tells neither lab nor machine")
        for name in ("title", "about"):
            file_format.text(lab.get(name), name)
        file_format.text(lab.setdefault("warning", ""), "warning")
        for name, value in machine.items():
            file_format.text(value, file_format.text(name, "a name"))
    except Wrong as wrong:
        raise file_format.damaged(1, str(wrong)) from None
    return lab, machine


def read(file: str | os.PathLike[str]) -> Recording:
    """Read a recording from its `file`. Raises RecordingRefused, which says what is wrong with it."""
    try:
        fd = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(fd, "rb") as opened:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                raise RecordingRefused(f"'{os.fspath(file)}' is not a file. {CURE}")
            if about.st_size > file_format.MOST_BYTES + file_format.SLACK:
                raise RecordingRefused(f"'{os.fspath(file)}' is too large: {file_format.MOST_BYTES >> 20} MiB at most.")
            data = opened.read(file_format.MOST_BYTES + file_format.SLACK)
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RecordingRefused(f"cannot read the recording '{file}': {reason}. {CURE}") from None
    try:
        return Recording(data)
    except RecordingRefused as error:
        raise RecordingRefused(f"'{os.fspath(file)}': {error}") from None
