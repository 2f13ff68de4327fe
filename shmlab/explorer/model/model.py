"""Execute a program's model one step at a time: for a schedule, a table, or a user who acts as scheduler."""

import linecache
from collections.abc import Iterable
from dataclasses import dataclass

from shmlab.explorer.model.system import System
from shmlab.explorer.program import cells as kinds
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, CHOOSE, DONE, LOAD, NAMES, RELEASE, STORE, Value

DRAIN, CATCH_UP, OVERTAKE = "drain", "catch up", "overtake"
GIVE_NOTHING = ("store", "release", "acquire", "choose")  # steps whose displayed value is their argument
OTHERWISE = "pass over"  # see choosing
BESIDE = {DRAIN: " drains", CATCH_UP: " is noticed", OVERTAKE: " goes ahead"}  # steps of the memory: see tso, weak


@dataclass(frozen=True, slots=True)
class Pending:
    """The next step of a process: `operation` on `variable`, with `argument` (the value to store), and its line."""

    operation: str
    variable: str
    argument: object
    line: int
    function: str
    filename: str

    @property
    def source(self) -> str:
        """The source text of the line."""
        return linecache.getline(self.filename, self.line).strip()

    def __str__(self) -> str:
        """`read count`, `count = 3`, `acquire mutex`, `swap lock`, `flag[0] = 1 drains`."""
        if self.operation == NAMES[LOAD]:
            return f"read {self.variable}"
        if self.operation == NAMES[STORE] or self.operation in BESIDE:
            return f"{self.variable} = {self.argument}{BESIDE.get(self.operation, '')}"
        if self.operation in (NAMES[CHOOSE], OTHERWISE):
            return decision(self.operation, self.argument)
        what = self.argument[0] if isinstance(self.argument, tuple) else self.operation
        return f"{'try to acquire' if what == 'take' else what} {self.variable}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken, by actor number `actor`, called `name`.

    `before` and `after` are the cell's values, `value` is the value read or stored; `able` names all actors that were
    enabled; `stale` marks a store to a variable that another process has changed since this one read it (a possible
    lost update); `attempt` marks an acquire that does not wait. `call`: how many calls of put or get the process had
    completed before; `ends`: whether this step completed one, and `moved`: the item that this call put or got.
    """

    actor: int
    name: str
    operation: str
    variable: str
    before: Value
    after: Value
    value: object
    line: int
    function: str
    source: str
    able: tuple[str, ...]
    stale: bool
    memory: tuple[Value, ...]
    attempt: bool = False
    call: int = 0
    ends: bool = False
    moved: object = None

    def __str__(self) -> str:
        """`count → 2` for a load, `count = 3` for a store, `acquire mutex`, `atomic lock: 0 → 1`."""
        if self.operation == NAMES[LOAD]:
            return f"{self.variable} → {self.value}"
        if self.operation == NAMES[STORE]:
            return f"{self.variable} = {self.value}"
        if self.operation in BESIDE:
            return f"{self.variable} = {self.value}{BESIDE[self.operation]}"
        if self.operation in (NAMES[CHOOSE], OTHERWISE):
            return decision(self.operation, self.value)
        if self.attempt:
            return f"acquire {self.variable}" if self.value else f"{self.variable} is 0: none taken"
        if self.operation == NAMES[ATOMIC]:
            return f"atomic {self.variable}: {self.before} → {self.after}"
        return f"{self.operation} {self.variable}"


def decision(operation: str, left: object) -> str:
    """Describe the choice among the alternatives that are left: `choose 0`, or else `choose 1` or `not 0`."""
    assert isinstance(left, tuple)
    if operation == NAMES[CHOOSE]:
        return f"choose {left[0]}"
    return f"choose {left[1]}" if len(left) == 2 else f"not {left[0]}"


class Model:
    """A program at some point of an interleaving. `fault` is the fault there, or None."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.names = system.names
        self._states = [system.initial]
        self.steps: list[Step] = []

    @property
    def state(self) -> int:
        return self._states[-1]

    @property
    def fault(self) -> Fault | None:
        """The fault in the current state: after the last step, or a deadlock of some processes or all; or None."""
        fault = self.system.settled(self.state)
        if fault and fault.word == "deadlock":
            return self.system.deadlock(self.state, self.holders(), fault.waiting)
        return fault

    def pending(self, process: int) -> Pending | None:
        """Return the next step of a process; None if it has ended."""
        system = self.system
        if process >= system.size:
            return self._pending_beside(process)
        node = system.node(self.state, process)
        if node.kind >= DONE:
            return None
        argument = node.argument if node.kind != LOAD else None
        variable = system.memory.name(node.address) if node.address >= 0 else ""
        return Pending(NAMES[node.kind], variable, argument, node.line, node.function, node.filename)

    def _pending_beside(self, actor: int) -> Pending | None:
        beside = self.system.beside(self.state, actor)
        if beside is None:
            return None
        what, address, value = beside
        if what == OTHERWISE:
            node = self.system.node(self.state, actor - self.system.size)
            return Pending(what, "", node.argument, node.line, node.function, node.filename)
        return Pending(what, self.system.memory.name(address), value, 0, "", "")

    def buffered(self, process: int) -> tuple[str, ...]:
        """Return the stores in the store buffer of a process, the next to drain first: `flag[0] = 1`."""
        buffers = self.system.contents(self.state)[2]
        waiting = buffers[process] if buffers else ()
        return tuple(f"{self.system.memory.name(address)} = {value}" for address, value in waiting)

    def enabled(self) -> list[int]:
        """Return the actors that can take a step."""
        return self.system.able(self.state)

    def snapshot(self) -> dict[str, Value]:
        """Return the value of every cell, by name."""
        cells = self.cells()
        return {self.system.memory.name(at): value for at, value in enumerate(cells)}

    def cells(self) -> tuple[Value, ...]:
        return self.system.contents(self.state)[0]

    def step(self, actor: int) -> Step:
        """Let one actor take its step. Raises ReplayFailed if it has ended or must wait."""
        system = self.system
        if not 0 <= actor < system.actors:
            raise ReplayFailed(f"there is no process number {actor}: there are {', '.join(self.names)}.")
        pending, able = self.pending(actor), self.enabled()
        if pending is None or actor not in able:
            raise ReplayFailed(f"step {len(self.steps) + 1}: {self._why_not(actor, pending)}")
        at = self._address(actor)
        before = self._value(at)
        reads = system.effect(*self._sides(), system.node(self.state, actor), actor) if actor < system.size else None
        call = self._calls(actor)
        after = system.after(self.state, actor)
        assert after is not None
        self._states.append(after)
        value = reads[2] if reads and pending.operation not in GIVE_NOTHING else pending.argument
        step = Step(
            actor,
            self.names[actor],
            pending.operation,
            pending.variable,
            before,
            self._value(at),
            value,
            pending.line,
            pending.function,
            pending.source,
            tuple(self.names[q] for q in able),
            pending.operation == NAMES[STORE] and self._stale(actor, pending.variable),
            self.cells(),
            isinstance(pending.argument, tuple) and pending.argument[0] == "take",
            call,
            self._calls(actor) > call,
            self._moved(actor, call),
        )
        self.steps.append(step)
        return step

    def undo(self) -> None:
        """Undo the last step."""
        if self.steps:
            self.steps.pop()
            self._states.pop()

    def reset(self) -> None:
        """Return to the initial state."""
        self.steps.clear()
        del self._states[1:]

    def run(self, schedule: Iterable[int]) -> "Model":
        """Take all steps of a schedule. Raises ReplayFailed, which says which step is impossible."""
        for actor in schedule:
            self.step(actor)
        return self

    def holders(self) -> dict[int, list[int]]:
        """Return the actors that hold each semaphore used as a lock (it starts at 1), by address."""
        memory = self.system.memory
        held: dict[int, list[int]] = {}
        for step in self.steps:
            at = memory.names.index(step.variable) if step.variable in memory.names else -1
            if at < 0 or memory.kinds[at] != kinds.SEMAPHORE or memory.initial[at] != 1:
                continue
            if step.operation == NAMES[ACQUIRE] or (step.attempt and step.value):
                held.setdefault(at, []).append(step.actor)
            elif step.operation == NAMES[RELEASE] and step.actor in held.get(at, ()):
                held[at].remove(step.actor)
        return held

    def _why_not(self, actor: int, pending: Pending | None) -> str:
        name = self.names[actor]
        if self.system.fault(self.state):
            return f"the run has ended: {self.system.fault(self.state).reason}."  # type: ignore[union-attr]
        if pending is None:
            return f"{name} has nothing left to do."
        return f"{name} has to wait for {pending.variable}."

    def _sides(self) -> tuple[tuple[Value, ...], tuple[tuple[tuple[int, Value], ...], ...]]:
        cells, _, buffers = self.system.contents(self.state)
        return cells, buffers

    def _address(self, actor: int) -> int:
        if actor < self.system.size:
            return self.system.node(self.state, actor).address
        beside = self.system.beside(self.state, actor)
        assert beside
        return beside[1]

    def _calls(self, actor: int) -> int:
        return self.system.node(self.state, actor).finished if actor < self.system.size else 0

    def _moved(self, actor: int, call: int) -> object:
        """Return the item that call number `call` of a producer or consumer moved, or None if it has not completed."""
        system = self.system
        if not system.judge or self._calls(actor) <= call:
            return None
        if actor in system.consumers:
            return next(iter(system.node(self.state, actor).taken[-1:]), None)
        _, (_, items, *_) = system.processes[actor]
        return items[call]  # type: ignore[index]

    def _value(self, at: int) -> Value:
        cells = self.cells()
        return cells[at] if 0 <= at < len(cells) else None

    def _stale(self, actor: int, variable: str) -> bool:
        """Return whether another process has stored to `variable` since this one last read it."""
        for step in reversed(self.steps):
            if step.variable == variable:
                if step.actor == actor:
                    return False
                if step.operation == NAMES[STORE]:
                    return any(
                        s.actor == actor and s.variable == variable and s.operation == NAMES[LOAD] for s in self.steps
                    )
        return False
