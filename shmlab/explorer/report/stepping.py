"""A person as the scheduler: they choose which process takes its next step, on the model or on real processes.

Each step can be undone. With real processes the model runs in lockstep, and the whole memory is compared after every
step. A real process cannot undo a step: undo starts new processes and repeats the steps before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shmlab.explorer.model import schedules
from shmlab.explorer.model.build import Program
from shmlab.explorer.model.model import Model, Step
from shmlab.explorer.model.system import System
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.operations import DONE, RAISED
from shmlab.explorer.real.lockstep import Together
from shmlab.explorer.real.real_processes import RealProcesses
from shmlab.explorer.report.goal import Goal
from shmlab.memory.errors import ArgumentError

ENDLESS = 16  # minimum number of slots that an unbounded buffer gets with real processes


@dataclass(frozen=True, slots=True)
class Standing:
    """The current position of a process.

    `does` is its next step in words (empty when it has ended), in `line` of the text at `filename`; `waits` says why
    it cannot take it (empty if it can); `buffered` are the stores in its store buffer, the next to drain first, and
    `drains` says whether it can; `otherwise` is what it can choose instead of `does`, if anything; `did` is its last
    step, `ended` how it ended, `got` the items that it has taken; `pid` is 0 on the model.
    """

    name: str
    does: str
    line: int
    filename: str
    waits: str
    buffered: tuple[str, ...]
    drains: bool
    otherwise: str
    did: str
    ended: str
    got: tuple[object, ...]
    pid: int


class Stepping:
    """A program at some point of an interleaving, and the possible next steps. Close it: it may own processes.

    `plan` is a schedule to follow; `ahead` is the rest of it, as long as the steps taken are a prefix of it.
    `evidence` is what the kernel says about the processes in a deadlock. Raises ReplayFailed.
    """

    def __init__(self, system: System, goal: Goal | None = None) -> None:
        self.system, self.goal = system, goal
        self.model = Model(system)
        self.processes = system.names[: system.size]
        self.plan: list[int] = []
        self.evidence: list[str] = []
        self.real: RealProcesses | None = None
        self._both: Together | None = None
        if goal and goal.reached(self.model):
            raise ArgumentError(f"the goal is reached before anybody has taken a step: {goal.task}")

    @property
    def taken(self) -> list[int]:
        """Return which process took each step so far."""
        return [step.actor for step in self.model.steps]

    @property
    def ahead(self) -> list[int]:
        """Return the steps of the plan that come next."""
        taken = self.taken
        return self.plan[len(taken) :] if self.plan[: len(taken)] == taken else []

    @property
    def schedule(self) -> str:
        """Return the steps so far, as text that one can type."""
        return schedules.text(self.taken, self.processes, self.system.words)

    @property
    def won(self) -> bool:
        """Return whether the goal is reached; without a goal, whether a fault has occurred."""
        return self.goal.reached(self.model) if self.goal else self.model.fault is not None

    @property
    def over(self) -> bool:
        """Return whether no process can take a step."""
        return not self.model.enabled()

    def standing(self, process: int) -> Standing:
        """Return the current position of a process."""
        model = self.model
        node, pending = self.system.node(model.state, process), model.pending(process)
        able = model.enabled()
        ended = ""
        if node.kind >= DONE:
            ended = f"raised {node.result}" if node.kind == RAISED else "has ended"
        waits = ""
        if pending and process not in able:
            waits = self._why(process, pending.variable)
        did = next((str(step) for step in reversed(model.steps) if step.actor == process), "")
        return Standing(
            self.processes[process],
            str(pending) if pending else "",
            pending.line if pending else 0,
            pending.filename if pending else "",
            waits,
            model.buffered(process),
            self.system.buffered and process + self.system.size in able,
            self._otherwise(process),
            did,
            ended,
            node.taken,
            self.real.pids[process] if self.real else 0,
        )

    def _otherwise(self, process: int) -> str:
        """Return what a process can choose instead, in words."""
        if self.system.buffered or self.system.actors == self.system.size:
            return ""
        pending = self.model.pending(process + self.system.size)
        return str(pending) if pending else ""

    def _why(self, process: int, variable: str) -> str:
        """Return why a process cannot take its step."""
        if self.system.fault(self.model.state):
            return "the run is over"
        buffers = self.system.contents(self.model.state)[2]
        return "waits for its stores to drain" if buffers and buffers[process] else f"waits for {variable}"

    def step(self, actor: int) -> Step:
        """Let a process take its next step. If a real process has died, restart all of them first."""
        if self.real and self.real.broken:
            self._begin()
        both = self._both
        step = both.step(actor) if both else self.model.step(actor)
        fault = self.model.fault
        if both and fault and fault.word == "deadlock":
            self.evidence = [sentence for _, sentence in both.evidence()]
        return step

    def undo(self) -> None:
        """Undo the last step."""
        if self.model.steps:
            self.go_to(self.taken[:-1])

    def reset(self) -> None:
        """Return to the beginning."""
        self.go_to([])

    def go_to(self, schedule: str | Iterable[int]) -> None:
        """Undo steps and take others, until exactly these are taken.

        If one of them cannot be taken, those before it are, and ReplayFailed says which and why.
        """
        actors = schedules.parse(schedule, self.processes, known=self.system.words)
        taken = self.taken
        same = next((i for i, (a, b) in enumerate(zip(taken, actors, strict=False)) if a != b), len(actors))
        if same < len(taken):
            self.evidence = []
            while len(self.model.steps) > same:
                self.model.undo()
            if self.real:
                self._begin()
        for actor in actors[len(self.model.steps) :]:
            self.step(actor)

    def follow(self, system: System, schedule: list[int]) -> None:
        """Make a schedule the plan. Keep the steps so far if it begins with them; `system` is the one it is for."""
        taken = self.taken if schedule[: len(self.taken)] == self.taken else []
        real = self.real is not None
        self.close()
        self.system, self.plan, self.evidence = system, schedule, []
        self.model = Model(system).run(taken)
        if real:
            self._begin()

    def play_on(self, real: bool) -> None:
        """Continue with real processes, which first repeat the steps so far, or with the model alone."""
        self.evidence = []
        if not real:
            self.close()
        elif self.real is None:
            self._begin()

    def _begin(self) -> None:
        """Start new processes and bring them to the state of the model."""
        self.close()
        system, taken = self.system, self.taken
        if system.buffered:
            raise ReplayFailed(
                "nobody can tell a real processor when to drain a store buffer: this memory model is for the model."
            )
        program = Program(system.memory, system.processes, self.processes)
        self.real = RealProcesses(program, max(ENDLESS, len(system.memory.names)) if system.memory.endless else 0)
        try:
            self.model = Model(system)
            self._both = Together(self.model, self.real)
            for actor in taken:
                self.step(actor)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the real processes, if any; the model stays."""
        real, self.real, self._both = self.real, None, None
        if real:
            real.close()

    def __str__(self) -> str:
        where = []
        for process in range(self.system.size):
            now = self.standing(process)
            where.append(f"{now.name} {now.ended or now.waits or 'next: ' + now.does}")
        fault = self.model.fault
        parts = [f"after {self.schedule}" if self.taken else "at the beginning", ", ".join(where)]
        parts.append(" ".join(f"{name}={value}" for name, value in self.model.snapshot().items() if value is not None))
        parts.append(fault.reason if fault else "every step so far is right")
        return " | ".join(parts)
