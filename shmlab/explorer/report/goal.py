"""The goal of a person who acts as the scheduler: a fault, or a memory state of a certain kind."""

from collections.abc import Callable

from shmlab.explorer.model.model import Model
from shmlab.explorer.model.system import FIELD
from shmlab.explorer.program.cells import View
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.report.verdict import WATCHED
from shmlab.explorer.search import earliest
from shmlab.explorer.search.search import Graph
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

Wanted = str | Callable[[View], object]
Asked = Wanted | tuple[str, Wanted]

TASKS = {
    "lost": "Lose an item: one that was put and never comes out.",
    "duplicated": "Make the same item come out twice.",
    "reordered": "Make two items of one producer come out in the wrong order.",
    "invented": "Make a consumer get something that nobody put.",
    "overwrite": "Make a producer overwrite an item that nobody has read.",
    "empty-read": "Make a consumer read an empty slot.",
    "deadlock": "Make all processes wait for each other, for ever.",
    "mutual-exclusion": "Get two processes into the critical section at once.",
    "exception": "Make a process raise an exception.",
    "invariant": "Reach a memory that must not be.",
}


class Goal:
    """What to reach. `asked` is a word of TASKS, a predicate of the memory, or (sentence, one of these).

    A predicate is reached as soon as it holds for one memory state on the way. Raises ArgumentError.
    """

    def __init__(self, asked: Asked) -> None:
        self.task, wanted = asked if isinstance(asked, tuple) and len(asked) == 2 else ("", asked)
        self.word = wanted if isinstance(wanted, str) else None
        self.wanted = wanted if callable(wanted) else None
        if not isinstance(self.task, str) or (self.word not in TASKS and self.wanted is None):
            raise ArgumentError(
                f"goal must be one of {', '.join(TASKS)}, a function of the memory such as lambda memory: "
                f"memory.count == 1, or (sentence, one of these), not {asked!r}."
            )
        limits.function(self.wanted, "goal", "memory")
        self.task = self.task or TASKS.get(self.word or "", "Reach the memory that is asked for.")

    @property
    def watched(self) -> bool:
        """Return whether only a watch on the slots can detect it. (A watched run ends when the watch sees a fault.)"""
        return self.word in WATCHED

    def reached(self, model: Model) -> bool:
        """Return whether the last step has reached it."""
        if self.wanted is None:
            return self._is(model.fault)
        return bool(self.wanted(View(model.system.memory, model.cells())))

    def found(self, graph: Graph) -> list[int]:
        """Return the numbers of the states in a searched graph that reach it; for a fault, only the nearest."""
        if self.wanted is None:
            return list(earliest.faults(graph, word=self.word or ""))
        memory, contents = graph.system.memory, graph.system.memories
        good = [bool(self.wanted(View(memory, cells))) for cells, _, _ in contents]
        return [number for number, state in enumerate(graph.states) if good[state & FIELD]]

    def _is(self, fault: Fault | None) -> bool:
        return fault is not None and fault.word == self.word
