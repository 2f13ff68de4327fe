"""Reduced search: the same answer from far fewer states, for programs with too many states to visit each.

Three facts make most states of a large program redundant:

1. *A critical section is a transaction (partial-order reduction).* While a process holds a lock, no other can access
   what it protects, so these steps need no interleaving: from the acquire on, the process runs until its next step
   that others could observe. A release never needs interleaving: every process enabled before it still is after it.
2. *History is irrelevant.* Which items a consumer has got so far matters only for what can still go wrong:
   whether an item comes out again, or after a later one of its producer.
3. *Processes that run the same program are interchangeable (symmetry reduction).* Two states that differ only in which
   of them is at which point have the same future.

The search infers what each lock protects (see `protection`).

It applies only to programs that always terminate: in an infinite loop, a step could be postponed for ever.

Sources: Lipton, Reduction (1975); Godefroid, Partial-Order Methods for the Verification of Concurrent Systems (1996);
Stoller and Cohen, Optimistic Synchronization-Based State-Space Reduction (2003); Ip and Dill, Better Verification
Through Symmetry (1996).
"""

import time
from array import array
from collections.abc import Iterator, Sequence

from shmlab.explorer.model.states import Cells
from shmlab.explorer.model.system import BITS, FIELD, System
from shmlab.explorer.program import interrupts
from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.cells import SEMAPHORE
from shmlab.explorer.program.explorer_errors import ExplorerError, OutOfTime
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.items import Ledger
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, DONE, LOAD, RELEASE
from shmlab.explorer.search.protection import Contradicted, Held, Protection
from shmlab.explorer.search.search import EVERY, FIRST_NEWS, NEWS, Progress

FAR = 500  # steps that each process runs alone before the search


class Endless(Exception):
    """A process can take a cycle of steps, so the reduction does not apply."""


class ReducedSystem:
    """A system whose steps are transactions; its states are those of `System`, up to symmetry."""

    def __init__(self, system: System, ledger: Ledger | None, protection: Protection) -> None:
        self.system, self._ledger, self._protection = system, ledger, protection
        held: dict[int, dict[int, Held]] = {id(a): {a.root: frozenset()} for a in system.automata}
        self._held = [held[id(automaton)] for automaton in system.automata]  # by process and node
        self.alike = list(_alike(system))
        self.masks, self.moves = system.masks, [dict[int, int | None]() for _ in system.masks]
        cells, _, buffers = system.contents(system.initial)
        start = (cells, ledger.initial if ledger else (), buffers)
        self.initial = system.initial - (system.initial & FIELD) + system._number(start, system.fault(system.initial))

    def after(self, state: int, process: int) -> int | None:
        """Return the state after a transaction of `process`; None if it cannot take a step."""
        key = state & self.masks[process]
        moves = self.moves[process]
        if key not in moves:
            moves[key] = self._work_out(state, process)
        move = moves[key]
        return None if move is None else state + move

    def _work_out(self, state: int, process: int) -> int | None:
        steps = 0
        now = state
        for after in self.transaction(state, process):
            now, steps = after, steps + 1
            if steps > FAR:
                raise Endless
        return now - state if steps else None

    def transaction(self, state: int, process: int) -> Iterator[int]:
        """Yield the state after each step of a transaction; none if the process must wait or has ended."""
        system, protection = self.system, self._protection
        after = self._step(state, process)
        while after is not None:
            yield after
            node = system.node(after, process)
            if system.fault(after) or not protection.private(process, node, self._of(process, node)):
                return
            after = self._step(after, process)

    def _step(self, state: int, process: int) -> int | None:
        system = self.system
        cells, ghosts, buffers = system.contents(state)
        node = system.node(state, process)
        if node.kind >= DONE:
            return None
        before = cells[node.address] if node.address < len(cells) else None
        effect = system.effect(cells, buffers, node, process)
        if effect is None:
            return None
        cells, buffers, value = effect
        automaton = system.automata[process]
        number = automaton.step(node.number, value)
        self._account(process, node, number)
        fault = system.fault_of_step(node, automaton.nodes[number], process, before, cells)
        if self._ledger and not fault:
            ghosts, fault = self._ledger.enter(ghosts, node.gives.get(value, ()), process)
        move = (number - node.number) << BITS * (process + 1)
        return state - (state & FIELD) + system._number((cells, ghosts, buffers), fault) + move

    def _of(self, process: int, node: Node) -> Held:
        return self._held[process][node.number]

    def _account(self, process: int, node: Node, number: int) -> None:
        """Record the locks that `process` holds after a step, and check the assumptions. Raises Contradicted."""
        at, held = node.address, self._of(process, node)
        locks = self._protection.locks
        if self.system.memory.kind(at) == SEMAPHORE and node.kind in (LOAD, ATOMIC):
            self._protection.shown(at)
        if at in locks and node.kind == ACQUIRE:
            held |= {at}
        elif at in locks and node.kind == RELEASE:
            if at not in held:
                self._protection.no_lock(at)
            held -= {at}
        else:
            self._protection.note(process, node, held)
        for lock in self._held[process].setdefault(number, held) ^ held:  # held or not, depending on the path
            self._protection.no_lock(lock)

    def end(self, state: int) -> Fault | None:
        """Return the fault of a state in which no process can take a step, or None."""
        system = self.system
        waiting = system.waiting(state)
        if not system.excused.issuperset(waiting):
            return system.deadlock(state, {})
        return self._ledger.end(system.contents(state)[1]) if self._ledger and not waiting else None

    def usual(self, state: int) -> tuple[int, tuple[int, ...]]:
        """Return the canonical state (interchangeable processes sorted), and which process of `state` is where."""
        places = list(range(self.system.size))
        ledger = self._ledger
        ghosts = self.system.contents(state)[1]
        for group in self.alike:
            stands = [(state >> BITS * (p + 1) & FIELD, ledger.last(ghosts, p) if ledger else (), p) for p in group]
            if any(stands[i][:2] > stands[i + 1][:2] for i in range(len(stands) - 1)):
                stands.sort()
                for place, (_, _, p) in zip(group, stands, strict=True):
                    places[place] = p
        if places == list(range(self.system.size)):
            return state, tuple(places)
        cells, ghosts, buffers = self.system.contents(state)
        if ledger:
            ghosts = ledger.moved(ghosts, places)
        usual = self.system._number((cells, ghosts, buffers), self.system.fault(state))
        for place, p in enumerate(places):
            usual |= (state >> BITS * (p + 1) & FIELD) << BITS * (place + 1)
        return usual, tuple(places)


def kinds(system: System) -> list[int]:
    """Return, for each process, the number of the first one that runs the same program."""
    automata = [id(automaton) for automaton in system.automata]
    return [automata.index(automaton) for automaton in automata]


def _alike(system: System) -> Iterator[list[int]]:
    """Return the groups of interchangeable processes: the same automaton, and all or none excused."""
    groups: dict[int, list[int]] = {}
    for p, automaton in enumerate(system.automata):
        groups.setdefault(id(automaton), []).append(p)
    excused = system.excused
    return (group for group in groups.values() if len(group) > 1 and len({p in excused for p in group}) == 1)


class ReducedResult:
    """The result of the reduced search: `complete`, the number of states and transactions, and a failing `schedule`.

    `given_up`: the user or the time limit stopped it, so no other search should follow.
    """

    def __init__(self) -> None:
        self.complete, self.stopped, self.given_up = False, "", False
        self.states = self.transitions = 0
        self.seconds = 0.0
        self.fault: Fault | None = None
        self.schedule: list[int] = []


def search(
    system: System,
    ledger: Ledger | None = None,
    max_states: int = 1_000_000,
    max_seconds: float = 60.0,
    progress: Progress | None = None,
    began: float | None = None,
) -> ReducedResult:
    """Check all interleavings of a program, most of them as part of a class. Stops at the first fault.

    Time counts from `began`, a value of time.perf_counter; without it, from now.
    `system` has no watch, invariant or final condition, which could observe the inside of a transaction.
    """
    began = time.perf_counter() if began is None else began
    semaphores = enumerate(zip(system.memory.kinds, system.memory.initial, strict=True))
    locks = frozenset(at for at, (kind, value) in semaphores if kind == SEMAPHORE and value == 1)
    protection = Protection(locks, kinds(system))
    found = ReducedResult()
    while True:
        try:
            reduced = ReducedSystem(system, ledger, protection)
            for process in range(system.size):
                _look_ahead(reduced, process)
            _spread(reduced, found, max_states, began, max_seconds, progress)
        except Contradicted:
            continue
        except (Endless, RecursionError):
            found.stopped = "somebody can wait in a loop"
        except KeyboardInterrupt:
            found.stopped, found.given_up = "it was interrupted", True
        except OutOfTime:
            found.stopped, found.given_up = f"it took more than {max_seconds:g} s", True
        break
    found.complete = not found.stopped
    found.seconds = time.perf_counter() - began
    return found


def _look_ahead(reduced: ReducedSystem, process: int) -> None:
    """Run a process alone, never waiting, to record its accesses before the search relies on any assumption."""
    system = reduced.system
    automaton = system.automata[process]
    node = automaton.nodes[automaton.root]
    cells: Cells = system.contents(system.initial)[0]
    for _ in range(FAR):
        if node.kind >= DONE:
            return
        effect = system.effect(cells, system._first_buffers(), node, process)
        cells, _, value = effect or (cells, (), None)
        try:
            number = automaton.step(node.number, value)
        except ExplorerError:  # on a path that perhaps no run takes
            return
        reduced._account(process, node, number)
        node = automaton.nodes[number]


def _spread(
    reduced: ReducedSystem,
    found: ReducedResult,
    max_states: int,
    began: float,
    max_seconds: float,
    progress: Progress | None,
) -> None:
    system = reduced.system
    first, _ = reduced.usual(reduced.initial)
    states, parents, actors = [first], array("i", [-1]), bytearray(1)
    numbers = {first: 0}
    found.states, found.transitions = 1, 0
    look, news = EVERY, began + FIRST_NEWS
    for number, state in enumerate(states):  # the list grows during the iteration
        if number == look:
            look += EVERY
            interrupts.check()
            now = time.perf_counter()
            if any(automaton.endless() for automaton in system.automata):
                raise Endless
            if len(states) > max_states:
                found.stopped = f"there are more than {max_states:,} states"
            elif now - began > max_seconds:
                found.stopped, found.given_up = f"it took more than {max_seconds:g} s", True
            elif progress and now > news:
                news = now + NEWS
                if progress(len(states), now - began) is False:
                    found.stopped, found.given_up = "it was stopped", True
            if found.stopped:
                return
        fault = system.fault(state)
        stuck = fault is None
        for process in range(system.size) if fault is None else ():
            after = reduced.after(state, process)
            if after is None:
                continue
            stuck = False
            found.transitions += 1
            after, _ = reduced.usual(after)
            if after not in numbers:
                numbers[after] = len(states)
                states.append(after)
                parents.append(number)
                actors.append(process)
        found.states = len(states)
        if stuck:
            fault = reduced.end(state)
        if fault:
            found.fault = fault
            found.schedule = _schedule(reduced, _way(parents, actors, number))
            return
    if any(automaton.endless() for automaton in system.automata):
        raise Endless


def _way(parents: Sequence[int], actors: Sequence[int], number: int) -> list[int]:
    way = []
    while parents[number] >= 0:
        way.append(actors[number])
        number = parents[number]
    return way[::-1]


def _schedule(reduced: ReducedSystem, way: list[int]) -> list[int]:
    """Return the schedule of single steps along `way`, with the symmetry undone."""
    schedule: list[int] = []
    state, who = reduced.usual(reduced.initial)
    for place in way:
        steps = list(reduced.transaction(state, place))
        schedule += [who[place]] * len(steps)
        state, places = reduced.usual(steps[-1])
        who = tuple(who[p] for p in places)
    return schedule
