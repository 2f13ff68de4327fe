"""Where a process is while it runs: for each active call, its mark, its locals there, and what it has read since.

Whatever is on Python's evaluation stack at a step was computed, since the current statement began, from the
locals at its beginning and from the values read since then. So these together *are* the local state. A helper's
reads are its own; its caller sees the result, and the effect on the arguments and on the caller's locals.
All that a helper can change is in its arguments (or in what its function closes over), so these count even when
it no longer refers to them: the caller still does.
"""

import contextlib
import math
import sys
import threading
import time
from collections.abc import Hashable, Iterator
from types import CodeType, FrameType, FunctionType, NoneType
from typing import Any

from shmlab.explorer.program import interrupts
from shmlab.explorer.program.explorer_errors import EndlessLoop, ExplorerError, OutOfTime
from shmlab.explorer.program.freezing import MARKED, OpaqueValue, SharedHandle, freeze
from shmlab.explorer.program.marked_copies import Copies
from shmlab.explorer.program.outside import Outside
from shmlab.strategies import choice

GRACE = 0.5  # seconds in which a search itself notices that its time is up
PATIENCE = 1.5  # seconds that a process may take from one step to the next
BUSY = 0.5  # CPU seconds that it must have used by then: on a busy machine it may have waited for a processor
LOOK = 32  # marks between two checks of the clock
UNTRACED = contextlib.nullcontext()
STALE = object()  # the place of a call whose mark is known to be passed before the run ends
FIXED = {int, str, NoneType, bool, float, bytes}  # immutable: no callee can change such an argument
Known = tuple[int, frozenset[int]]  # of an earlier run: how many marks it passed, and at which of them it stopped


class Suspend(BaseException):
    """The end of a run at its next access. Not an Exception, so that no program catches it by accident."""


class Call:
    """One active call of a marked function. `place` is None if its locals cannot be frozen.

    `given` are the mutable arguments, `mark` is the current mark of the run, `held` what its loops iterate over and its
    context managers hold, `since` what it has read since its mark.
    """

    __slots__ = ("code", "frame", "given", "held", "mark", "place", "since")

    def __init__(self, code: CodeType, given: object) -> None:
        self.code, self.given = code, given
        self.frame: FrameType | None = None
        self.mark = 0
        self.place: Hashable = ()
        self.since: list[Hashable] = []
        self.held: dict[int, object] = {}


class Note(SharedHandle):
    """The function that a consumer calls with each result of get."""

    __slots__ = ("_recorder",)
    _name = "taken"

    def __init__(self, recorder: "CallStack") -> None:
        self._recorder = recorder

    def __call__(self, item: object) -> None:
        self._recorder.taken.append(item)


def program_frame(frame: FrameType | None) -> FrameType | None:
    """Return the frame of the program's own source: the first one from here on that has markers."""
    while frame and "__here__" not in frame.f_globals:
        frame = frame.f_back
    return frame


class CallStack:
    """The active calls of the current run; its methods are the markers."""

    def __init__(self, speaks: bool = False) -> None:
        self.calls: list[Call] = []
        self.reads: list[Hashable] = []
        self.taken: list[object] = []  # what get has returned so far, in a consumer
        self.finished = 0  # completed calls from the process's outermost function, such as of put
        self.refused: ExplorerError | None = None  # the first violation by the program
        self.unseen = ""  # the first thing that could not be frozen, as the end of a sentence
        self.over = False  # the run has reached its access: ignore whatever the program still does
        self._marks, self._end, self._busy = LOOK, 0.0, 0.0
        self._passed, self._known = 0, (0, frozenset[int]())
        self._thread = 0  # the thread of the current run; 0 if there is none
        self.until = math.inf  # the time at which the search gives up
        self._patience = PATIENCE
        self._me: tuple[int, str] | None = None
        self.takes: choice.Takes | None = None  # how the current process makes a choice
        self.outside = Outside(
            lambda: self._me,
            lambda: self.takes,
            self.refuse,
            self.tick,
            lambda value, name: self.copies.lasting_part(value, name),
            speaks,
        )
        long = self.outside.long
        markers = {
            "__here__": self.here,
            "__hold__": self.hold,
            "__tick__": self.tick,
            "__track__": self.track,
            "__power__": long.power,
            "__shift__": long.shift,
            "__times__": long.times,
            "__times_into__": long.times_into,
            "__plus__": long.plus,
            "__plus_into__": long.plus_into,
            "__certain__": self.outside.certain,
            "__ordered__": self.outside.ordered,
        }
        self.copies = Copies(markers, self.track, self.outside)

    def within(self, seconds: float) -> None:
        """Limit the search to `seconds` from now on, and one step to no more than that."""
        self.until, self._patience = time.monotonic() + seconds + GRACE, min(PATIENCE, seconds + GRACE)

    def check_time(self) -> None:
        """Raise OutOfTime if the search has exceeded its time limit."""
        if time.monotonic() > self.until:
            raise OutOfTime("the search took longer than it may: ask for less, or allow more with max_seconds.")

    @contextlib.contextmanager
    def run(self, known: Known, me: tuple[int, str] | None = None, first: bool = False) -> Iterator[None]:
        """Run with the same prefix as an earlier run. Its marks need not be examined again, except those at which the
        earlier run ended. `me`: the process's number and name, if processes are told apart.
        Raises OutOfTime, but not for the `first` run of a process, without which there is nothing to search.
        """
        if not first:
            self.check_time()
        self._passed, self._known, self._me = 0, known, me
        self.calls, self.reads, self.taken, self.finished = [], [], [], 0
        self._marks, self._end, self.refused, self.over = LOOK, 0.0, None, False
        with self.copies.classes.installed(), self._traced() if self.copies.unread else UNTRACED:
            self._thread = threading.get_ident()
            try:
                yield
            except Suspend:
                pass
            finally:
                self._thread = 0

    @contextlib.contextmanager
    def _traced(self) -> Iterator[None]:
        """Trace functions without source, so that they tick at each line, because they have no markers."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, _event: str, _argument: object) -> Any:
        if frame.f_code not in self.copies.unread:
            return None
        self.tick()
        return self._trace

    def here(self, mark: int, held: tuple[int, ...]) -> bool:
        """Record that the process is at this mark, inside the loops and context managers in `held`."""
        if not self._thread:
            return False
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
            own = dict(frame.f_locals)
            call.place = (mark, freeze((own, call.given, call.held) if call.given or call.held else own))
        except (OpaqueValue, RecursionError) as error:
            call.place = None
            self.unseen = self.unseen or (
                f": what {frame.f_code.co_name} holds at line {frame.f_lineno} cannot be looked into "
                f"({error}), so that no state of it ever comes back"
            )
        return False

    def hold(self, number: int, thing: object, walked: bool) -> object:
        """Record what a `for` iterates over or a `with` holds."""
        if not self._thread:
            return thing
        if not walked:
            self.calls[-1].held[number] = thing
            return thing
        walk = iter(self.outside.ordered(thing))  # type: ignore[call-overload]
        self.calls[-1].held[number] = (thing, walk)
        return walk

    def tick(self) -> bool:
        """Detect an infinite loop. The clock is rarely checked, because that takes longer than all else."""
        if not self._thread:
            return True  # called outside a run
        if self.over:
            raise Suspend
        self._marks -= 1
        if self._marks <= 0:
            self._marks = LOOK
            if interrupts.came():
                raise Suspend
            now = time.monotonic()
            if not self._end:
                self._end, self._busy = now + self._patience, time.thread_time() + BUSY
            if now > self._end and time.thread_time() > self._busy:
                self.refuse(
                    EndlessLoop(
                        "runs on for ever without a step: nothing in that loop touches buf, so nobody else can ever "
                        "end it. Wait for something shared."
                    ),
                    " ",
                )
                raise Suspend
        return True

    def refuse(self, error: ExplorerError, between: str = ": ") -> ExplorerError:
        """Prefix an error with its line and record it: a program that catches everything must not hide it."""
        frame = program_frame(sys._getframe(1))
        if frame and not str(error).startswith("line "):
            around: FrameType | None = frame
            while around and around.f_code.co_name.startswith("<"):  # a generator, a comprehension, a lambda
                around = around.f_back
            error.args = (f"line {frame.f_lineno} of {(around or frame).f_code.co_name}{between}{error}",)
        if self._thread == threading.get_ident() and not self.over:
            self.refused = self.refused or error
        return error

    def read(self, value: Hashable) -> None:
        """Record a value read from shared memory."""
        self.calls[-1].since.append(value)
        self.reads.append(value)
        self._end = 0.0

    def known(self) -> Known:
        """Return how far this run has come, for later ones with the same prefix."""
        return self._passed, frozenset([call.mark for call in self.calls])

    def state(self) -> Hashable:
        """Return the current local state; None if it cannot be determined."""
        if any(call.place is None or call.place is STALE for call in self.calls):
            return None
        return tuple([(call.code, call.place, tuple(call.since)) for call in self.calls])

    def track(self, copy: FunctionType, own: FunctionType | None = None) -> FunctionType:
        """Wrap the marked copy of the function `own` to record its calls; outside a run, call `own`."""
        code, around = copy.__code__, copy.__closure__ and copy
        own = own or copy

        def call(*arguments: object, **named: object) -> object:
            if self._thread != threading.get_ident():
                return own(*arguments, **named)
            outer, start = self.calls[-1] if self.calls else None, len(self.reads)
            things = (*arguments, *named.values())
            given = [thing for thing in things if type(thing) not in FIXED and not isinstance(thing, SharedHandle)]
            self.calls.append(Call(code, given))
            try:
                result = copy(*arguments, **named)
            except Suspend:
                raise
            except BaseException:
                self.calls.pop()
                if outer and outer.place is not STALE:
                    outer.since.append(tuple(self.reads[start:]))  # an exception may carry anything
                raise
            self.calls.pop()
            self.finished += len(self.calls) == 1
            if outer and outer.place is not STALE:
                outer.since.append(self._back(outer, (result, around, given), start, sys._getframe(1)))
            return result

        call.__name__ = own.__name__
        call.__dict__.update(own.__dict__)
        call.__dict__[MARKED] = copy
        return call  # type: ignore[return-value]

    def _back(self, outer: Call, what: object, start: int, frame: FrameType) -> Hashable:
        """Return what the caller knows after a call: its result, and what the call may have changed."""
        if outer.frame is frame:  # with no unmarked code in between, whose locals are unknown
            with contextlib.suppress(OpaqueValue, RecursionError):
                return ("back", freeze((what, dict(frame.f_locals))))
        return tuple(self.reads[start:])
