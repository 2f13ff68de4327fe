"""The result of a check: passed, not yet, or which fault at which step, with the schedule to replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shmlab.explorer.program.fault import WORDS
from shmlab.memory.errors import ArgumentError

if TYPE_CHECKING:
    from shmlab.explorer.real.replay import Replay
    from shmlab.explorer.report.schedule_table import ScheduleTable
    from shmlab.explorer.report.verdict import Verdict

PASSED, NOT_YET, WRONG = "passed", "not yet", "wrong"
HEADINGS = {PASSED: "Passed", NOT_YET: "Not yet", WRONG: "Not right"}


class Said(str):
    """Text that a notebook displays as it is, without quotes."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


@dataclass(frozen=True)
class Judgement:
    """The result of a check. `state` is PASSED, NOT_YET or WRONG, `reason` says why in sentences.

    `fault` is what goes wrong, a word of `explorer.program.fault.WORDS` if the explorer has found it; `step` the step
    at which it does (0: none), `schedule` the steps that lead there as text, `loop` those that then repeat for ever.
    """

    state: str
    reason: str
    fault: str = ""
    step: int = 0
    schedule: str = ""
    loop: str = ""
    evidence: Callable[[], Verdict] | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        return self.state == PASSED

    @cached_property
    def verdict(self) -> Verdict:
        """The explorer's verdict on this schedule. Raises ArgumentError if there is no schedule."""
        if self.evidence is None:
            raise ArgumentError("there is no schedule to look at: this judgement does not rest on one.")
        return self.evidence()

    def show(self) -> ScheduleTable:
        """Return the schedule, step by step, as a table."""
        verdict = self.verdict
        return verdict.show() if verdict.fault in WORDS else verdict.show(verdict.actors + verdict.loop_actors)

    def replay(self, real: bool = True) -> Replay:
        """Run the schedule again, on real processes or, unless `real`, on the model."""
        return self.verdict.replay(real)

    def play(self, real: bool = False) -> Any:
        """Open the schedule in the stepper, ready to be played; `real` uses real processes."""
        return self.verdict.play(real)

    def __str__(self) -> str:
        lines = [f"{HEADINGS[self.state]}: {self.reason}"]
        if self.schedule:
            lines.append(f"Schedule: {self.schedule}")
        if self.loop:
            lines.append(f"And then for ever: {self.loop}")
        if self.evidence and self.state == WRONG:
            lines.append("Look at it: put .show(), .replay() or .play() behind this check.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def passed(reason: str) -> Judgement:
    """Return the judgement of a right answer."""
    return Judgement(PASSED, reason)


def not_yet(reason: str) -> Judgement:
    """Return the judgement that nothing was tried yet."""
    return Judgement(NOT_YET, reason)


def wrong(reason: str, fault: str = "", step: int = 0) -> Judgement:
    """Return the judgement of a wrong answer, without a schedule to show."""
    return Judgement(WRONG, reason, fault, step)


def failing(verdict: Verdict, where: str) -> Judgement:
    """Return the judgement for a failing verdict; `where` is the case in which it fails, in words."""
    steps = len(verdict.actors)
    at = f"{where}, at step {steps}" if steps else f"{where}, at the very beginning"
    how = f"from step {steps + 1} on" if verdict.loop else at.rpartition(", ")[2]
    reason = f"{verdict.reason}.\nIt fails {where}, {how}."
    return Judgement(
        WRONG, reason, verdict.fault or "", steps, verdict.schedule or "", verdict.loop or "", lambda: verdict
    )
