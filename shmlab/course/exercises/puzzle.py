"""Be the scheduler: an answer is a schedule, as text or as the stepper in which it was found.

A puzzle is solved when its goal is reached. Some goals are not a final state: a process is kept out for ever. Then the
answer has a loop, too: steps that lead back to exactly the same state, again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shmlab.course.exercises.judgement import WRONG, Judgement, passed, wrong
from shmlab.course.exercises.task import Task
from shmlab.explorer.model import schedules
from shmlab.explorer.model.model import Model
from shmlab.explorer.model.system import System
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import ENTER, NAMES
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import Asked, Goal
from shmlab.explorer.report.verdict import Verdict
from shmlab.explorer.search.search import search
from shmlab.memory.errors import ArgumentError


@dataclass(frozen=True)
class Setting:
    """One variant: the question in words, the program and the arguments of `explore`, the goal, a solution.

    Without a goal a process has to be kept from the critical section for ever: `victim`, or all of them if it is -1;
    then `loop` is what repeats for ever.
    """

    text: str
    program: object
    schedule: str
    goal: Asked | None = None
    get: object = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    loop: str = ""
    victim: int = -1

    def start(self) -> tuple[Model, Goal | None]:
        """Return the program before its first step, and the goal."""
        goal = None if self.goal is None else Goal(self.goal)
        system = question.of(self.program, self.get, **self.asked).system(watched=goal is not None and goal.watched)
        if goal and goal.word:
            search(system)  # so that an inevitable fault counts at once, as it does in a verdict
        return Model(system), goal


class Puzzle(Task):
    """A schedule to be found. `setting(seed)` is a variant."""

    kind = "be the scheduler"

    def __init__(
        self,
        name: str,
        title: str,
        setting: Callable[[int | None], Setting],
        hints: tuple[str, str, str],
        why: str,
        seeded: bool = False,
    ) -> None:
        self.setting, self.seeded = setting, seeded
        super().__init__(name, title, hints, "", why)
        self.starter = "answer = None  # a schedule as text, or the stepper"
        if setting(None).loop:
            self.extras = ("loop",)
            self.starter = "answer = None  # a schedule as text, or the stepper\nloop = None  # as text"

    @property
    def call(self) -> str:
        return f"check.{self.name}(answer, loop=loop)" if self.extras else f"check.{self.name}(answer)"

    def text(self, seed: int | None = None) -> str:
        return self.setting(seed).text

    def answered(self, seed: int | None = None) -> str:
        setting = self.setting(seed)
        if setting.loop:
            return f'answer = "{setting.schedule}"\nloop = "{setting.loop}"'
        return f'answer = "{setting.schedule}"'

    def stepper(self, seed: int | None = None) -> Any:
        """Open the program in the stepper, with the task's goal; a loop is for the student to notice."""
        import shmlab  # the public interface: widgets are loaded only here

        setting = self.setting(seed)
        return shmlab.labs.stepper(setting.program, setting.get, goal=setting.goal, title=self.title, **setting.asked)

    def tried(self, answers: tuple[object, ...]) -> bool:
        return super().tried(answers) and bool(answers[0] if isinstance(answers[0], str) else True)

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        setting = self.setting(seed)
        model, goal = setting.start()
        stopped = _played(model, actors(answers[0], model.system), goal)
        if stopped:
            return stopped
        if goal is None:
            return self._endless(setting, model, more.get("loop"))
        if goal.reached(model):
            return passed(f"reached after {len(model.steps)} steps. {self.why}")
        return _missed(model)

    def _endless(self, setting: Setting, model: Model, loop: object) -> Judgement:
        """Judge a schedule whose steps from here on are repeated for ever."""
        system, start = model.system, model.state
        if loop is None or loop == "":
            return wrong('what goes on for ever? Hand it in, too: loop="...", steps that come back to the same state.')
        way = [step.actor for step in model.steps]
        around = actors(loop, system)
        able: list[set[int]] = []
        entered = set()
        for actor in around:
            able.append(set(model.enabled()))
            try:
                step = model.step(actor)
            except ReplayFailed as error:
                return _evident(f"the loop cannot be walked: {error}", model, way)
            if step.operation == NAMES[ENTER]:
                entered.add(actor)
            if entered and (setting.victim < 0 or setting.victim in entered):
                return _evident(
                    f"{step.name} gets in, at step {len(model.steps)}: the loop must keep it out.", model, way
                )
        if model.state != start:
            return _evident(f"the loop does not come back to where it began: {_changed(model, start)}.", model, way)
        patient = next((p for p in range(system.size) if _forgotten(p, around, able, system, start)), None)
        if patient is not None:
            name = system.names[patient]
            return _evident(
                f"that is the scheduler's doing: {name} could take a step all the time and never gets a turn. "
                f"Let {name} try in vain.",
                model,
                way,
            )
        if setting.victim >= 0 and not any(setting.victim in now for now in able):
            return _evident(f"{system.names[setting.victim]} can never take a step in the loop.", model, way)
        hungry = [system.names[p] for p in range(system.size) if p not in entered and p != setting.victim]
        if setting.victim >= 0 and hungry:
            return _evident(f"{hungry[0]} does not get in either. All but the victim should.", model, way)
        return passed(f"{len(around)} steps that can go on for ever. {self.why}")


def actors(answer: object, system: System) -> list[int]:
    """Return the schedule handed in as text, numbers, or a stepper. Raises ReplayFailed, ArgumentError."""
    stepping = getattr(answer, "stepping", None)
    if stepping is not None:
        return list(stepping.taken)
    if not isinstance(answer, (str, list, tuple)):
        names = " ".join(system.names[: system.size])
        raise ArgumentError(f"a schedule is text such as {names!r}, or the stepper itself, not {answer!r}.")
    typed: str | Iterable[int] = answer
    if isinstance(answer, str):
        typed = answer if system.buffered else answer.upper()
    elif not all(type(actor) is int for actor in answer):
        raise ArgumentError(f"a schedule as a list holds the numbers of the processes, such as [0, 1], not {answer!r}.")
    return schedules.parse(typed, system.names[: system.size], known=system.words)


def _played(model: Model, schedule: list[int], goal: Goal | None) -> Judgement | None:
    """Take the steps for as long as they are possible and the goal is not reached."""
    for actor in schedule:
        if goal and goal.reached(model):
            return None
        try:
            model.step(actor)
        except ReplayFailed as error:
            return _evident(str(error), model, [step.actor for step in model.steps], len(model.steps) + 1)
    return None


def _missed(model: Model) -> Judgement:
    steps = len(model.steps)
    way = [step.actor for step in model.steps]
    if model.fault:
        return _evident(f"something else went wrong: {model.fault.reason}.", model, way)
    if model.enabled():
        able = ", ".join(model.names[actor] for actor in model.enabled())
        return _evident(f"the goal is not reached after {steps} steps. Who can go on: {able}.", model, way)
    return _evident(f"all have ended after {steps} steps, and nothing happened that is asked for.", model, way)


def _evident(reason: str, model: Model, way: list[int], step: int = 0) -> Judgement:
    """Return the judgement of a wrong schedule, with the steps so far to look at."""
    system = model.system
    loop = [taken.actor for taken in model.steps[len(way) :]]
    word = model.fault.word if model.fault else ""

    def verdict() -> Verdict:
        return Verdict(search(system), model.fault or Fault("goal", reason), way, loop)

    names = system.names[: system.size]
    text, around = schedules.text(way, names), schedules.text(loop, names)
    return Judgement(WRONG, reason, word, step or len(model.steps), text, around, verdict)


def _forgotten(process: int, loop: list[int], able: list[set[int]], system: System, state: int) -> bool:
    """Return whether a process could run all the time, and never does: then the scheduler is not fair."""
    return process not in loop and all(process in now for now in able)


def _changed(model: Model, start: int) -> str:
    """Return what has changed after the loop."""
    system = model.system
    before, now = system.contents(start)[0], model.cells()
    pairs = enumerate(zip(before, now, strict=False))
    cells = [f"{system.memory.name(at)} was {a} and is {b}" for at, (a, b) in pairs if a != b]
    if cells:
        return ", ".join(cells)
    moved = [p for p in range(system.size) if system.node(start, p) is not system.node(model.state, p)]
    return ", ".join(f"{system.names[p]} stands at another line" for p in moved) or "the store buffers differ"
