"""A weak memory model, similar to that of ARM and POWER processors: independent loads and stores are reordered.

Each process has

- a store buffer. Stores drain to memory in any order, except that stores to the same address stay in order.
- stale copies. When another process's store reaches memory, the old value stays readable until the process
  *catches up* on that address: this models a load that the processor performed early.
- the possibility that a store overtakes earlier loads of other addresses. The store must not depend on the values
  they read: whatever they return, the process must arrive at the same store of the same value.

All three are choices of the scheduler. All processes see stores reach the single memory in the same order (the Arm
architecture has been "multi-copy atomic" since version 8).

The model differs from the architecture in two points: an address dependency does not order two loads here, but does
there. And a store overtakes neither a load of its own address nor the loads before that, and at most two stores are
ahead at a time.

A full fence (an atomic operation) waits for its process's own stores and makes the process catch up. Semaphores are as
in glibc, which is weaker: `release` waits for the stores before it, a successful `acquire` catches up, and a failed
attempt (`try_wait`) is a plain load, which orders nothing.
Source: Alglave, Maranget, Tautschnig, Herding Cats (2014); Pulte and others, Simplifying ARM Concurrency (2018);
McKenney, Memory Barriers: a Hardware View for Software Hackers (2010), for store buffers and stale copies.
"""

from shmlab.explorer.model.model import CATCH_UP, DRAIN, OVERTAKE
from shmlab.explorer.model.states import Buffers, Cells
from shmlab.explorer.model.system import BITS, FIELD, Beside, Effect, System
from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.cells import ATOMIC as ATOMIC_CELL, SEMAPHORE, VARIABLE
from shmlab.explorer.program.explorer_errors import ValueRefused
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, ENTER, LEAVE, LOAD, RELEASE, STORE, Value, drained

MARKS = {DRAIN: "!", CATCH_UP: "?", OVERTAKE: "+"}  # in a schedule: p0!flag, p0?flag, p0+
READABLE = (VARIABLE, ATOMIC_CELL)  # kinds of cells that a plain load may read
AHEAD = 2  # most stores of one process that have overtaken loads at any time
FAR = 8  # most steps that a store may overtake
Pairs = tuple[tuple[int, Value], ...]  # addresses and values


class WeakSystem(System):
    """A system whose `Buffers` are three groups with one entry per process: waiting stores, stale copies, and stores
    that overtook (they also wait, or have already drained; the process has yet to arrive at them).
    """

    buffered = True

    def _set_up_actors(self) -> None:
        super()._set_up_actors()
        cells, processes = range(len(self._first_cells())), range(self.size)
        self.others = [(DRAIN, p, at) for at in cells if self.memory.kind(at) == VARIABLE for p in processes]
        self.others += [(CATCH_UP, p, at) for at in cells if self.memory.kind(at) in READABLE for p in processes]
        self.others += [(OVERTAKE, p, -1) for p in processes]
        for kind, p, at in self.others:
            self.masks.append(FIELD if kind == DRAIN else FIELD | FIELD << BITS * (p + 1))
            self.moves.append({})
            cell = self.memory.name(at) if at >= 0 else ""
            self.names.append(f"{self.names[p]}: {kind} {cell}".rstrip())
            self.words.append(f"{self.names[p].lower()}{MARKS[kind]}{cell}")

    def _first_cells(self) -> Cells:
        """Limit endless slots to as many as there are items."""
        items = len(self.judge) if self.judge and self.memory.endless else 0
        return (*self.memory.initial, *[None] * items)

    def _first_buffers(self) -> Buffers:
        return ((),) * (3 * self.size)

    # --- a step of a process -----------------------------------------------------------------------------------------

    def effect(self, cells: Cells, buffers: Buffers, node: Node, process: int) -> Effect | None:
        stores, stale, ahead = buffers[process :: self.size]
        kind, at, argument = node.kind, node.address, node.argument
        if at >= len(cells):
            raise ValueRefused(f"memory='weak' follows as many endless slots as there are items, and not slot {at}.")
        what = argument[0] if kind == ATOMIC and isinstance(argument, tuple) else ""
        if kind == LOAD and self.memory.kind(at) == VARIABLE:
            return cells, buffers, _readable(at, cells, stores, stale)
        if kind == LOAD and self.memory.kind(at) == SEMAPHORE:  # the newest value, but a plain load: no fence
            return cells, buffers, cells[at]
        if kind == STORE:
            if ahead:  # the process arrives at a store that overtook
                return cells, self._with(buffers, process, ahead=ahead[1:]), None
            return cells, self._with(buffers, process, stores=(*stores, (at, argument))), None  # type: ignore[arg-type]
        if kind in (ENTER, LEAVE):
            return super().effect(cells, buffers, node, process)
        if what == "take" and not (_copy(at, stale, cells[at]) and cells[at]):
            return cells, buffers, False
        if stores and not (kind in (ACQUIRE, LOAD) or what == "take"):
            return None
        if kind == ATOMIC and (other := drained(argument)) is not None:
            if buffers[2 * self.size + other]:
                return None
            for pair in buffers[other]:
                cells, buffers = self._stored(cells, buffers, other, *pair)
            buffers = self._with(buffers, other, stores=(), stale=())
        effect = super().effect(cells, buffers, node, process)
        if effect is None:
            return None
        after, buffers, value = effect
        if kind != RELEASE and what != "post":
            buffers = self._with(buffers, process, stale=())
        if what in ("take", "post"):  # other processes read the value by a plain load
            buffers = self._outdated(buffers, process, at, cells[at], after[at])
        return after, buffers, value

    def left(self, buffers: Buffers, process: int) -> Buffers:
        """Drop the stale copies of a process that has ended: it reads nothing any more."""
        return self._with(buffers, process, stale=()) if buffers[self.size + process] else buffers

    # --- a step of the memory ----------------------------------------------------------------------------------------

    def beside(self, state: int, actor: int) -> Beside | None:
        kind, process, at = self.others[actor - self.size]
        cells, _, buffers = self.contents(state)
        stores, stale, ahead = buffers[process :: self.size]
        if kind == DRAIN:
            return next(((kind, at, value) for address, value in stores if address == at), None)
        if kind == CATCH_UP:
            if not any(address == at for address, _ in stale):
                return None
            rest = _without(stale, at)
            if ahead and not self._path(self.node(state, process), process, cells, stores, rest, ahead)[0]:
                return None  # it would no longer arrive at its store
            return kind, at, cells[at]
        node = self.node(state, process)
        if node.kind != LOAD or len(ahead) == AHEAD:
            return None
        store = self._path(node, process, cells, stores, stale, ahead)[1]
        return (kind, *store) if store else None

    def work_out(self, state: int, actor: int) -> int | None:
        if actor < self.size:
            return super().work_out(state, actor)
        kind, process, at = self.others[actor - self.size]
        cells, ghosts, buffers = self.contents(state)
        if kind != OVERTAKE and not buffers[process if kind == DRAIN else self.size + process]:
            return None  # the usual case, checked cheaply first
        did = self.beside(state, actor)
        if did is None:
            return None
        _, at, value = did
        stores, stale, ahead = buffers[process :: self.size]
        if kind == DRAIN:
            first = stores.index((at, value))
            buffers = self._with(buffers, process, stores=stores[:first] + stores[first + 1 :])
            cells, buffers = self._stored(cells, buffers, process, at, value)
        elif kind == CATCH_UP:
            buffers = self._with(buffers, process, stale=_without(stale, at))
        else:
            buffers = self._with(buffers, process, stores=(*stores, (at, value)), ahead=(*ahead, (at, value)))
        return self._number((cells, ghosts, buffers), self._truth(cells)) - (state & FIELD)

    def _path(
        self, node: Node, process: int, cells: Cells, stores: Pairs, stale: Pairs, ahead: Pairs
    ) -> tuple[bool, tuple[int, Value] | None]:
        """Return whether the process, continuing with what it can read now, arrives at all stores in `ahead`, and the
        store that could overtake next, or None.
        """
        automaton, left, loaded = self.automata[process], list(ahead), set[int]()
        for _ in range(FAR):
            value: Value = None
            if node.kind == LOAD and self.memory.kind(node.address) == VARIABLE:
                loaded.add(node.address)
                value = _readable(node.address, cells, stores, stale)
            elif node.kind == STORE:
                store: tuple[int, Value] = (node.address, node.argument)  # type: ignore[assignment]
                if not left:
                    return True, store if loaded and node.address not in loaded else None
                if left.pop(0) != store:
                    return False, None
            else:
                break
            after = automaton.nodes[automaton.step(node.number, value)]
            if not after.quiet(node):
                break
            node = after
        return not left, None

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _with(
        self,
        buffers: Buffers,
        process: int,
        stores: Pairs | None = None,
        stale: Pairs | None = None,
        ahead: Pairs | None = None,
    ) -> Buffers:
        """Return the buffers with new contents for one process."""
        changed = list(buffers)
        for index, pairs in enumerate((stores, stale, ahead)):
            if pairs is not None:
                changed[index * self.size + process] = pairs
        return tuple(changed)

    def _stored(self, cells: Cells, buffers: Buffers, process: int, at: int, value: Value) -> tuple[Cells, Buffers]:
        """Return cells and buffers after a store of `process` reaches memory."""
        buffers = self._outdated(buffers, process, at, cells[at], value)
        return (*cells[:at], value, *cells[at + 1 :]), buffers

    def _outdated(self, buffers: Buffers, process: int, at: int, before: Value, after: Value) -> Buffers:
        """Return the buffers after a change of memory, with the old value as a stale copy for the other processes."""
        changed = list(buffers)
        for other in range(self.size):
            stale = changed[self.size + other]
            rest = _without(stale, at)
            old = _copy(at, stale, before)
            if other != process and old != after:
                rest = tuple(sorted((*rest, (at, old)), key=lambda pair: pair[0]))
            changed[self.size + other] = rest
        return tuple(changed)


def _readable(at: int, cells: Cells, stores: Pairs, stale: Pairs) -> Value:
    """Return what a load reads: the process's own last store, else its stale copy, else memory."""
    for address, value in reversed(stores):
        if address == at:
            return value
    return _copy(at, stale, cells[at])


def _copy(at: int, stale: Pairs, fresh: Value) -> Value:
    return next((value for address, value in stale if address == at), fresh)


def _without(stale: Pairs, at: int) -> Pairs:
    return tuple([pair for pair in stale if pair[0] != at])
