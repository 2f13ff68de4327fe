"""A system whose processes may make nondeterministic choices (`shmlab.choose`): all alternatives are explored.

A choice is a step of the process, which takes the first remaining alternative. Passing over that alternative is a
separate step; the scheduler chooses between the two.
"""

from collections.abc import Iterable
from types import FunctionType

from shmlab.explorer.model.model import OTHERWISE
from shmlab.explorer.model.states import Buffers, Cells
from shmlab.explorer.model.system import BITS, FIELD, Beside, Effect, System
from shmlab.explorer.program.automata import Process
from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.operations import CHOOSE, NOWHERE
from shmlab.strategies import functions
from shmlab.strategies.choice import choose


def decides(processes: Iterable[Process]) -> bool:
    """Return whether any of these processes reaches `choose`, under any name, or mentions something of that name.

    The latter because `shmlab.choose` is loaded into its module only on first access.
    """
    things = [thing for function, arguments in processes for thing in (function, *arguments)]
    given = [thing for thing in things if isinstance(thing, FunctionType)]
    return choose in functions.reached(*given) or choose.__name__ in functions.mentioned(*given)


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
        """Return the step that passes over an alternative, which changes nothing in memory; None if there is none."""
        node = self.node(state, actor - self.size)
        return (OTHERWISE, NOWHERE, None) if node.kind == CHOOSE else None

    def process_of(self, actor: int) -> int:
        return actor % self.size
