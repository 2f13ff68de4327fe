"""`explore`: check whether a program is correct in every interleaving, and return a verdict."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from shmlab.explorer.program.cells import Atomic, Critical, Initial, View
from shmlab.explorer.program.explorer_errors import (
    CannotFollow,
    EndlessLoop,
    ExplorerError,
    NotDeterministic,
    ReplayFailed,
    UnknownVariable,
    ValueRefused,
)
from shmlab.explorer.report import question, sizes as several_sizes
from shmlab.explorer.report.question import Question
from shmlab.explorer.report.verdict import Verdict
from shmlab.explorer.search.progress_line import told
from shmlab.explorer.search.search import Progress
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

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
    order: bool = True,
    fairness: str = "weak",
    sizes: int | None = None,
    max_states: int = 1_000_000,
    max_seconds: float = 60.0,
    progress: Progress | None = None,
) -> Verdict:
    """Explore all interleavings of a program and judge them.

    The program is `put, get`, the name of a strategy, or a list of processes (function, argument, ...). They are called
    as put(buf, item) and get(buf), or put(buf, item, me) and get(buf, me): `me` is the process number, producers first.

    capacity: number of slots, or None for an unbounded buffer.
    producers, consumers: how many of each. items: how many each producer puts.
    shared: names and initial values of shared variables (numbers, Semaphore, Condition, Atomic, lists; Critical).
    invariant: `invariant(memory)` must always hold. final: `final(memory, results)` must hold when all have finished.
    True or None means that it holds; False or a sentence, that it does not.
    buffer: the name of a shared array that is watched like slots.
    must_finish: numbers of the processes that must terminate under a fair scheduler (default: all that can).
    must_enter: numbers of those that must enter the critical section infinitely often.
    memory: "sc" (sequential consistency), "tso" (store buffers, as on x86), or "weak" (independent loads and stores
    may be reordered, as on ARM; `shmlab.explorer.model.weak` explains how).
    order: False if items may come out in any order, as from a bag or a stack; each must still come out exactly once.
    fairness: "weak", as for POSIX semaphores: one that is continuously enabled eventually takes a step. "strong":
    moreover, a process waiting for a semaphore that is free infinitely often eventually acquires it.
    sizes: try all sizes up to this number instead of one: capacity (from 2, or None), producers, consumers, items.
    The smallest come first, and the first that fails is reported.
    max_states, max_seconds: where the search gives up; the verdict then says so.
    progress: `progress(states, seconds)` is called during a search that takes longer than a second, and stops
    it by returning False; by default a line below the cell (or on the terminal) shows the progress.

    An interrupt also stops the search: what has been explored is kept.
    Raises ArgumentError, and the errors of `shmlab.explorer.program.explorer_errors` for what cannot be explored.
    """
    if sizes is not None:
        sizes = limits.whole(sizes, "sizes", 1, several_sizes.MOST)
        if get is None and not isinstance(program, str):
            raise ArgumentError("sizes is for put and get: processes of other kinds have none.")
    ask: Callable[..., Question] = partial(
        question.of,
        program,
        get,
        shared=shared,
        invariant=invariant,
        final=final,
        buffer=buffer,
        must_finish=must_finish,
        must_enter=must_enter,
        memory=memory,
        order=order,
        fairness=fairness,
    )

    def answer(tell: Progress | None) -> Verdict:
        if sizes is None:
            asked = ask(capacity=capacity, producers=producers, consumers=consumers, items=items)
            return asked.verdict(max_states, max_seconds, tell)
        tried = several_sizes.up_to(sizes, endless=capacity is None)
        return several_sizes.verdict(lambda size: ask(**size), tried, max_states, max_seconds, tell)

    if progress is not None:
        return answer(progress)
    with told() as tell:
        return answer(tell)
