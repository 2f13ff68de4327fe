"""Processes and shared memory as one transition system.

A state is the memory and the current node of each process. A step of process p depends only on the memory and
p's own node, so it is computed once (`work_out`) and afterwards looked up (`moves`). This makes the search fast.
A state is a single integer: the number of its memory in `memories` and, in the higher bits, the number of each
process's node.

    state = memory | node 0 << BITS | node 1 << 2 * BITS | ...
"""

from collections.abc import Callable, Sequence
from functools import cached_property

from shmlab.explorer.model import foreseen
from shmlab.explorer.model.blocked import Blocked
from shmlab.explorer.model.states import Buffers, Cells, Contents
from shmlab.explorer.program.automata import Automata, Process
from shmlab.explorer.program.automaton import Node, Raised
from shmlab.explorer.program.cells import Memory, View
from shmlab.explorer.program.explorer_errors import CannotFollow
from shmlab.explorer.program.fault import Fault, judged
from shmlab.explorer.program.items import Ghosts, Judge, Watch
from shmlab.explorer.program.operations import (
    ACQUIRE,
    ATOMIC,
    CHOOSE,
    DONE,
    ENTER,
    LEAVE,
    LOAD,
    RAISED,
    RELEASE,
    STORE,
    Value,
    atomically,
)
from shmlab.memory.condition_variable import WAITING

BITS = 24
FIELD = (1 << BITS) - 1
Beside = tuple[str, int, Value]  # a step of the memory system: its name, the address, and the value there afterwards
Effect = tuple[Cells, Buffers, object]  # memory and store buffers after a step, and the value that the process reads


class System:
    """Everything that a search needs to know about a program.

    `automata` are those of the processes; `actors` is the number of schedulable actors, here the processes.
    `invariant(view)` must hold of every memory, and `final(view, results)` when all processes have finished. Both
    return True or None if it holds, otherwise False or a sentence that says what is wrong. `judge` and `watch` check
    items; `consumers` are the processes that get; `excused` are those that may wait for ever.
    """

    def __init__(
        self,
        memory: Memory,
        processes: Sequence[Process],
        automata: Automata,
        names: Sequence[str],
        invariant: Callable[[View], object] | None = None,
        final: Callable[[View, list[object]], object] | None = None,
        judge: Judge | None = None,
        watch: Watch | None = None,
        consumers: Sequence[int] = (),
        excused: Sequence[int] = (),
        absorbing: bool = True,
    ) -> None:
        self.memory, self.names, self.processes, self.automata = memory, list(names), list(processes), automata
        self.size = len(self.automata)
        self.judge, self.watch, self.consumers = judge, watch, list(consumers)
        self.foresees = False  # whether all states are known
        self.excused = frozenset(excused)
        self._invariant, self._final = invariant, final
        self._watched_from = watch.at if watch else memory.slots_at + FIELD  # the watch ignores loads below
        self.absorbing = absorbing  # whether a run ends at its first fault (if not: only to compare counts with SPIN)
        self.faulty: dict[int, Fault] = {}  # by the number of the memory in which a failed run ended
        self.blocked = Blocked(self)
        self.seen_faults: list[Fault] = []  # if faults do not end a run
        self.memories: list[Contents] = []
        self._numbers: dict[tuple[Contents, Fault | None], int] = {}
        self._truths: dict[Cells, Fault | None] = {}
        self._set_up_actors()
        self.initial = self._first_state()

    buffered = False  # whether stores go through store buffers, as on real processors

    def _set_up_actors(self) -> None:
        """Set up the actors, and for each the part of a state (`masks`) that its step depends on."""
        self.masks = [FIELD | FIELD << BITS * (p + 1) for p in range(self.size)]
        self.moves: list[dict[int, int | None]] = [{} for _ in self.masks]
        self.words = list(self.names)  # their names in a schedule

    @property
    def actors(self) -> int:
        return len(self.masks)

    def _first_state(self) -> int:
        cells = self._first_cells()
        contents = (cells, self.watch.initial if self.watch else (), self._first_buffers())
        fault = self._truth(cells)
        for p, automaton in enumerate(self.automata):
            fault = fault or self._raised(p, automaton.nodes[automaton.root])
        state = self._number(contents, fault)
        for p, automaton in enumerate(self.automata):
            state |= automaton.root << BITS * (p + 1)
        return state

    def _first_cells(self) -> Cells:
        return tuple(self.memory.initial)

    def _first_buffers(self) -> Buffers:
        return ()

    def node(self, state: int, process: int) -> Node:
        """Return the current node of a process."""
        return self.automata[process].nodes[state >> BITS * (process + 1) & FIELD]

    def contents(self, state: int) -> Contents:
        return self.memories[state & FIELD]

    def fault(self, state: int) -> Fault | None:
        """Return the fault that ended the run in this state, or None."""
        return self.faulty.get(state & FIELD)

    def after(self, state: int, actor: int) -> int | None:
        """Return the state after a step of `actor`; None if it cannot take one."""
        key = state & self.masks[actor]
        moves = self.moves[actor]
        if key not in moves:
            moves[key] = self.work_out(state, actor)
        move = moves[key]
        return None if move is None else state + move

    def able(self, state: int) -> list[int]:
        """Return the actors that can take a step; none after a fault."""
        if self.fault(state):
            return []
        return [actor for actor in range(self.actors) if self.after(state, actor) is not None]

    def work_out(self, state: int, actor: int) -> int | None:
        """Return the number that a step of `actor` adds to the state; None if it cannot take one."""
        cells, ghosts, waiting = self.memories[state & FIELD]
        node = self.node(state, actor)
        if node.kind >= DONE:
            return None
        before = cells[node.address] if 0 <= node.address < len(cells) else None
        effect = self.effect(cells, waiting, node, actor)
        if effect is None:
            return None
        cells, buffers, value = effect
        automaton = self.automata[actor]
        number = automaton.step(node.number, value)
        shift = BITS * (actor + 1)
        if automaton.nodes[number].kind >= DONE:
            buffers = self.left(buffers, actor)
        quiet = node.address < self._watched_from and automaton.nodes[number].quiet(node)
        quiet = quiet and node.address not in self.memory.guards
        if node.kind == LOAD and quiet and buffers is waiting:
            return (number - node.number) << shift
        ghosts, fault = self._judged(ghosts, cells, node, automaton.nodes[number], actor, before, value)
        return self._number((cells, ghosts, buffers), fault) - (state & FIELD) + ((number - node.number) << shift)

    def process_of(self, actor: int) -> int:
        """Return the process whose step this actor's step counts as, for fairness: here its own."""
        return actor

    def beside(self, state: int, actor: int) -> Beside | None:
        """Return the next step of an actor that is part of the memory system, not a process; None if there is none."""
        return None

    def left(self, buffers: Buffers, process: int) -> Buffers:
        """Return the buffers after a process has ended."""
        return buffers

    def effect(self, cells: Cells, buffers: Buffers, node: Node, process: int) -> Effect | None:
        """Return the effect of `node`'s access on memory; None if it must wait. Raises CannotFollow."""
        kind, at = node.kind, node.address
        if kind == CHOOSE:  # see choosing: until now, this program was not known to choose
            raise CannotFollow(
                f"line {node.line} of {node.function}: choose goes by a name here that is only made when it is called. "
                "Write `from shmlab import choose`, and call choose(...)."
            )
        if at >= len(cells):  # an endless slot that was never accessed
            cells = cells + (None,) * (at + 1 - len(cells))
        held = cells[at]
        if kind == LOAD:
            return cells, buffers, held
        after, value = held, None
        if kind == STORE:
            after = node.argument  # type: ignore[assignment]
        elif kind == ATOMIC:
            after, value = atomically(node.argument, held)  # type: ignore[arg-type]
        elif kind == ACQUIRE:
            if not held:
                return None
            after = held - 1
        elif kind in (RELEASE, ENTER):
            after = (held or 0) + 1
        elif kind == LEAVE:
            after = (held or 0) - 1
        return (*cells[:at], after, *cells[at + 1 :]), buffers, value

    def _judged(
        self, ghosts: Ghosts, cells: Cells, node: Node, after: Node, process: int, before: Value, value: object
    ) -> tuple[Ghosts, Fault | None]:
        """Return the watch's state after a step, and the fault in the step, or None."""
        fault = self._out_of_place(node, process, before, cells)
        if self.watch and node.address >= self._watched_from:
            stored: Value = node.argument if node.kind == STORE else before  # type: ignore[assignment]
            ghosts, seen = self.watch.step(ghosts, node.kind, node.address, before, stored, process)
            fault = fault or seen
        if len(after.taken) > len(node.taken):
            if self.watch:
                ghosts, seen = self.watch.took(ghosts, after.taken[-1], process)
                fault = fault or seen
            if self.judge:
                fault = fault or self.judge.one(after.taken, process)
        return ghosts, fault or self._raised(process, after) or self._truth(cells)

    def fault_of_step(self, node: Node, after: Node, process: int, before: Value, cells: Cells) -> Fault | None:
        """Return the fault in a step by itself, regardless of the items that have come out so far, or None."""
        fault = self._out_of_place(node, process, before, cells)
        return fault or self._raised(process, after) or self._truth(cells)

    def _out_of_place(self, node: Node, process: int, before: Value, cells: Cells) -> Fault | None:
        """Return a fault if a process enters an occupied critical section, or uses a condition without its lock."""
        who, guard = self.names[process], self.memory.guards.get(node.address)
        if node.kind == ENTER and before:
            section = self.memory.name(node.address)
            reason = f"{who} enters the critical section {section!r} while another process is inside"
            return Fault("mutual-exclusion", reason, process)
        if guard is not None and cells[guard]:
            name = self.memory.name(node.address).removesuffix(WAITING)
            reason = f"{who} uses condition {name} without its lock: put `with buf.{name}:` around wait and notify"
            return Fault("exception", reason, process)
        return None

    def _raised(self, process: int, node: Node) -> Fault | None:
        if node.kind != RAISED:
            return None
        assert isinstance(node.result, Raised)
        return Fault("exception", f"{self.names[process]} raised {node.result}", process)

    def _truth(self, cells: Cells) -> Fault | None:
        """Return the fault if the user's invariant does not hold of this memory, or None."""
        if not self._invariant:
            return None
        if cells not in self._truths:
            self._truths[cells] = judged(lambda: self._invariant(View(self.memory, cells)), "the invariant")  # type: ignore[misc]
        return self._truths[cells]

    def _number(self, contents: Contents, fault: Fault | None) -> int:
        """Return the number of a memory. A memory in which a run has failed gets its own number: nothing follows it."""
        if fault and not self.absorbing:
            self.seen_faults.append(fault)
            fault = None
        key = (contents, fault)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.memories)
            self.memories.append(contents)
            if fault:
                self.faulty[number] = fault
        return number

    @cached_property
    def locks(self) -> set[int]:
        """The semaphores that are used as locks."""
        return self.automata.locks()

    def waiting(self, state: int) -> list[int]:
        """Return the processes that have not ended."""
        return [p for p in range(self.size) if self.node(state, p).kind < DONE]

    def end(self, state: int) -> Fault | None:
        """Return the fault of a state in which no process can take a step, or None."""
        if not self.excused.issuperset(self.waiting(state)):
            return self.deadlock(state, {})
        cells = self.contents(state)[0]
        results = [self.node(state, p).result for p in range(self.size)]
        if self.judge and (fault := self.judge.all([results[c] for c in self.consumers])):  # type: ignore[misc]
            return fault
        if self._final:
            final = self._final
            return judged(lambda: final(View(self.memory, cells), results), "what `final` asks of the end")
        return None

    def settled(self, state: int) -> Fault | None:
        """Return the fault that is certain in a state, whatever follows, or None: the run need not have ended."""
        fault = self.fault(state)
        if not fault and self.judge:
            fault = self.judge.twice([self.node(state, c).taken for c in self.consumers])
            if not fault and self.foresees:
                fault = foreseen.fault(self, state)
        if fault:
            return fault
        if not self.able(state):
            return self.end(state)
        stuck = self.blocked.of(state)
        return self.deadlock(state, {}, stuck) if stuck else None

    def deadlock(self, state: int, holders: dict[int, list[int]], waiting: Sequence[int] = ()) -> Fault:
        """Return a deadlock that says who waits for what, held by whom (`holders`: semaphore address -> processes).

        waiting: the deadlocked processes, if others can continue.
        """
        parts = []
        others = [self.names[p] for p in self.waiting(state) if waiting and p not in waiting]
        for p in waiting or self.waiting(state):
            at = self.node(state, p).address
            held = [self.names[q] for q in holders.get(at, ()) if at in self.locks]
            by = f"held by {' and '.join(held)}" if held else f"{self.contents(state)[0][at]}"
            parts.append(f"{self.names[p]} waits for {self.memory.name(at)} ({by})")
        beside = f", whatever {' and '.join(others)} {'do' if others[1:] else 'does'}" if others else ""
        return Fault("deadlock", f"deadlock: {', '.join(parts)}{beside}", waiting=tuple(waiting or self.waiting(state)))
