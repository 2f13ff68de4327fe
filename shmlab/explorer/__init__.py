"""Every interleaving of a few processes, explored: which fail, why, and the simplest one, step by step.

    verdict = shmlab.explore(put, get, capacity=2, producers=2, consumers=1, items=2)
    verdict.ok, verdict.fault, verdict.reason, verdict.schedule, verdict.paths
    verdict.show()
    verdict.replay(real=True)

A student's functions are plain Python over `buf`; each access to shared memory is one step. How it works:
`automaton` (a process), `system` (a step), `search` (all states), `verdict` (what is wrong).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from shmlab import limits, strategies
from shmlab.errors import ArgumentError
from shmlab.explorer import program as programs
from shmlab.explorer import verdict as verdicts
from shmlab.explorer.errors import (
    CannotFollow,
    EndlessLoop,
    ExplorerError,
    NotDeterministic,
    ReplayFailed,
    UnknownVariable,
    ValueRefused,
)
from shmlab.explorer.memory import Atomic, Critical, Initial, View
from shmlab.explorer.search import Progress
from shmlab.explorer.verdict import Verdict

__all__ = [
    "Atomic",
    "CannotFollow",
    "Critical",
    "EndlessLoop",
    "ExplorerError",
    "NotDeterministic",
    "ReplayFailed",
    "UnknownVariable",
    "ValueRefused",
    "Verdict",
    "explore",
]


def explore(
    program: object,
    get: object = None,
    *,
    capacity: int | None = 2,
    producers: int = 1,
    consumers: int = 1,
    items: int = 2,
    shared: Mapping[str, Initial] | None = None,
    invariant: Callable[[View], object] | None = None,
    final: Callable[[View, list[object]], object] | None = None,
    buffer: str | None = None,
    must_finish: Sequence[int] | None = None,
    must_enter: Sequence[int] = (),
    memory: str = "sc",
    max_states: int = 1_000_000,
    max_seconds: float = 60.0,
    progress: Progress | None = None,
) -> Verdict:
    """Explore all interleavings of a program and judge them.

    The program is `put, get`, the name of a strategy, or a list of processes (function, argument, ...).

    capacity: slots, or None for endless ones; items: how many each producer puts; shared: names and initial
    values of shared variables (numbers, lists, Semaphore, Atomic, Critical). invariant(memory) must hold always,
    final(memory, results) when all have finished: True or None is well, False or a sentence is not. buffer: the
    name of a shared array that is watched like slots. must_finish: numbers of the processes that have to end under
    a fair scheduler (default: all that can); must_enter: those that have to enter the critical section again and
    again. memory: "sc" (sequential consistency) or "tso" (store buffers, as on x86). progress(states, seconds) is
    called during a long search; it stops when that returns False.

    Raises ArgumentError, and the errors of `shmlab.explorer.errors` for what cannot be explored.
    """
    limits.choice(memory, "memory", tuple(programs.MODELS))
    max_states = limits.whole(max_states, "max_states", 1, 8_000_000)
    if get is not None or isinstance(program, str) or callable(program):
        _refuse(buffer=buffer, must_finish=must_finish, must_enter=must_enter or None)
        put = program
        if isinstance(program, str):
            strategy = strategies.find(program)
            put, get = strategy.put, strategy.get
        explored = programs.of_buffer(put, get, capacity, producers, consumers, items, shared, invariant, final, memory)
        return verdicts.verdict(
            explored.system(watched=memory == "sc"),
            explored.system(),
            max_states=max_states,
            max_seconds=max_seconds,
            progress=progress,
        )
    if not isinstance(program, Iterable):
        raise ArgumentError(
            f"explore(put, get), explore('semaphores') or explore([(f, argument), ...]), not {program!r}."
        )
    processes = list(program)
    count = range(len(processes))
    for number in [*(must_finish or ()), *must_enter]:
        limits.whole(number, "the number of a process", 0, max(0, len(processes) - 1))
    excused = [p for p in count if must_finish is not None and p not in must_finish and p not in must_enter]
    explored = programs.of_processes(processes, shared, invariant, final, buffer, excused, memory)
    finishing = list(must_finish) if must_finish is not None else []
    if must_finish is None and not must_enter:
        finishing = [p for p in count if not programs.never_ends(explored.processes[p][0])]
    return verdicts.verdict(
        explored.system(watched=memory == "sc"),
        None,
        finishing,
        must_enter,
        must_finish is not None,
        max_states,
        max_seconds,
        progress,
    )


def _refuse(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(f"{name} is for processes of any kind, explore([(f, argument), ...], {name}=...).")
