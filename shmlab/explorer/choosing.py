"""A system whose processes may leave a decision open (`shmlab.choose`): all alternatives are explored.

The decision is taken as a step of the process: its next step takes the first alternative that is left. That it goes
on to another alternative is one more thing that may happen; the scheduler chooses between the two.
"""

from collections.abc import Iterable
from types import CodeType, FunctionType

from shmlab.explorer.automata import Process
from shmlab.explorer.automaton import Node
from shmlab.explorer.model import OTHERWISE
from shmlab.explorer.operations import CHOOSE, NOWHERE
from shmlab.explorer.system import BITS, FIELD, Beside, Buffers, Cells, Effect, System

NAME = "choose"


def mentioned(processes: Iterable[Process]) -> bool:
    """Whether any of these processes, or a function that it mentions, speaks of something called `choose`."""
    seen: set[CodeType] = set()
    work = [thing for function, arguments in processes for thing in (function, *arguments)]
    for thing in work:
        if not isinstance(thing, FunctionType) or thing.__code__ in seen:
            continue
        names: set[str] = set()
        codes = [thing.__code__]
        for code in codes:
            seen.add(code)
            names.update(code.co_names, code.co_freevars)
            codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        if NAME in names:
            return True
        work += [thing.__globals__[name] for name in names if name in thing.__globals__]
    return False


class ChoosingSystem(System):
    """A system in which actor p is process p, and actor size + p is process p, passing over an alternative."""

    def _set_up_actors(self) -> None:
        super()._set_up_actors()
        self._passes_over = False
        self.masks += [FIELD | FIELD << BITS * (p + 1) for p in range(self.size)]
        self.moves += [{} for _ in range(self.size)]
        self.names += [f"{name}'" for name in self.names]
        self.words += [f"{word}'" for word in self.words]

    def work_out(self, state: int, actor: int) -> int | None:
        self._passes_over = actor >= self.size
        try:
            return super().work_out(state, actor % self.size)
        finally:
            self._passes_over = False

    def effect(self, cells: Cells, buffers: Buffers, node: Node, process: int) -> Effect | None:
        if node.kind == CHOOSE:
            return cells, buffers, not self._passes_over
        return None if self._passes_over else super().effect(cells, buffers, node, process)

    def beside(self, state: int, actor: int) -> Beside | None:
        """That an alternative is passed over, which changes nothing in memory."""
        node = self.node(state, actor - self.size)
        return (OTHERWISE, NOWHERE, None) if node.kind == CHOOSE else None

    def process_of(self, actor: int) -> int:
        return actor % self.size
