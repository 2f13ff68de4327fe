"""A schedule played again, step by step: on the model, and on real processes with real shared memory.

On real processes the whole memory is read after every step and compared with the model's. A deadlock is
confirmed by the kernel: each process that waits is let into its semaphore, and the kernel names it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from shmlab.explorer import schedules
from shmlab.explorer.errors import ReplayFailed
from shmlab.explorer.model import Model
from shmlab.explorer.operations import RAISED
from shmlab.explorer.program import Program
from shmlab.explorer.real import RealProcesses
from shmlab.explorer.verdict import Verdict

TURNS = 2  # how often a loop is played


@dataclass(frozen=True)
class Replay:
    """What happened. `ok`: after every one of `steps` steps the memory was that of the model.

    `sleeping` tells for each process of a deadlock the semaphore on which the kernel says that it sleeps.
    `seconds` is the time for the steps alone, without starting and ending the processes.
    """

    ok: bool
    steps: int
    text: str
    pids: tuple[int, ...] = ()
    segment: str = ""
    sleeping: tuple[tuple[str, str | None], ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return self.ok


def replay(verdict: Verdict, real: bool = True, schedule: str | Iterable[int] | None = None) -> Replay:
    """Play the failing schedule of a verdict, or another one. Raises ReplayFailed."""
    system = verdict.system
    if schedule is None:
        if not verdict.fault:
            raise ReplayFailed(
                "nothing fails, so there is no schedule to replay: give one, such as replay(schedule='PPC')."
            )
        actors = verdict.actors + verdict.loop_actors * TURNS
    else:
        actors = schedules.parse(schedule, verdict.processes, system.actors > system.size)
    model = Model(system).run(actors)
    if not real:
        what = model.fault.reason if model.fault else "nothing is wrong so far"
        return Replay(True, len(actors), f"{len(actors)} steps on the model: {what}")
    if any(actor >= system.size for actor in actors):
        raise ReplayFailed(
            "the store buffer of a real processor cannot be told when to drain: replay this schedule on the model, "
            "real=False."
        )
    slots = max(len(model.cells()), len(system.memory.names)) - system.memory.slots_at
    program = Program(system.memory, system.processes, verdict.processes)
    with RealProcesses(program, slots) as processes:
        return _together(Model(system), processes, actors)


def _together(model: Model, processes: RealProcesses, actors: list[int]) -> Replay:
    """The same steps on both, compared."""
    different = _difference(model, processes)
    began = time.perf_counter()
    taken = 0
    for actor in actors:
        if different:
            break
        expected, announced = model.pending(actor), processes.pending(actor)
        assert expected
        there = (expected.operation, expected.variable, expected.line)
        did = f"{announced.operation} {announced.variable}" if announced else processes.ending(actor)
        if announced is None or (announced.operation, announced.variable, announced.line) != there:
            different = f"step {taken + 1}: {model.names[actor]} was to {' '.join(map(str, there))}, and did not: {did}"
            break
        model.step(actor)
        processes.step(actor)
        taken += 1
        different = _difference(model, processes)
    seconds = time.perf_counter() - began
    different = different or _endings(model, processes)
    sleeping: list[tuple[str, str | None]] = []
    lines = [
        f"{taken} steps on real processes {', '.join(map(str, processes.pids))} and segment {processes.segment}: "
        + (different or "the memory was the model's after every step")
    ]
    fault = model.fault
    if fault and fault.word == "deadlock" and not different:
        for p in model.system.waiting(model.state):
            expected = model.pending(p)
            name = processes.let_block(p)
            sleeping.append((model.names[p], name))
            asleep = f"sleeps in the kernel on semaphore {name!r}" if name else "waits (the kernel does not tell where)"
            lines.append(f"process {processes.pids[p]} ({model.names[p]}) {asleep}")
            if name and expected and name != expected.variable:
                different = f"{model.names[p]} sleeps on {name}, not on {expected.variable}"
    if fault:
        lines.append(fault.reason)
    return Replay(
        not different, taken, "\n".join(lines), tuple(processes.pids), processes.segment, tuple(sleeping), seconds
    )


def _difference(model: Model, processes: RealProcesses) -> str:
    """How real memory differs from the model's; empty if not at all."""
    expected, found = model.cells(), processes.cells()
    expected += (None,) * (len(found) - len(expected))
    if expected == found:
        return ""
    name, value, real = next(
        (processes.places.memory.name(i), a, b) for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b
    )
    return f"DIFFERENT after step {len(model.steps)}: {name} is {real} in the segment and {value} in the model"


def _endings(model: Model, processes: RealProcesses) -> str:
    """How the results of those who have ended differ."""
    for p, name in enumerate(model.names[: model.system.size]):
        node = model.system.node(model.state, p)
        expected = "" if model.pending(p) else str(node.result) if node.kind == RAISED else repr(node.result)
        if processes.ending(p) != expected:
            return f"DIFFERENT end: {name} ended with {processes.ending(p)!r}, on the model with {expected!r}"
    return ""
