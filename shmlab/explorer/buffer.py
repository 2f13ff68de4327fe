"""`buf` as an explored program talks to it: each access is handed to an engine, as one step.

The engine is a function `access(kind, address, argument)` that gives the value back. In the model it
suspends the program there; on real processes it waits for its gate and then touches real memory. The
program's text is the same for both.
"""

import operator
import sys
from collections.abc import Callable
from types import FrameType

from shmlab.explorer import memory as cells
from shmlab.explorer.errors import ExplorerError, UnknownVariable, ValueRefused
from shmlab.explorer.freezing import Handle
from shmlab.explorer.memory import Memory
from shmlab.explorer.operations import ACQUIRE, ATOMIC, ENTER, LEAVE, LOAD, RELEASE, STORE, Value

Access = Callable[[int, int, object], object]
HERE = globals()
Refuse = Callable[[ExplorerError], object]  # remembers an error that the program must not swallow


def caller(frame: FrameType) -> FrameType:
    """The frame of the program's own text: the first one from here on that is none of `buf`'s."""
    while frame.f_globals is HERE:
        assert frame.f_back
        frame = frame.f_back
    return frame


class Engine:
    """What every handle carries: the access, and where to report what the program may not do."""

    __slots__ = ("access", "memory", "refuse")

    def __init__(self, memory: Memory, access: Access, refuse: Refuse) -> None:
        self.memory, self.access, self.refuse = memory, access, refuse

    def error(self, error: ExplorerError) -> ExplorerError:
        """The error with the line in front, remembered and ready to be raised."""
        frame = caller(sys._getframe())
        error.args = (f"line {frame.f_lineno} of {frame.f_code.co_name}: {error}",)
        self.refuse(error)
        return error

    def value(self, value: object, name: str) -> Value:
        """`value` as a cell can hold it."""
        if value is None or (type(value) is int and value in cells.CELL):
            return value
        try:
            number = operator.index(value)  # type: ignore[arg-type]  # True, and numbers of other libraries
        except TypeError:
            number = cells.CELL.stop
        if number in cells.CELL:
            return number
        what = f"{type(value).__name__} {value!r}" if type(value) is not int else "number beyond 64 bits"
        raise self.error(ValueRefused(f"{name} cannot hold the {what}: a shared cell holds a whole number or None."))


class Shared(Handle):
    """The base of every `buf`."""

    __slots__ = ()
    _engine: Engine

    def __getattr__(self, name: str) -> object:
        raise self._unknown(name)

    def __setattr__(self, name: str, value: object) -> None:
        kind = type(self).__dict__.get(name)
        if isinstance(kind, property) and kind.fset:
            kind.fset(self, value)
        elif kind is None:
            raise self._unknown(name)
        else:
            how = "store into one of its elements" if isinstance(kind, Array) else "use its own operations"
            what = "is a constant" if name == "capacity" else f"cannot be replaced: {how}"
            raise self._engine.error(ValueRefused(f"buf.{name} {what}."))

    def _unknown(self, name: str) -> ExplorerError:
        from shmlab.strategies.own import nearest

        return self._engine.error(UnknownVariable(nearest(name, self._engine.memory.known())))

    def __repr__(self) -> str:
        return "<buf>"


class Part(Handle):
    """A named part of `buf`."""

    __slots__ = ("_address", "_engine", "_name")
    _use = ""

    def __init__(self, engine: Engine, name: str, address: int) -> None:
        self._engine, self._name, self._address = engine, name, address

    def __repr__(self) -> str:
        return f"<buf.{self._name}>"

    def __bool__(self) -> bool:
        raise self._engine.error(ValueRefused(f"buf.{self._name} is no number: {self._use}"))


class Array(Part):
    """An array of shared variables; `buf.slots` is one."""

    __slots__ = ("_length",)
    _use = "look at one of its elements, such as [0]."

    def __init__(self, engine: Engine, name: str, address: int, length: int | None) -> None:
        super().__init__(engine, name, address)
        self._length = length

    def __len__(self) -> int:
        if self._length is None:
            raise self._engine.error(ValueRefused(f"buf.{self._name} is endless: it has no length."))
        return self._length

    def __getitem__(self, index: int) -> object:
        return self._engine.access(LOAD, self._at(index), None)

    def __setitem__(self, index: int, value: object) -> None:
        at = self._at(index)
        self._engine.access(STORE, at, self._engine.value(value, self._engine.memory.name(at)))

    def __iter__(self) -> object:
        return iter([self[i] for i in range(len(self))])

    def _at(self, index: int) -> int:
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError(f"the index of buf.{self._name} is a whole number, not {index!r}") from None
        if number < 0 and self._length and self._name != "slots":
            number += self._length  # flag[-1] is the last one, as in any list; slots are counted from 0 as in the lab
        if number < 0 or (self._length is not None and number >= self._length):
            last = "on without end" if self._length is None else f"to {self._length - 1}"
            raise IndexError(f"there is no {self._name}[{number}]: it goes from 0 {last}")
        return self._address + number


class SemaphoreCell(Part):
    """A semaphore: `acquire` waits until it is above zero and takes one, `release` gives one back."""

    __slots__ = ()
    _use = "take one with .acquire(), give one back with .release()."

    def acquire(self) -> None:
        self._engine.access(ACQUIRE, self._address, None)

    def release(self) -> None:
        self._engine.access(RELEASE, self._address, None)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    wait = P = down = acquire
    signal = V = up = release


class AtomicCell(Part):
    """An atomic variable: a load and a store that nobody can come between."""

    __slots__ = ()
    _use = "read it with .load()."

    def load(self) -> object:
        return self._engine.access(LOAD, self._address, None)

    def store(self, value: Value) -> None:
        """One store. It takes effect at once: nobody sees the value of before (a full fence)."""
        self._atomic("store", value)

    def test_and_set(self) -> object:
        """Set it to 1 and tell what it was."""
        return self._atomic("swap", 1)

    def swap(self, value: Value) -> object:
        """Store `value` and tell what it was."""
        return self._atomic("swap", value)

    def fetch_add(self, number: int = 1) -> object:
        """Add `number` and tell what it was."""
        return self._atomic("add", number)

    def compare_and_swap(self, old: Value, new: Value) -> object:
        """Store `new` where it is `old`; tell whether it was."""
        return self._atomic("compare", old, new)

    def drain(self, process: int) -> None:
        """Have process number `process` make a fence: its stores until now are in memory."""
        self._atomic("drain", process)

    def try_wait(self) -> object:
        """As a semaphore: take one if there is one, tell whether. A failed attempt is a plain load, and no fence."""
        return self._atomic("take", 1)

    def post(self) -> None:
        """As a semaphore: give one back."""
        self._atomic("post", 1)

    def _atomic(self, what: str, first: Value, second: Value = None) -> object:
        value = self._engine.value
        argument = (what, value(first, self._name), value(second, self._name))
        return self._engine.access(ATOMIC, self._address, argument)


class SectionCell(Part):
    """The critical section: entering and leaving are steps, and two inside are a fault."""

    __slots__ = ()
    _use = "enter it with `with`."

    def __enter__(self) -> None:
        self._engine.access(ENTER, self._address, None)

    def __exit__(self, *_: object) -> None:
        self._engine.access(LEAVE, self._address, None)


PARTS: dict[int, type[Part]] = {cells.SEMAPHORE: SemaphoreCell, cells.ATOMIC: AtomicCell, cells.SECTION: SectionCell}


def bind(memory: Memory, access: Access, refuse: Refuse) -> Shared:
    """`buf` for one process; every access goes to `access`."""
    engine = Engine(memory, access, refuse)
    body: dict[str, object] = {"__slots__": (), "_engine": engine}
    if memory.capacity:
        body["capacity"] = memory.capacity
    for name, address in memory.addresses.items():
        if name == "slots" and memory.endless:
            body[name] = Array(engine, name, address, None)
        elif name not in memory.lengths:
            kind = memory.kind(address)
            body[name] = PARTS[kind](engine, name, address) if kind in PARTS else _variable(engine, name, address)
        elif memory.lengths[name] and memory.kind(address) != cells.VARIABLE:
            part = PARTS[memory.kind(address)]
            body[name] = tuple(part(engine, f"{name}[{i}]", address + i) for i in range(memory.lengths[name]))
        else:
            body[name] = Array(engine, name, address, memory.lengths[name])
    buf: type[Shared] = type("Buf", (Shared,), body)
    return buf()


def _variable(engine: Engine, name: str, address: int) -> property:
    def load(_: Shared) -> object:
        return engine.access(LOAD, address, None)

    def store(_: Shared, value: object) -> None:
        engine.access(STORE, address, engine.value(value, name))

    return property(load, store)
