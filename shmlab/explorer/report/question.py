"""The question about a program: which processes on which memory, and what must hold in every interleaving.

The search answers it (`verdict`); a person acting as the scheduler looks for the answer by hand (`stepping`).
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shmlab import strategies
from shmlab.explorer.model import build as programs
from shmlab.explorer.model.build import Program
from shmlab.explorer.model.system import System
from shmlab.explorer.program.cells import Initial, View
from shmlab.explorer.program.marking import never_ends
from shmlab.explorer.report import verdict as verdicts
from shmlab.explorer.report.goal import Goal
from shmlab.explorer.report.verdict import Verdict
from shmlab.explorer.search.search import Progress, search
from shmlab.explorer.search.simplest import way
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

MOST = 8_000_000  # the upper limit of max_states

Truth = Callable[[View], object]
End = Callable[[View, list[object]], object]


@dataclass(frozen=True)
class Found:
    """The result of a search: a schedule of `system` (empty if there is none), and the answer as a sentence."""

    system: System
    schedule: list[int]
    sentence: str


def found(verdict: Verdict) -> Found:
    """Return what the search behind a verdict has found."""
    return Found(verdict.system, verdict.actors + verdict.loop_actors, verdict.summary)


class Question:
    """A program, and the requirements to check.

    `finishing`: the processes that must terminate under a fair scheduler; `entering`: those that must enter the
    critical section infinitely often; `partial`: the others may wait for ever; `strong`: semaphores are strong.
    """

    def __init__(
        self,
        program: Program,
        finishing: list[int] | None = None,
        entering: Sequence[int] = (),
        partial: bool = False,
        strong: bool = False,
    ) -> None:
        self.program, self.partial, self.strong = program, partial, strong
        self.finishing, self.entering = finishing, list(entering)

    def system(self, watched: bool = True) -> System:
        """Return the program as a system, with a watch on its slots (none for memory models with store buffers)."""
        return self.program.system(watched=watched and self.program.model == "sc")

    def verdict(
        self,
        max_states: int = 1_000_000,
        max_seconds: float = 60.0,
        progress: Progress | None = None,
        began: float | None = None,
    ) -> Verdict:
        """Search all interleavings. The time limit counts from `began` (time.perf_counter), or from now."""
        limit = limits.whole(max_states, "max_states", 1, MOST)
        max_seconds = limits.number(max_seconds, "max_seconds", 0, 86_400, "seconds")
        limits.function(progress, "progress", "states", "seconds")
        began = time.perf_counter() if began is None else began
        with self.program.within(max(0.0, began + max_seconds - time.perf_counter())):
            plain = self.system(watched=False) if self.program.judge else None
            verdict = verdicts.verdict(
                self.system(),
                plain,
                self.finishing,
                self.entering,
                self.partial,
                limit,
                max_seconds,
                progress,
                self.program.reducible,
                self.strong,
                began,
            )
        for condition in (self.program.invariant, self.program.final):
            if condition:
                condition.check()
        return verdict

    def find(self, goal: Goal | None, progress: Progress | None = None) -> Found:
        """Return the simplest schedule that reaches a goal; without a goal, the simplest that fails."""
        if goal is None:
            return found(self.verdict(progress=progress))
        graph = search(self.system(goal.watched), progress=progress, enough=MOST)
        graph.system.foresees = False  # for a person who steps by hand, the goal is reached only when it has happened
        schedule = way(graph, set(goal.found(graph)))
        if schedule is not None:
            sentence = f"{len(schedule)} steps reach it."
        elif graph.complete:
            sentence = f"No interleaving reaches it: all {len(graph):,} states were explored."
        else:
            sentence = f"NO ANSWER after {len(graph):,} states, because {graph.stopped}."
        return Found(graph.system, schedule or [], sentence)


def of(
    program: object,
    get: object = None,
    *,
    capacity: int | None = 2,
    producers: int = 1,
    consumers: int = 1,
    items: int = 2,
    shared: Mapping[str, Initial] | None = None,
    invariant: Truth | None = None,
    final: End | None = None,
    buffer: str | None = None,
    must_finish: Sequence[int] | None = None,
    must_enter: Sequence[int] = (),
    memory: str = "sc",
    order: bool = True,
    fairness: str = "weak",
) -> Question:
    """Return the question that the arguments of `shmlab.explore` describe. Raises ArgumentError."""
    limits.choice(memory, "memory", tuple(programs.MODELS))
    limits.yes_or_no(order, "order")
    strong = limits.choice(fairness, "fairness", ("weak", "strong")) == "strong"
    limits.function(invariant, "invariant", "memory")
    limits.function(final, "final", "memory", "results")
    if get is not None or isinstance(program, str) or callable(program):
        _refuse(buffer=buffer, must_finish=must_finish, must_enter=None if must_enter in ((), []) else must_enter)
        put = program
        if isinstance(program, str):
            strategy = strategies.find(program)
            put, get = strategy.put, strategy.get
        asked = programs.of_buffer(
            put, get, capacity, producers, consumers, items, shared, invariant, final, memory, order
        )
        return Question(asked, strong=strong)
    if not isinstance(program, Iterable):
        raise ArgumentError(
            f"explore(put, get), explore('semaphores') or explore([(f, argument), ...]), not {program!r}."
        )
    if not order:
        raise ArgumentError("order=False is for put and get: of other processes, only `final` judges what they got.")
    processes = list(program)
    count = range(len(processes))
    last = max(0, len(processes) - 1)
    must_finish = None if must_finish is None else limits.numbers(must_finish, "must_finish", last)
    must_enter = limits.numbers(must_enter, "must_enter", last)
    excused = [p for p in count if must_finish is not None and p not in must_finish and p not in must_enter]
    asked = programs.of_processes(processes, shared, invariant, final, buffer, excused, memory)
    finishing = list(must_finish) if must_finish is not None else []
    if must_finish is None and not must_enter:
        finishing = [p for p in count if not never_ends(asked.processes[p][0])]
    return Question(asked, finishing, must_enter, must_finish is not None, strong)


def _refuse(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(f"{name} is for processes of any kind, explore([(f, argument), ...], {name}=...).")
