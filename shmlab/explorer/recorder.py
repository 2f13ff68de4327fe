"""Where a process stands while it runs: for each active call, its mark, its locals there, and what it read since.

Whatever waits on Python's evaluation stack at a step was computed, since the current statement began, from the
locals at its beginning and from the values read since then. So these together *are* the local state. A helper's
reads are its own; its caller sees what came back and what became of the caller's locals.
"""

import sys
import time
from collections.abc import Hashable
from types import CodeType, FrameType, FunctionType
from typing import Any

from shmlab.explorer import marking
from shmlab.explorer.errors import EndlessLoop
from shmlab.explorer.freezing import MARKED, Handle, Opaque, freeze

PATIENCE = 1.5  # seconds that a process may take from one step to the next
LOOK = 256  # marks between two looks at the clock
STALE = object()  # the place of a call whose mark is known to be passed before the run ends
Known = tuple[int, frozenset[int]]  # of an earlier run: how many marks it passed, and which of them it stands at


class Suspend(BaseException):
    """Ends a run at its next access. Not an Exception: no program catches it by accident."""


class Call:
    """One active call of a marked function. `place` is None where its locals cannot be frozen."""

    __slots__ = ("code", "frame", "held", "mark", "place", "since")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.frame: FrameType | None = None
        self.mark = 0  # which mark of the run it stands at
        self.place: Hashable = ()
        self.since: list[Hashable] = []
        self.held: dict[int, object] = {}


class Note(Handle):
    """What a consumer calls with each thing that get has returned."""

    __slots__ = ("_recorder",)
    _name = "taken"

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder

    def __call__(self, item: object) -> None:
        self._recorder.taken.append(item)


class Recorder:
    """Keeps the active calls of the run that is going on; its methods are the markers."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.reads: list[Hashable] = []
        self.taken: list[object] = []  # what get has returned so far, in a consumer
        self.endless: EndlessLoop | None = None
        self.over = False  # the run has reached its access: whatever the program still does is void
        self._marks, self._end = LOOK, 0.0
        self._passed, self._known = 0, (0, frozenset[int]())
        self._copies: dict[object, Any] = {}

    def begin(self, known: Known) -> None:
        """A run begins that starts like an earlier one. Its marks need not be looked at again, but for those where
        the earlier run stood in the end."""
        self._passed, self._known = 0, known
        self.calls, self.reads, self.taken = [], [], []
        self._marks, self._end, self.endless, self.over = LOOK, 0.0, None, False

    def marked(self, function: object) -> FunctionType:
        """The marked copy of a function, which reports here. Raises CannotFollow."""
        markers = {"__here__": self.here, "__hold__": self.hold, "__tick__": self.tick}
        return marking.copy_of(function, markers, self.track, self._copies)

    def here(self, mark: int, held: tuple[int, ...]) -> bool:
        """The process is at this mark; the loops and managers in `held` are around it."""
        self._marks -= 1
        if self.over or self._marks <= 0:
            self.tick()
        call = self.calls[-1]
        if call.since:
            call.since = []
        call.mark = self._passed = self._passed + 1
        if call.mark <= self._known[0] and call.mark not in self._known[1]:
            call.place = STALE
            return False
        frame = call.frame = sys._getframe(1)
        if call.held:
            call.held = {number: call.held[number] for number in held if number in call.held}
        try:
            around = tuple([(number, freeze(thing)) for number, thing in call.held.items()])
            call.place = (mark, freeze(dict(frame.f_locals)), around)
        except Opaque:
            call.place = None
        return False

    def hold(self, number: int, thing: object, walked: bool) -> object:
        """Keep what a `for` walks over or a `with` holds."""
        held = self.calls[-1].held[number] = iter(thing) if walked else thing  # type: ignore[call-overload]
        return held

    def tick(self) -> bool:
        """Notice a loop without end. The clock is looked at seldom, because that takes longer than all else."""
        if self.over:
            raise Suspend
        self._marks -= 1
        if self._marks <= 0:
            self._marks = LOOK
            now = time.monotonic()
            self._end = self._end or now + PATIENCE
            if now > self._end:
                frame = sys._getframe(1)
                while frame.f_back and frame.f_globals is globals():
                    frame = frame.f_back
                self.endless = EndlessLoop(
                    f"line {frame.f_lineno} of {frame.f_code.co_name} runs on for ever without a step: nothing in that "
                    "loop touches buf, so nobody else can ever end it. Wait for something shared."
                )
                raise Suspend
        return True

    def read(self, value: Hashable) -> None:
        """One more value came from shared memory."""
        self.calls[-1].since.append(value)
        self.reads.append(value)
        self._end = 0.0

    def known(self) -> Known:
        """How far this run has come, for later ones that start like it."""
        return self._passed, frozenset([call.mark for call in self.calls])

    def state(self) -> Hashable:
        """The local state now; None where it cannot be told."""
        if any(call.place is None or call.place is STALE for call in self.calls):
            return None
        return tuple([(call.code, call.place, tuple(call.since)) for call in self.calls])

    def track(self, function: FunctionType) -> FunctionType:
        """The marked function, with its calls kept."""
        code = function.__code__

        def call(*arguments: object, **named: object) -> object:
            inner, outer, start = Call(code), self.calls[-1] if self.calls else None, len(self.reads)
            self.calls.append(inner)
            try:
                result = function(*arguments, **named)
            except Suspend:
                raise
            except BaseException as error:
                self._back(outer, repr(error), start, sys._getframe(1))
                raise
            self._back(outer, result, start, sys._getframe(1))
            return result

        call.__name__ = function.__name__
        call.__dict__[MARKED] = function
        return call  # type: ignore[return-value]

    def _back(self, outer: Call | None, result: object, start: int, frame: FrameType) -> None:
        """A call is over: its caller goes on with the result, and perhaps with locals that the call has changed."""
        self.calls.pop()
        if not outer or outer.place is STALE:
            return
        try:
            if outer.frame is not frame:
                raise Opaque  # called from code without marks, whose locals nobody knows
            outer.since.append(("back", freeze(result), freeze(dict(frame.f_locals))))
        except Opaque:
            outer.since.append(tuple(self.reads[start:]))
