"""Shared memory as the explorer sees it: an array of cells, each with a name, a kind and a value.

    Memory(dict(count=0, flag=[0, 0], empty=Semaphore(2), lock=Atomic(0), critical=Critical()), slots=2)

A cell holds a 64-bit integer or None. Lists become arrays of cells (`flag[0]`, `flag[1]`). The slots come
last, because those of an unbounded buffer have no end.
"""

from collections.abc import Iterator, Mapping, Sequence

from shmlab.explorer.program.operations import Value
from shmlab.memory import condition_variable
from shmlab.memory.condition_variable import WAITING, Condition
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore

VARIABLE, SEMAPHORE, ATOMIC, SECTION = range(4)
RESERVED = ("slots", "capacity")
CELL = range(-(1 << 63) + 1, 1 << 63)  # what a cell can hold besides None


class Atomic:
    """The declaration of an atomic variable in `shared`: its initial value.

    Each of `buf.lock.load()`, `.store(v)`, `.test_and_set()`, `.swap(v)`, `.fetch_add(n)`,
    `.compare_and_swap(old, new)` is one indivisible step.
    """

    __slots__ = ("value",)

    def __init__(self, value: int = 0) -> None:
        self.value = value


class Critical:
    """The declaration of a critical section in `shared`: `with buf.critical:`, mutually exclusive."""

    __slots__ = ()


Element = int | Semaphore | Atomic | None
Initial = Element | Critical | Condition | Sequence[Element]


class Memory:
    """Names, kinds and initial values of all cells. A cell's number is its address.

    `addresses` maps a name to the address of its (first) cell; `lengths` holds the length of every array.
    `slots` is the number of slots, None if unbounded, 0 for none. `conditions` maps the name of each condition
    variable to that of its lock, `guards` the address of its number of waiting processes to that of the lock.
    Raises ArgumentError.
    """

    def __init__(self, shared: Mapping[str, Initial], slots: int | None = 0, capacity: int = 0) -> None:
        self.names: list[str] = []
        self.kinds: list[int] = []
        self.initial: list[Value] = []
        self.addresses: dict[str, int] = {}
        self.lengths: dict[str, int] = {}
        self.capacity = capacity
        self.rows = condition_variable.rows(shared)  # the length of each list of conditions
        for name in shared:
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
                raise ArgumentError(f"shared variable {name!r}: a name is an identifier that begins with a letter.")
            if name in RESERVED and slots != 0:
                raise ArgumentError(f"shared variable {name!r}: buf has that already; choose another name.")
        single = condition_variable.spread(shared)
        self.conditions = condition_variable.locks(single)
        for name, value in single.items():
            if name in self.conditions:
                for part, initial in condition_variable.parts(name, self.conditions[name]).items():
                    self._declare(part, initial)
            else:
                self._declare(name, value)
        address = self.addresses
        self.guards = {address[name + WAITING]: address[lock] for name, lock in self.conditions.items()}
        self.endless = slots is None
        self.slots_at = len(self.names)
        if slots != 0:
            self.addresses["slots"] = self.slots_at
            self._array("slots", [None] * (slots or 0))

    def _declare(self, name: str, value: Initial) -> None:
        self.addresses[name] = len(self.names)
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            if len({type(part) for part in value if part is not None}) > 1:
                raise ArgumentError(f"shared array {name!r} mixes kinds of cells: {value!r}.")
            self._array(name, value)
        else:
            self._cell(name, value)

    def _array(self, name: str, values: Sequence[Element]) -> None:
        self.lengths[name] = len(values)
        for index, value in enumerate(values):
            self._cell(f"{name}[{index}]", value)

    def _cell(self, name: str, value: object) -> None:
        kind = VARIABLE
        if isinstance(value, type) and issubclass(value, (Semaphore, Atomic, Critical)):
            value = value()  # shared=dict(critical=Critical)
        if isinstance(value, Semaphore):
            kind, value = SEMAPHORE, value.value
        elif isinstance(value, Atomic):
            kind, value = ATOMIC, value.value
        elif isinstance(value, Critical):
            kind, value = SECTION, 0
        if value is not None and (not isinstance(value, int) or value not in CELL):
            raise ArgumentError(
                f"shared variable {name!r} starts as a whole number, Semaphore(n), Atomic(n), Critical(), "
                f"Condition(), or a list of these, not {value!r}."
            )
        if kind == SEMAPHORE and (value is None or not 0 <= value < 1 << 31):
            raise ArgumentError(f"semaphore {name!r} starts at a number from 0 on, not {value!r}.")
        self.names.append(name)
        self.kinds.append(kind)
        self.initial.append(None if value is None else int(value))

    def name(self, address: int) -> str:
        """Return a cell's name, even for a slot of an unbounded buffer that has not been filled yet."""
        return self.names[address] if address < len(self.names) else f"slots[{address - self.slots_at}]"

    def kind(self, address: int) -> int:
        return self.kinds[address] if address < len(self.kinds) else VARIABLE

    def known(self) -> list[str]:
        """Return the names that a program can use after `buf.`."""
        names = [*self.addresses, *self.rows, *(["capacity"] if self.capacity else [])]
        return [name for name in names if name.isidentifier()]


class View(Mapping[str, object]):
    """The values of all cells at one moment, by name: `memory.count`, `memory.flag[1]`, `memory["flag[1]"]`."""

    __slots__ = ("_memory", "_values")

    def __init__(self, memory: Memory, values: Sequence[Value]) -> None:
        self._memory, self._values = memory, values

    def __getitem__(self, name: str) -> object:
        memory = self._memory
        if name == "capacity" and memory.capacity:
            return memory.capacity
        if name in memory.addresses:
            at = memory.addresses[name]
            if name == "slots":
                return list(self._values[at:])
            return list(self._values[at : at + memory.lengths[name]]) if name in memory.lengths else self._values[at]
        if name in memory.names:
            return self._values[memory.names.index(name)]
        raise KeyError(name)

    def __getattr__(self, name: str) -> object:
        try:
            return self[name]
        except KeyError:
            from shmlab.strategies.own import nearest

            raise AttributeError(nearest(name, list(self._memory.addresses))) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._memory.addresses)

    def __len__(self) -> int:
        return len(self._memory.addresses)

    def __repr__(self) -> str:
        return " ".join(f"{name}={self[name]}" for name in self)
