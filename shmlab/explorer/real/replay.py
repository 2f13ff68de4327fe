"""Replay of a schedule, step by step: on the model, and on real processes with real shared memory.

On real processes the whole memory is read after every step and compared with the model's. The kernel confirms a
deadlock: each waiting process is allowed to block, and the kernel names the semaphore.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from shmlab.explorer.model.build import Program
from shmlab.explorer.model.model import Model
from shmlab.explorer.model.system import System
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.real.lockstep import Different, Together
from shmlab.explorer.real.real_processes import RealProcesses

SAME = "the memory was the model's after every step"


@dataclass(frozen=True)
class Replay:
    """The result of a replay. `ok`: after each of the `steps` steps the memory equalled the model's.

    `sleeping` gives, for each process in a deadlock, the semaphore on which the kernel says that it sleeps.
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


def replay(system: System, processes: Sequence[str], actors: list[int], real: bool = True) -> Replay:
    """Replay a schedule of the processes with these names. Raises ReplayFailed."""
    model = Model(system).run(actors)
    if not real:
        what = model.fault.reason if model.fault else "nothing is wrong so far"
        return Replay(True, len(actors), f"{len(actors)} steps on the model: {what}")
    if system.buffered and any(actor >= system.size for actor in actors):
        raise ReplayFailed(
            "the store buffer of a real processor cannot be told when to drain: replay this schedule on the model, "
            "real=False."
        )
    slots = max(len(model.cells()), len(system.memory.names)) - system.memory.slots_at
    program = Program(system.memory, system.processes, processes)
    with RealProcesses(program, slots) as real_ones:
        return _replayed(Model(system), real_ones, actors)


def _replayed(model: Model, processes: RealProcesses, actors: list[int]) -> Replay:
    """Take the same steps on both, and return the result."""
    different, seconds = "", 0.0
    evidence: list[tuple[tuple[str, str | None], str]] = []
    try:
        both = Together(model, processes)
        began = time.perf_counter()
        for actor in actors:
            both.step(actor)
        seconds = time.perf_counter() - began
        both.compare_endings()
        if model.fault and model.fault.word == "deadlock":
            evidence = both.evidence()
    except Different as error:
        different = str(error)
    lines = [
        f"{len(model.steps)} steps on real processes {', '.join(map(str, processes.pids))} and segment "
        f"{processes.segment}: {different or SAME}",
        *(sentence for _, sentence in evidence),
    ]
    if model.fault:
        lines.append(model.fault.reason)
    sleeping = tuple(found for found, _ in evidence)
    return Replay(
        not different, len(model.steps), "\n".join(lines), tuple(processes.pids), processes.segment, sleeping, seconds
    )
