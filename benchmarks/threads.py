"""The explorer's test programs with real threads, for tools that explore the schedules of threads.

The functions are the very same. `buf` is an ordinary object here: its semaphores are those of `threading`, its atomic
variables are guarded by a lock, and what would be a fault is noted in it, to be asked for at the end.
"""

import threading
from collections.abc import Callable
from typing import Any

from shmlab.explorer.model.build import Program
from shmlab.explorer.program import cells as kinds
from shmlab.explorer.program.automaton import TAKEN


class Semaphore:
    """A semaphore of `threading`, with all the names that the programs use. One that starts at 1 is a lock here.

    Tools know who holds a lock, and so can tell a deadlock.
    """

    def __init__(self, value: int) -> None:
        semaphore = threading.Lock() if value == 1 else threading.Semaphore(value)  # whatever a tool has put there
        self._acquire = semaphore.acquire
        self.release = self.signal = self.V = semaphore.release

    def acquire(self) -> None:
        if not self._acquire():  # a tool that ends a run in which nobody can go on
            raise TimeoutError("nobody gives this semaphore back")

    wait = P = __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()


class Atomic:
    """An atomic variable."""

    def __init__(self, value: int) -> None:
        self._value, self._lock = value, threading.Lock()

    def load(self) -> int:
        with self._lock:
            return self._value

    def store(self, value: int) -> None:
        with self._lock:
            self._value = value

    def test_and_set(self) -> int:
        with self._lock:
            before, self._value = self._value, 1
            return before


class Critical:
    """A critical section, which notices whether two are inside."""

    def __init__(self, state: "State") -> None:
        self._state, self._inside, self._lock = state, 0, threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            self._state.wrong = self._state.wrong or self._inside > 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1


class State:
    """`buf` for threads: the cells of a program's memory as attributes. `wrong`: a fault was seen."""

    def __init__(self, program: Program) -> None:
        memory = program.memory
        self.wrong, self.taken = False, []  # type: ignore[var-annotated]
        self.capacity = memory.capacity
        for name, at in memory.addresses.items():
            if name in memory.lengths:
                cells = range(at, at + memory.lengths[name])
                setattr(self, name, [self._cell(memory.kinds[cell], memory.initial[cell]) for cell in cells])
            else:
                setattr(self, name, self._cell(memory.kinds[at], memory.initial[at]))

    def _cell(self, kind: int, value: Any) -> Any:
        if kind == kinds.SECTION:
            return Critical(self)
        made: dict[int, Callable[[Any], Any]] = {kinds.SEMAPHORE: Semaphore, kinds.ATOMIC: Atomic}
        return made.get(kind, lambda it: it)(value)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def workers(program: Program) -> list[Callable[[State], object]]:
    """The threads of a program, as functions of its state."""
    return [_worker(function, arguments) for function, arguments in program.processes]


def _worker(function: Callable[..., object], arguments: tuple[Any, ...]) -> Callable[[State], object]:
    def worker(state: State) -> None:
        given = [state.taken.append if argument is TAKEN else argument for argument in arguments]
        function(state, *given)

    return worker


def holds(program: Program) -> Callable[[State], bool]:
    """Whether a run that has ended was right: nothing seen on the way, each item out once, the final condition."""
    items = sorted(item for own in program._given for item in own)
    final = program.final

    def right(state: State) -> bool:
        if state.wrong or (program.judge and sorted(state.taken, key=str) != sorted(items, key=str)):
            return False
        return not final or final._ask(state, []) in (True, None)

    return right
