"""Store buffers: the memory model of x86 processors (total store order).

Each process's stores wait in its own FIFO buffer; the process itself sees them at once, other processes
only after they have drained to memory. Draining one store is a step that the scheduler can choose.
Atomic operations and semaphores wait until the buffer of their process is empty: they are fences. Only a failed
`try_wait` is a plain load. `drain(p)` empties the buffer of process p from outside, as membarrier(2) does for all
processes.
Source: Owens, Sarkar, Sewell, A Better x86 Memory Model: x86-TSO (2009).
"""

from shmlab.explorer.model.model import DRAIN
from shmlab.explorer.model.states import Buffers, Cells
from shmlab.explorer.model.system import FIELD, Beside, Effect, System
from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.operations import ATOMIC, ENTER, LEAVE, LOAD, STORE, Value, attempts, drained


class BufferedSystem(System):
    """A system in which actor p is process p, and actor size + p drains one store of process p."""

    buffered = True

    def _set_up_actors(self) -> None:
        super()._set_up_actors()
        self.masks += [FIELD] * self.size
        self.moves += [{} for _ in range(self.size)]
        self.names += [f"{name} drains" for name in self.names]
        self.words += [name.lower() for name in self.words]

    def _first_buffers(self) -> Buffers:
        return ((),) * self.size

    def effect(self, cells: Cells, buffers: Buffers, node: Node, process: int) -> Effect | None:
        own = buffers[process]
        if node.kind == STORE:
            stored: Value = node.argument  # type: ignore[assignment]
            later = (*own, (node.address, stored))
            return cells, (*buffers[:process], later, *buffers[process + 1 :]), None
        if node.kind == LOAD:
            for address, value in reversed(own):
                if address == node.address:
                    return cells, buffers, value
        elif own and node.kind not in (ENTER, LEAVE) and not fails(node, cells):
            return None
        elif node.kind == ATOMIC and (other := drained(node.argument)) is not None:
            for address, value in buffers[other]:
                cells = _stored(cells, address, value)
            buffers = (*buffers[:other], (), *buffers[other + 1 :])
        return super().effect(cells, buffers, node, process)

    def beside(self, state: int, actor: int) -> Beside | None:
        waiting = self.contents(state)[2][actor - self.size]
        return (DRAIN, *waiting[0]) if waiting else None

    def work_out(self, state: int, actor: int) -> int | None:
        if actor < self.size:
            return super().work_out(state, actor)
        cells, ghosts, buffers = self.contents(state)
        process = actor - self.size
        if not buffers[process]:
            return None
        (address, value), *later = buffers[process]
        cells = _stored(cells, address, value)
        buffers = (*buffers[:process], tuple(later), *buffers[process + 1 :])
        return self._number((cells, ghosts, buffers), self._truth(cells)) - (state & FIELD)


def fails(node: Node, cells: Cells) -> bool:
    """Return whether this step is a non-waiting acquire of a semaphore that is 0."""
    return attempts(node.kind, node.argument) and not cells[node.address]


def _stored(cells: Cells, address: int, value: Value) -> Cells:
    cells = cells + (None,) * (address + 1 - len(cells))  # endless slots that were never accessed
    return (*cells[:address], value, *cells[address + 1 :])
