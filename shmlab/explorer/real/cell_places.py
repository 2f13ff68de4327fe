"""Where the cells of an explored program are stored in a real segment.

Variables, atomics and critical sections are shared variables of the segment, semaphores are named semaphores
beside it, slots are its slots. None is a word that no cell can hold, or an empty slot.
"""

from shmlab.explorer.program import cells as kinds
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.operations import Value
from shmlab.memory import layout as at
from shmlab.memory.layout import Layout

NOTHING = -(1 << 63)  # None in a shared variable


class CellPlaces:
    """The layout for a program's memory with `slots` slots and `processes` processes, and the offset of each cell.

    Raises ReplayFailed if the program has more variables or semaphores than a segment can hold.
    """

    def __init__(self, memory: Memory, slots: int, processes: int) -> None:
        self.memory, self.slots = memory, slots
        cells = range(memory.slots_at)
        self.semaphores = {memory.names[i]: memory.initial[i] or 0 for i in cells if memory.kinds[i] == kinds.SEMAPHORE}
        variables = [memory.names[i] for i in cells if memory.kinds[i] != kinds.SEMAPHORE]
        if len(variables) > at.VARIABLE_COUNT or len(self.semaphores) > at.SEMAPHORE_COUNT:
            raise ReplayFailed(
                f"a segment has {at.VARIABLE_COUNT} shared variables and {at.SEMAPHORE_COUNT} semaphores at most, and "
                f"this program has {len(variables)} and {len(self.semaphores)}: replay it on the model, real=False."
            )
        long = [name for name in [*variables, *self.semaphores] if len(name) >= at.NAME_BYTES]
        if long:
            raise ReplayFailed(f"the name {long[0]!r} is too long for a segment: under {at.NAME_BYTES} letters fit.")
        self._index = {name: at.variable(i) for i, name in enumerate(variables)}
        self.layout = Layout("explored", tuple(variables), self.semaphores, max(2, slots), max(2, slots), 8, processes)

    @property
    def count(self) -> int:
        """Return the number of cells."""
        return self.memory.slots_at + self.slots

    def offset(self, address: int) -> int:
        """Return the offset of a variable's word, or of a slot."""
        if address >= self.memory.slots_at:
            return self.layout.slot(address - self.memory.slots_at)
        return self._index[self.memory.names[address]]

    def semaphore(self, address: int) -> str | None:
        """Return the name of the semaphore at an address; None if the cell is not a semaphore."""
        return self.memory.names[address] if self.memory.kind(address) == kinds.SEMAPHORE else None

    def is_slot(self, address: int) -> bool:
        return address >= self.memory.slots_at


def decode(word: int) -> Value:
    """Return the value that a variable's word represents."""
    return None if word == NOTHING else word


def encode(value: Value) -> int:
    """Return the word for a variable's value."""
    return NOTHING if value is None else value
