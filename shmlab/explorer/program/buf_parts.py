"""The parts of an explored program's `buf`: arrays, semaphores, atomic variables, critical sections.

Each operation is one step, which the engine performs. A misspelt operation or a comparison of a lock with a number
raises an error in the program's own terms.
"""

import difflib
import operator
from collections.abc import Callable, Mapping

from shmlab.explorer.program import cells
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.explorer_errors import ExplorerError, UnknownVariable, ValueRefused
from shmlab.explorer.program.freezing import SharedHandle
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, ENTER, LEAVE, LOAD, RELEASE, STORE, Value
from shmlab.memory import condition_variable
from shmlab.memory.condition_variable import ConditionVariable
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphore_rules import COMPARING, USE, Opaque, patience, times

Access = Callable[[int, int, object], object]
Refuse = Callable[[ExplorerError], object]  # records an error that the program must not swallow


class Engine:
    """What every handle has: the access function, and where to report errors of the program."""

    __slots__ = ("access", "memory", "refuse")

    def __init__(self, memory: Memory, access: Access, refuse: Refuse) -> None:
        self.memory, self.access, self.refuse = memory, access, refuse

    def error(self, error: ExplorerError) -> ExplorerError:
        """Record an error, and return it ready to be raised."""
        self.refuse(error)
        return error

    def value(self, value: object, name: str) -> Value:
        """Return `value` as a cell can hold it. Raises ValueRefused."""
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


PRIVATE = ("_address", "_engine", "_length", "_lock", "_name", "_set", "_sleepers", "_waiting", "_woken")


class Part(Opaque, SharedHandle):
    """A named part of `buf`. `_has` are the operations to suggest, `_meant` maps a wrong name to the one intended."""

    __slots__ = ("_address", "_engine", "_name")
    _use = ""
    _has: tuple[str, ...] = ()
    _meant: dict[str, str] = {}  # noqa: RUF012 - constant

    def __init__(self, engine: Engine, name: str, address: int) -> None:
        self._engine, self._name, self._address = engine, name, address

    def __repr__(self) -> str:
        return f"<buf.{self._name}>"

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") or name in PRIVATE:  # Python itself looks up such names
            raise AttributeError(name)
        raise self._engine.error(UnknownVariable(f"buf.{self._name} has no {name}: {self._hint(name)}"))

    def __setattr__(self, name: str, value: object) -> None:
        if name in PRIVATE:
            object.__setattr__(self, name, value)
        else:
            raise self._engine.error(UnknownVariable(f"buf.{self._name}.{name} cannot be set: {self._hint(name)}"))

    def _hint(self, name: str) -> str:
        """Return what to write instead of an attribute that does not exist."""
        has = [own for own in dir(type(self)) if not own.startswith("_")]
        close = difflib.get_close_matches(name, has, 1, 0.5)
        meant = close[0] if close and close[0] in self._has else self._meant.get(name)
        return f"did you mean {meant}? It has {', '.join(self._has)}." if meant else f"{self._use}"

    def __call__(self, *_: object, **__: object) -> object:
        has = f", such as buf.{self._name}.{self._has[0]}()" if self._has else ""
        raise self._engine.error(ValueRefused(f"buf.{self._name} is not a function: use its operations{has}."))

    def _no_number(self) -> ExplorerError:
        return self._engine.error(ValueRefused(f"buf.{self._name} is no number: {self._use}"))


class PartArray(tuple[Part, ...]):
    """An array of semaphores or atomic variables. It is not a list of numbers, and refuses comparisons."""

    __slots__ = ()

    def _no_comparison(self, *_: object) -> object:
        raise self[0]._no_number()

    __hash__ = tuple.__hash__


for _name in COMPARING:
    setattr(PartArray, f"__{_name}__", PartArray._no_comparison)


class Array(Part):
    """An array of shared variables, such as `buf.slots`."""

    __slots__ = ("_length",)
    _use = "look at one of its elements, such as [0]."

    def _hint(self, name: str) -> str:
        if name in ("append", "pop", "insert", "remove", "extend", "clear", "put", "get", "popleft", "appendleft"):
            return f"it has a fixed number of elements. Store into one, buf.{self._name}[i] = item, or read one."
        return self._use

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
            number += self._length  # flag[-1] is the last one, as in any list; slots are counted from 0, as in the lab
        if number < 0 or (self._length is not None and number >= self._length):
            last = "on without end" if self._length is None else f"to {self._length - 1}"
            raise IndexError(f"there is no {self._name}[{number}]: it goes from 0 {last}")
        return self._address + number


class SemaphoreCell(Part):
    """A counting semaphore: `acquire` waits until it is above zero and decrements it, `release` increments it.

    A try-acquire is one step, which decrements it if it can. So is an `acquire` with a timeout: the scheduler may
    schedule a release before it, or let the time run out first. `release(n)` is n steps, and `value` is a load.
    """

    __slots__ = ()
    _use = USE
    _has = ("acquire", "release", "value")
    _meant = (
        dict.fromkeys(("lock", "take", "get", "enter", "p", "aquire"), "acquire")
        | dict.fromkeys(("unlock", "give", "put", "leave", "v", "post", "notify", "notify_all", "set"), "release")
        | dict.fromkeys(("_value", "get_value", "locked", "count", "is_set"), "value")
    )

    def acquire(self, blocking: bool = True, timeout: float | None = None, block: bool = True) -> object:
        """Decrement it; wait while it is zero, unless told otherwise. Return whether it was acquired."""
        try:
            seconds = patience(blocking, timeout, block)
        except ArgumentError as error:
            raise self._engine.error(ValueRefused(f"buf.{self._name}.acquire: {error}")) from None
        if seconds is not None:
            return self._engine.access(ATOMIC, self._address, ("take", 1, None))
        self._engine.access(ACQUIRE, self._address, None)
        return True

    def release(self, n: int = 1) -> None:
        """Increment it `n` times, one step each."""
        try:
            count = times(n)
        except ArgumentError as error:
            raise self._engine.error(ValueRefused(f"buf.{self._name}.release: {error}")) from None
        for _ in range(count):
            self._engine.access(RELEASE, self._address, None)

    @property
    def value(self) -> object:
        """Return its current value, which may change before the caller can act on it."""
        return self._engine.access(LOAD, self._address, None)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    wait = P = down = acquire
    signal = V = up = release


class AtomicCell(Part):
    """An atomic variable: its read-modify-write operations are indivisible."""

    __slots__ = ()
    _use = "read it with .load()."
    _has = ("load", "store", "test_and_set", "swap", "fetch_add", "compare_and_swap")
    _meant = dict.fromkeys(("value", "get", "read", "_value"), "load") | {
        **dict.fromkeys(("set", "write", "put"), "store"),
        **dict.fromkeys(("cas", "compare_exchange", "compare_and_set"), "compare_and_swap"),
        **dict.fromkeys(("add", "increment", "inc", "fetch_and_add", "fetch_sub"), "fetch_add"),
        **dict.fromkeys(("exchange", "get_and_set"), "swap"),
        **dict.fromkeys(("tas", "acquire", "lock"), "test_and_set"),
    }

    def load(self) -> object:
        return self._engine.access(LOAD, self._address, None)

    def store(self, value: Value) -> None:
        """Store a value. It takes effect at once: no process sees the old value afterwards (a full fence)."""
        self._atomic("store", value)

    def test_and_set(self) -> object:
        """Set it to 1 and return the old value."""
        return self._atomic("swap", 1)

    def swap(self, value: Value) -> object:
        """Store `value` and return the old value."""
        return self._atomic("swap", value)

    def fetch_add(self, number: int = 1) -> object:
        """Add `number` and return the old value."""
        return self._atomic("add", number)

    def compare_and_swap(self, old: Value, new: Value) -> object:
        """Store `new` if the value is `old`; return whether it was."""
        return self._atomic("compare", old, new)

    def drain(self, process: int) -> None:
        """Execute a fence for process number `process`: its stores so far reach memory."""
        self._atomic("drain", process)

    def try_wait(self) -> object:
        """Decrement it as a semaphore if possible; return whether it was. A failed attempt is a load, not a fence."""
        return self._atomic("take", 1)

    def post(self) -> None:
        """Increment it, as a semaphore."""
        self._atomic("post", 1)

    def _atomic(self, what: str, first: Value, second: Value = None) -> object:
        value = self._engine.value
        argument = (what, value(first, self._name), value(second, self._name))
        return self._engine.access(ATOMIC, self._address, argument)


class SectionCell(Part):
    """The critical section: entering and leaving are steps, and two processes inside are a fault."""

    __slots__ = ()
    _use = "enter it with `with`."
    _meant = dict.fromkeys(("enter", "acquire", "leave", "release"), "with")
    _has = ("`with`",)

    def __enter__(self) -> None:
        self._engine.access(ENTER, self._address, None)

    def __exit__(self, *_: object) -> None:
        self._engine.access(LEAVE, self._address, None)


class ConditionPart(ConditionVariable, Part):
    """A condition variable: its code is that of a lab, and each access in it is a step."""

    __slots__ = ("_lock", "_set", "_sleepers", "_waiting", "_woken")
    _use = condition_variable.USE
    _has = ("wait", "wait_for", "notify", "notify_all", "acquire", "release")
    _meant = dict.fromkeys(("signal", "set", "wake", "post"), "notify") | {
        **dict.fromkeys(("broadcast", "signal_all", "notifyAll"), "notify_all"),
        **dict.fromkeys(("sleep", "block"), "wait"),
    }

    def __init__(self, engine: Engine, name: str, at: Mapping[str, int], lock: str) -> None:
        super().__init__(engine, name, at[name])
        self._waiting = waiting = at[name + condition_variable.WAITING]
        self._lock = SemaphoreCell(engine, lock, at[lock])
        self._sleepers = SemaphoreCell(engine, name, at[name])
        self._woken = SemaphoreCell(engine, name, at[name + condition_variable.WOKEN])
        self._set = lambda number: engine.access(STORE, waiting, number)

    def _count(self) -> int:
        return self._engine.access(LOAD, self._waiting, None)  # type: ignore[return-value]

    def _error(self, sentence: str) -> Exception:
        return self._engine.error(ValueRefused(f"buf.{self._name}: {sentence}"))


PARTS: dict[int, type[Part]] = {cells.SEMAPHORE: SemaphoreCell, cells.ATOMIC: AtomicCell, cells.SECTION: SectionCell}
