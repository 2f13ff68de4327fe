"""The verdict on a program: correct in every interleaving, or wrong and why, with the simplest failing schedule."""

import contextlib
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from shmlab.explorer.model import schedules
from shmlab.explorer.model.model import Model, Step
from shmlab.explorer.model.system import System
from shmlab.explorer.program import interrupts
from shmlab.explorer.program.cells import SEMAPHORE
from shmlab.explorer.program.explorer_errors import OutOfTime, ReplayFailed
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.items import Ledger
from shmlab.explorer.program.marking import never_ends
from shmlab.explorer.program.operations import DONE
from shmlab.explorer.report import basis, why
from shmlab.explorer.report.why import Conflict
from shmlab.explorer.search import counting, earliest, liveness, reduced
from shmlab.explorer.search.search import Graph, Progress, search
from shmlab.explorer.search.simplest import follow, way
from shmlab.memory import limits

WATCHED = ("overwrite", "empty-read")  # faults that a watch on the slots detects
TURNS = 2  # how many times a replay repeats a loop
FITS = 25_000  # states of a program that are visited before a reduced search is tried

Reducible = Callable[[], tuple[System, Ledger | None] | None]


class Verdict:
    """The result of the search through all interleavings.

    `ok`: every interleaving is correct. `fault` is one word for what is wrong (or None), `reason` a sentence.
    `schedule` is the simplest failing one, as text that one can type; `loop` is what then repeats for ever.
    `states`, `transitions`: how many were explored. `complete`: all were explored; if not, `ok` is never True.
    `reduced`: each state stands for many (see `search.reduced`), and interleavings are not counted.
    """

    def __init__(
        self,
        graph: Graph,
        fault: Fault | None = None,
        way: Iterable[int] = (),
        loop: Iterable[int] = (),
        answer: reduced.ReducedResult | None = None,
        strong: bool = False,
    ) -> None:
        self.graph, self.system = graph, graph.system
        self.actors, self.loop_actors = list(way), list(loop)
        self.fault = fault.word if fault else None
        self.reason = fault.reason if fault else None
        self.states, self.transitions, self.complete = len(graph), graph.transitions, graph.complete
        self.seconds = graph.seconds
        self.reduced, self._strong = answer is not None, strong
        self.size = ""  # a sentence, if several sizes were tried
        if answer:
            self.states, self.transitions, self.complete = answer.states, answer.transitions, answer.complete
            self.seconds = answer.seconds
        self.ok = fault is None and self.complete

    @property
    def processes(self) -> list[str]:
        """Return the names of the processes."""
        return self.system.names[: self.system.size]

    @property
    def schedule(self) -> str | None:
        """Return the simplest failing schedule as text; None if nothing fails."""
        return schedules.text(self.actors, self.processes, self.system.words) if self.fault else None

    @property
    def loop(self) -> str | None:
        """Return what repeats for ever after the schedule, as text; None if nothing does."""
        return schedules.text(self.loop_actors, self.processes, self.system.words) if self.loop_actors else None

    @cached_property
    def paths(self) -> tuple[int, int] | None:
        """Return (all interleavings, failing ones), exactly; None if there are infinitely many, or if not all states
        were visited individually."""
        return None if self.reduced else counting.interleavings(self.graph)

    @cached_property
    def steps(self) -> list[Step]:
        """Return the steps of the failing schedule, and once around the loop."""
        return self.model(self.actors + self.loop_actors).steps

    def model(self, schedule: str | Iterable[int] = ()) -> Model:
        """Return the program after a schedule, to continue step by step. Raises ReplayFailed."""
        return Model(self.system).run(schedules.parse(schedule, self.processes, known=self.system.words))

    def show(self, schedule: str | Iterable[int] | None = None, around: bool = False) -> "ScheduleTable":
        """Return the verdict, and the failing schedule (or another one) step by step, as a table of text.

        around: show only what is close to the failure. Steps of earlier calls of put and get that have returned are
        folded into one line (`put 10, 11`), unless the schedule ends in an infinite loop. Raises ArgumentError.
        """
        from shmlab.explorer.report.schedule_table import table

        limits.yes_or_no(around, "around")
        if schedule is not None:
            model = self.model(schedule)
            heading = model.fault.reason if model.fault else "so far nothing is wrong"
            return table(heading, self.system, model.steps, around=around)
        heading = f"{self.summary}\n{self.why}".strip()
        if not (self.fault and self.steps):
            return table(heading + (f"\n{self.basis}" if self.ok else ""))
        loop_at = len(self.actors) if self.loop_actors else None
        return table(heading, self.system, self.steps, loop_at, around, self.cause.read if self.cause else None)

    def replay(self, real: bool = True, schedule: str | Iterable[int] | None = None) -> "Replay":
        """Replay the failing schedule (or another one), on real processes or on the model. Raises ReplayFailed."""
        from shmlab.explorer.real.replay import replay

        if schedule is not None:
            actors = schedules.parse(schedule, self.processes, known=self.system.words)
        elif self.fault:
            actors = self.actors + self.loop_actors * TURNS
        else:
            raise ReplayFailed("nothing fails, so there is no schedule to replay: give one, as replay(schedule='PPC').")
        return replay(self.system, self.processes, actors, real)

    def play(self, real: bool = True) -> Any:
        """Open the failing schedule in the stepper, ready to be played, on real processes or on the model."""
        import shmlab  # the public API: widgets are a layer above this one, imported only here

        return shmlab.labs.stepper(self, real=real)

    @property
    def summary(self) -> str:
        """Return the verdict in one or two sentences."""
        if not self.complete:
            seen = f"gave up after {self.states:,} states, because {self.graph.stopped}"
            if not self.fault:
                return f"NO VERDICT: {seen}.\nAsk for fewer items or processes, or allow more: max_states, max_seconds."
            return f"FAILS: {self.reason}.\nNot everything was explored: {seen}."
        if self.reduced:
            much = f"all interleavings by {self.states:,} states, each of which stands for many"
        elif self.paths is None:
            much = f"all interleavings, infinitely many (somebody can wait in a loop): {self.states:,} states"
        else:
            all_of_them = f"all {self.paths[0]:,} interleavings" if self.paths[0] > 1 else "the only interleaving"
            much = f"{all_of_them}: {self.states:,} states"
        if self.ok:
            waits = self._strong and not self.reduced and self.paths is None and SEMAPHORE in self.system.memory.kinds
            taken = ", if semaphores are strong" if waits else ""
            return f"OK: every interleaving is right{taken}.\nExplored {much}.{self._untouched}"
        fail = f" {self.paths[1]:,} of them fail." if self.paths and self.paths[0] > 1 else ""
        return f"FAILS: {self.reason}.\nExplored {much}.{fail}{self._untouched}{self._serving}"

    @cached_property
    def basis(self) -> str:
        """Return what the verdict is based on: the sizes, the semaphores waited for, and what else to try."""
        return basis.text(self.graph, self.complete and not self.reduced and not self.fault, bool(self.size))

    @cached_property
    def why(self) -> str:
        """Return a sentence about the two interleaved accesses and their effect; empty if no such pair alone is the
        cause, as in most deadlocks, and if the schedule ends in an infinite loop."""
        return why.sentence(self.model(self.actors), self.cause) if self.cause else ""

    @cached_property
    def cause(self) -> "Conflict | None":
        """Return the two steps of the schedule that `why` names."""
        return None if not self.fault or self.loop_actors else why.cause(self.system, self.actors)

    @property
    def _untouched(self) -> str:
        """Return a sentence about the processes that never access shared memory."""
        automata = zip(self.processes, self.system.automata, strict=True)
        idle = [name for name, automaton in automata if automaton.untouched]
        judge = self.system.judge
        if not idle or (judge and len(judge) < len(self.system.consumers)):  # some consumer had no item to get
            return ""
        who, never = " and ".join(idle), "never touches buf" if len(idle) == 1 else "never touch buf"
        return f"\n{who} {never}: no other process can notice what happens there."

    @property
    def _serving(self) -> str:
        """Return a sentence with the remedy if only processes that loop for ever by their source are left waiting."""
        if self.fault != "deadlock" or self.system.judge:
            return ""
        system, state = self.system, self.model(self.actors).state
        left = [p for p in range(system.size) if system.node(state, p).kind < DONE]
        if not all(any(map(never_ends, (function, *given))) for function, given in [system.processes[p] for p in left]):
            return ""
        others = [p for p in range(system.size) if p not in left]
        if not others or system.blocked.circle({p: [system.node(state, p)] for p in left}):
            return ""  # they wait for each other
        who = " and ".join(self.processes[p] for p in left)
        return f"\nIf {who} may wait for ever, as a server does, say who has to end: must_finish={others}."

    def __str__(self) -> str:
        return f"{self.summary}\n{self.size}".strip()

    __repr__ = __str__


TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.explorer.real.replay import Replay
    from shmlab.explorer.report.schedule_table import ScheduleTable


def verdict(
    system: System,
    plain: System | None = None,
    must_finish: list[int] | None = None,
    must_enter: Iterable[int] = (),
    partial: bool = False,
    max_states: int = 1_000_000,
    max_seconds: float = 60.0,
    progress: Progress | None = None,
    reducible: Reducible | None = None,
    strong: bool = False,
    began: float | None = None,
) -> Verdict:
    """Search, and judge. The time limit counts from `began`, or from now.

    `strong`: a process waiting for a semaphore that is free infinitely often eventually acquires it.

    A program with more than FITS states, and no fault among the first of them, goes to the reduced search; `reducible`
    makes the system for it. If that finds no fault, the verdict is OK. If it finds one, the full search looks for the
    simplest schedule, and if it gives up, the verdict reports the schedule of the reduced search.

    `plain` is the same system without a watch on its slots. Items are judged by what comes out: if the watch has
    detected an overwrite, but the run can still end correctly, the verdict is that of the plain system.
    """
    must_finish = list(range(system.size)) if must_finish is None else must_finish
    began = time.perf_counter() if began is None else began
    graph = search(system, min(FITS, max_states) if reducible else max_states, max_seconds, progress, began=began)
    if reducible and graph.beyond and max_states > FITS:
        answer = None
        if not graph.faults:
            with interrupts.noted():
                try:
                    parts = reducible()
                    answer = reduced.search(*parts, max_states, max_seconds, progress, began) if parts else None
                except KeyboardInterrupt:
                    graph.stopped = "it was interrupted"
                    return Verdict(graph)
        if answer and not answer.fault and (answer.complete or answer.given_up):
            graph.stopped = answer.stopped
            return Verdict(graph, answer=answer)
        graph = search(system, max_states, max_seconds, progress, began=began)
        if answer and answer.fault and not graph.complete and not graph.faults:
            return _told(graph, plain, answer.schedule)
    found = _judged(graph, must_finish, must_enter, partial, strong)
    if found.fault in WATCHED and plain and can_end_well(plain, found.actors):
        graph = search(plain, max_states, max_seconds, progress, began=began)
        return _judged(graph, must_finish, must_enter, partial, strong)
    return found


def _told(graph: Graph, plain: System | None, schedule: list[int]) -> Verdict:
    """Return the verdict when only the reduced search has found a fault: whatever fault its schedule leads to."""
    model = Model(graph.system)
    for actor in schedule:
        if model.fault:
            break
        model.step(actor)
    fault, taken = model.fault, [step.actor for step in model.steps]
    if plain and fault and fault.word in WATCHED and can_end_well(plain, taken):
        model = Model(plain).run(schedule)
        fault, taken = model.fault, schedule
    return Verdict(graph, fault, taken)


def _judged(
    graph: Graph, must_finish: list[int], must_enter: Iterable[int], partial: bool, strong: bool
) -> Verdict:
    looping = graph.complete and any(automaton.endless() for automaton in graph.system.automata)
    lasso = None
    if looping and not graph.faults:
        lasso = liveness.judge(graph, must_finish, list(must_enter), partial, strong)
    if not graph.faults and not lasso:
        return Verdict(graph, strong=strong)
    faults = earliest.faults(graph, len(lasso.way) if lasso else None)
    schedule = way(graph, faults)
    if schedule is not None:
        fault = faults[follow(graph, schedule)]
        if fault.word == "deadlock":  # again, because the schedule determines who holds what
            fault = Model(graph.system).run(schedule).fault or fault
        return Verdict(graph, fault, schedule)
    assert lasso
    return Verdict(graph, lasso.fault, lasso.way, lasso.loop)


def can_end_well(system: System, schedule: Iterable[int], most: int = 100_000) -> bool:
    """Return whether some continuation of a schedule ends correctly, as far as time allows. In a correct program,
    every one does."""
    with contextlib.suppress(OutOfTime):
        return _can_end_well(system, schedule, most)
    return False


def _can_end_well(system: System, schedule: Iterable[int], most: int) -> bool:
    work = [Model(system).run(schedule).state]
    seen = set(work)
    while work and len(seen) < most:
        state = work.pop()
        able = system.able(state)
        if not able and not system.fault(state) and not system.end(state):
            return True
        for actor in able:
            after = system.after(state, actor)
            if after is not None and after not in seen:
                seen.add(after)
                work.append(after)
    return False
