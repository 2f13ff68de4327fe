"""Build a system from a student's functions: processes, shared memory, names, and properties to check."""

import ast
import contextlib
import inspect
import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType

from shmlab import strategies
from shmlab.explorer.model import choosing
from shmlab.explorer.model.choosing import ChoosingSystem
from shmlab.explorer.model.system import System
from shmlab.explorer.model.tso import BufferedSystem
from shmlab.explorer.model.weak import WeakSystem
from shmlab.explorer.program import items as buffers, marking
from shmlab.explorer.program.automata import Automata, Process
from shmlab.explorer.program.automaton import TAKEN
from shmlab.explorer.program.cells import Initial, Memory, View
from shmlab.explorer.program.conditions import asked
from shmlab.explorer.program.explorer_errors import CannotFollow, NoText
from shmlab.explorer.program.items import Judge, Ledger, Watch
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore
from shmlab.strategies import functions

MODELS = {"sc": System, "tso": BufferedSystem, "weak": WeakSystem}
MOST = 16  # producers, consumers or processes: with more, no search would finish
USUAL: dict[str, int] = dict(in_=0, out=0, count=0)


class Program:
    """Processes over shared memory, and the properties to check; `system()` makes it explorable."""

    def __init__(
        self,
        memory: Memory,
        processes: Sequence[Process],
        names: Sequence[str],
        invariant: Callable[[View], object] | None = None,
        final: Callable[[View, list[object]], object] | None = None,
        judge: Judge | None = None,
        watch: Watch | None = None,
        consumers: Sequence[int] = (),
        excused: Sequence[int] = (),
        model: str = "sc",
    ) -> None:
        self.memory, self.processes, self.names = memory, list(processes), list(names)
        self.invariant, self.final = asked(invariant, "the invariant"), asked(final, "final")
        self.judge, self.watch = judge, watch
        self.consumers, self.excused, self.model = list(consumers), list(excused), model
        self._automata: dict[bool, Automata] = {}
        self._given: Sequence[Sequence[int]] = ()  # the items that each producer puts, if there are producers
        self._seconds = math.inf  # time limit of a search

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit the processes, inside the `with` block, to `seconds` from now for all steps together."""
        self._give(seconds)
        try:
            yield
        finally:
            self._give(math.inf)

    def _give(self, seconds: float) -> None:
        self._seconds = seconds
        for automata in self._automata.values():
            automata.recorder.within(seconds)

    def system(self, watched: bool = False, merge: bool = True, absorbing: bool = True) -> System:
        """Return a system of this program. Raises CannotFollow and other errors in program/explorer_errors.py."""
        if merge not in self._automata:
            self._automata[merge] = Automata(self.memory, self.processes, merge, self.names, self._seconds)
        return self._kind(self._automata[merge].recorder.outside.chooses)(
            self.memory,
            self.processes,
            self._automata[merge],
            self.names,
            self.invariant,
            self.final,
            self.judge,
            self.watch if watched else None,
            self.consumers,
            self.excused,
            absorbing,
        )

    def _kind(self, chooses: bool) -> type[System]:
        """Return the class of its systems. `chooses`: some process was seen to call `choose`."""
        if not chooses and not choosing.decides(self.processes):
            return MODELS[self.model]
        if self.model != "sc":
            raise CannotFollow(f"choose is explored with memory='sc' only, not with memory={self.model!r}.")
        return ChoosingSystem

    def reducible(self) -> "tuple[System, Ledger | None] | None":
        """Return the system for a reduced search and the ledger that checks its items; None if reduction is unsound.

        An invariant, a watch without a judge, and store buffers observe the inside of a transaction; a final
        condition observes what each process has got.
        """
        if self.model != "sc" or self.invariant or self.final or (self.watch and not self.judge):
            return None
        if self._kind(any(automata.recorder.outside.chooses for automata in self._automata.values())) is not System:
            return None
        processes, ledger = self.processes, None
        if self.judge:
            ledger = Ledger(self._given, self.names, self.judge)
            processes = [
                (buffers.taker if function is buffers.consumer else function, arguments)
                for function, arguments in processes
            ]
        automata = Automata(self.memory, processes, True, self.names, self._seconds)
        return System(self.memory, processes, automata, self.names, excused=self.excused), ledger


def of_buffer(
    put: object,
    get: object,
    capacity: int | None = 2,
    producers: int = 1,
    consumers: int = 1,
    items: int = 2,
    shared: Mapping[str, Initial] | None = None,
    invariant: Callable[[View], object] | None = None,
    final: Callable[[View, list[object]], object] | None = None,
    model: str = "sc",
    order: bool = True,
) -> Program:
    """Return a program of producers that put `items` items each and consumers that get them all.

    `capacity=None`: endless slots.
    """
    put, get = functions.checked(put, "put", "buf, item"), functions.checked(get, "get", "buf")
    producers = limits.whole(producers, "producers", 1, MOST)
    consumers = limits.whole(consumers, "consumers", 1, MOST)
    items = limits.whole(items, "items", 1, 1000)
    capacity = None if capacity is None else limits.whole(capacity, "capacity", 1, 1024)
    initial, endless = _shared(put, get, capacity, shared)
    memory = Memory(initial, None if endless else capacity, capacity or producers * items)
    names = [*_numbered("P", producers), *_numbered("C", consumers)]
    given = buffers.numbered(producers, items)
    shares = buffers.shares(producers * items, consumers)
    getting = range(producers, producers + consumers)
    processes: list[Process] = [
        (buffers.producer, (put, tuple(own), *_number_of(p, put, 2))) for p, own in enumerate(given)
    ]
    processes += [
        (buffers.consumer, (get, share, TAKEN, *_number_of(p, get, 1)))
        for p, share in zip(getting, shares, strict=True)
    ]
    judge = Judge(given, names, _returns(get), order)
    every = [item for own in given for item in own]
    watch = Watch(memory.slots_at, memory.lengths.get("slots") if not endless else None, names, getting, every)
    program = Program(memory, processes, names, invariant, final, judge, watch, getting, model=model)
    program._given = given
    return program


def of_processes(
    processes: Iterable[object],
    shared: Mapping[str, Initial] | None = None,
    invariant: Callable[[View], object] | None = None,
    final: Callable[[View, list[object]], object] | None = None,
    buffer: str | None = None,
    excused: Sequence[int] = (),
    model: str = "sc",
) -> Program:
    """Return a program of `processes`, each (function, argument, ...), called as function(buf, argument, ...)."""
    given = [_process(process) for process in processes]
    if not 1 <= len(given) <= MOST:
        raise ArgumentError(f"give 1 to {MOST} processes, not {len(given)}.")
    if not isinstance(shared or {}, Mapping):
        raise ArgumentError(
            f"shared must be a dict of names and initial values, such as dict(count=0), not {shared!r}."
        )
    initial = _plain(shared or {})
    slots = initial.pop("slots", None)
    count = len(slots) if isinstance(slots, Sequence) else 0
    memory = Memory({**initial, "slots": slots} if slots is not None else initial, capacity=count)
    names = _numbered("P", len(given))
    watch = None
    if buffer is not None:
        if not isinstance(buffer, str) or buffer not in memory.lengths:
            arrays = ", ".join(memory.lengths) or "none"
            raise ArgumentError(f"buffer={buffer!r} must name a shared array. There are: {arrays}.")
        watch = Watch(memory.addresses[buffer], memory.lengths[buffer], names)
    return Program(memory, given, names, invariant, final, watch=watch, excused=excused, model=model)


def _process(given: object) -> Process:
    function, *arguments = given if isinstance(given, (tuple, list)) and given else (given,)
    if not isinstance(function, FunctionType):
        raise ArgumentError(f"a process is (function, argument, ...), not {given!r}.")
    try:
        inspect.signature(function).bind(None, *arguments)
    except TypeError:
        raise ArgumentError(
            f"{function.__name__}{inspect.signature(function)} is called with buf and {len(arguments)} more: "
            f"give (function, argument, ...)."
        ) from None
    return function, tuple(arguments)


def _number_of(process: int, function: FunctionType, usual: int) -> tuple[int, ...]:
    """Return the number of a process as extra arguments, for a put or get that takes it."""
    return (process,) if limits.takes_number(function.__code__, usual) else ()


def _numbered(letter: str, count: int) -> list[str]:
    return [letter] if count == 1 else [f"{letter}{i}" for i in range(count)]


def _shared(
    put: FunctionType, get: FunctionType, capacity: int | None, given: Mapping[str, Initial] | None
) -> tuple[dict[str, Initial], bool]:
    """Return the shared variables of put and get, and whether the slots are endless."""
    modules = [str(f.__module__) for f in (put, get)]
    texts = [sys.modules[name] for name in modules if name.startswith(f"{strategies.__name__}.")]
    endless = capacity is None or any(getattr(text, "UNBOUNDED", False) for text in texts)
    if given is not None:
        if not isinstance(given, Mapping):
            raise ArgumentError(f"shared must be a dict of names and initial values, not {given!r}.")
        return _plain(given), endless
    initial: dict[str, Initial] = {}
    for text in texts:
        initial |= text.shared(capacity or 1)
    free = Semaphore(capacity) if capacity else Semaphore(0)
    usual: dict[str, Initial] = {**USUAL, "empty": free, "full": Semaphore(0), "mutex": Semaphore(1)}
    mentioned = functions.mentioned(put, get)
    return {
        name: value for name, value in {**usual, **initial}.items() if name in mentioned or name in initial
    }, endless


def _plain(shared: Mapping[str, Initial]) -> dict[str, Initial]:
    """Return the initial values, with other libraries' integers converted to int. Raises ArgumentError."""
    return {name: _number(value, name) for name, value in shared.items()}


def _number(value: object, name: str) -> Initial:
    top = type(value).__module__.partition(".")[0].lstrip("_")
    if top in ("thread", "threading", "multiprocessing", "queue", "asyncio"):
        kind = type(value).__name__
        raise ArgumentError(
            f"shared variable {name!r}: {kind} is one of {top}'s, and the explorer cannot see it. Write "
            f"{name}=Semaphore(1) with shmlab.Semaphore for a lock, Semaphore(n) to count, Condition() with "
            "shmlab.Condition for a condition variable, and 0 for a number."
        )
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        elements = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(elements, (list, tuple)):
            return [_number(part, name) for part in elements]  # type: ignore[misc]
    if type(value) is not int and hasattr(type(value), "__index__"):
        return operator.index(value)  # type: ignore[arg-type]
    return value  # type: ignore[return-value]


def _returns(function: FunctionType) -> bool:
    """Return whether a function's source returns a value anywhere; True if there is no source."""
    try:
        definition, _ = marking.definition(function)
    except NoText:
        return True
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(definition))
