"""`explore`: ask whether a program is right in every interleaving, and get a verdict."""

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
    as put(buf, item) and get(buf), or put(buf, item, me) and get(buf, me): the number of the process, producers first.

    capacity: slots, or None for endless ones.
    producers, consumers: how many of each. items: how many each producer puts.
    shared: names and initial values of shared variables (numbers, Semaphore, Condition, Atomic, lists; Critical).
    invariant: `invariant(memory)` must hold always. final: `final(memory, results)` when all have finished.
    True or None is well, False or a sentence is not.
    buffer: the name of a shared array that is watched like slots.
    must_finish: numbers of the processes that have to end under a fair scheduler (default: all that can).
    must_enter: those that have to enter the critical section again and again.
    memory: "sc" (sequential consistency), "tso" (store buffers, as on x86), or "weak" (independent loads and stores
    change places, as on ARM; `shmlab.explorer.model.weak` says how).
    order: False where items may come out in any order, as of a bag or a stack; each still has to come out once.
    fairness: "weak", as with the semaphores of POSIX: whoever could go on all the time does so at some time. "strong":
    moreover, whoever waits for a semaphore that is free again and again gets it at some time.
    sizes: try all sizes up to this number instead of one: capacity (from 2 on, or None), producers, consumers, items.
    The smallest come first, and the first that fails is told.
    max_states, max_seconds: where the search gives up; the verdict then says so.
    progress: `progress(states, seconds)` is called during a search that takes longer than a second, and stops
    it by returning False; by default a line below the cell (or on the terminal) tells how far it is.

    An interrupt stops the search, too: what was seen stays.
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
