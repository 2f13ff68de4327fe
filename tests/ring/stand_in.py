"""What the ring's protocol needs of an end, made of the explorer's shared cells instead of a real segment.

The functions themselves (shmlab/ring/protocol.py, turns.py) are taken as they are: `text` only lets them see the
names below in place of the system calls. To wait for the mutex for a limited time is one step that may fail. A lock on
a seat or on the guard orders what the kernel's own locks order: it is an acquire, and giving it back a release.
To sleep has two forms. Where nobody dies, a sleeper never wakes by himself, so that a wake-up that gets lost is a
deadlock. Where somebody dies, it may have been about to wake the other: there a nap ends by itself, at once.
A process dies by an exception before its n-th access; then its locks are taken back, as the kernel does, and
nothing else happens.
"""

import inspect
from collections.abc import Callable
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.program.freezing import SharedHandle
from shmlab.memory.semaphores import Semaphore
from shmlab.ring import protocol, turns
from shmlab.ring.ends import End

SIDES = {"producer": ("in_", "out", "space", "items"), "consumer": ("out", "in_", "items", "space")}


class Killed(BaseException):
    """The process is no more."""


class Word:
    """A shared variable, or an array of them, of which each access counts."""

    def __init__(self, seat: "Seat", cells: Any) -> None:
        self._seat, self._cells = seat, cells

    def __getitem__(self, index: int) -> Any:
        self._seat.step()
        return self._cells[index]

    def __setitem__(self, index: int, value: int) -> None:
        self._seat.step()
        self._cells[index] = value


class Seat:
    """The base of every end; what differs from process to process stands in its class, so that it is no local state.

    `dies`: before which access the process dies; 0 for never.
    """

    bound = failures = 0
    guarding = False
    in_place = False
    views = True
    fencing = "barrier"
    processes = 0
    mortal = False
    buf: Any
    mutex: Any
    guard_cell: Any
    lost: Any
    own_wakeup: Any
    others_wakeup: Any
    turn: Any

    def __init__(self, dies: int) -> None:
        self.left, self.guarding = dies, False

    def step(self) -> None:
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                self.left = -1
        if self.left < 0:
            raise Killed

    def fence_release(self) -> None:
        self.step()
        if self.fencing != "none":
            self.buf.fence.swap(0)

    def barrier(self) -> None:
        """One's own fence; and one for each of the others, at some moment of its own."""
        self.step()
        if self.fencing != "none":
            self.buf.fence.swap(0)
        for process in range(self.processes) if self.fencing == "barrier" else ():
            self.buf.fence.drain(process)

    def fence_acquire(self, block: bool) -> bool:
        return True

    def fence(self) -> None:
        self.fence_release()

    def acquire(self, block: bool) -> bool:
        self.step()
        taken: bool = self.mutex.try_wait()
        return taken

    def acquire_within(self, seconds: float) -> bool:
        return self.acquire(True)

    def release(self) -> None:
        self.step()
        self.mutex.post()

    def nap(self, seconds: float) -> bool:
        self.step()
        if not self.mortal:
            self.own_wakeup.acquire()
        return not self.mortal

    @property
    def other_wakeup(self) -> Any:
        return SimpleNamespace(release=self.knock)

    def knock(self) -> None:
        self.step()
        if not self.mortal:
            self.others_wakeup.release()

    def guard(self) -> bool:
        self.step()
        taken: bool = self.guard_cell.try_wait()
        if taken:
            self.guarding = True
        return taken

    def unguard(self) -> None:
        self.step()
        self.guarding = False
        self.guard_cell.post()

    def bury(self) -> None:
        """What the kernel does for a dead process: its locks are free, those on its seat and on the guard."""
        if self.guarding:
            self.guard_cell.post()
        self.buf.alive[self.number].swap(0)

    number = 0

    def nothing(self, *_: object) -> None:
        pass

    free = look_around = look_up = explain = nothing


def cells(slots: int, seats: dict[str, int]) -> dict[str, Any]:
    """The shared cells of a ring: `seats` tells how many producers and consumers it has."""
    shared: dict[str, Any] = dict(in_=[0], out=[0], slots=[None] * slots, space=Semaphore(0), items=Semaphore(0))
    shared |= dict(fence=Atomic(0), alive=[Atomic(1) for _ in range(sum(seats.values()))])
    for side, count in seats.items():
        shared |= {f"{side}_sleeps": [0], f"{side}_mutex": Atomic(1), f"{side}_lost": [0]}
        shared |= {f"{side}_guard": Atomic(1), f"{side}_turns": [0] * count}
    return shared


def text(**instead: object) -> dict[str, Any]:
    """The protocol's functions, those of the turns and of batches, calling each other; `instead` replaces names."""
    names: dict[str, Any] = dict(YIELDS=0, NAP=1.0, PAUSE=0, WEAK=False, TYPE_CHECKING=False, Killed=Killed)
    names |= dict(with_guard=with_guard, seats=SimpleNamespace(taken=taken), sched_yield=nothing, sleep=nothing)
    names |= dict(INSIDE=turns.INSIDE, FAILED=1000)
    for module in (turns, protocol):
        names |= {name: value for name, value in functions(module).items() if name not in names}
    names |= dict(start=End.start, finish=End.finish) | instead
    for name, value in names.items():
        if isinstance(value, FunctionType):
            names[name] = FunctionType(value.__code__, names, name, value.__defaults__)
    return names


def nothing(*_: object) -> None:
    pass


def functions(module: ModuleType) -> dict[str, Callable[..., object]]:
    return {name: value for name, value in vars(module).items() if inspect.isfunction(value)}


def with_guard(ring: Any, action: Any, wait: bool = False) -> bool:
    if not ring.guard():
        return False
    done: bool = action(ring)
    ring.unguard()
    return done


def taken(locks: Any, row: int) -> bool:
    return bool(locks[row].load())


class Seats(SharedHandle):
    """Makes the ends of one exploration; each process's class is made once, so that its states can be compared."""

    _name = "seats"

    def __init__(self, slots: int, producers: int, consumers: int, fence: str, mortal: bool, processes: int) -> None:
        self.seats = {"producer": producers, "consumer": consumers}
        self.slots, self.fence, self.mortal, self.processes = slots, fence, mortal, processes
        self._kinds: dict[tuple[int, str, int], type[Seat]] = {}

    def __deepcopy__(self, _: object) -> "Seats":
        return self  # as an argument of a process: it keeps nothing that a run changes

    def cells(self) -> dict[str, Any]:
        return cells(self.slots, self.seats)

    def take(self, buf: Any, side: str, row: int, dies: int = 0) -> Seat:
        key = (id(buf), side, row)
        if key not in self._kinds:
            self._kinds[key] = self._kind(buf, side, row)
        return self._kinds[key](dies)

    def _kind(self, buf: Any, side: str, row: int) -> type[Seat]:
        other = {"producer": "consumer", "consumer": "producer"}[side]
        mine, theirs, own_wakeup, others_wakeup = SIDES[side]
        first = 0 if side == "producer" else self.seats["producer"]
        others = [i for i in range(self.seats[side]) if i != row]

        def word(name: str, index: int = 0) -> property:
            return property(lambda seat: Word(seat, Cell(getattr(buf, name), index)))

        body: dict[str, Any] = dict(
            buf=buf,
            fencing=self.fence,
            processes=self.processes,
            mortal=self.mortal,
            number=first + row,
            slots=self.slots,
            places=range(self.slots),
            in_turn=self.seats[side] > 1,
            reach=self.slots if side == "producer" else 0,
            locks=buf.alive,
            rows=[first + i for i in others],
            mutex=getattr(buf, f"{side}_mutex"),
            guard_cell=getattr(buf, f"{side}_guard"),
            own_wakeup=getattr(buf, own_wakeup),
            others_wakeup=getattr(buf, others_wakeup),
            memory=property(lambda seat: Word(seat, buf.slots)),
            in_=word("in_"),
            out=word("out"),
            mine=word(mine),
            theirs=word(theirs),
            sleeps=word(f"{side}_sleeps"),
            other_sleeps=word(f"{other}_sleeps"),
            lost=word(f"{side}_lost"),
            turn=word(f"{side}_turns", row),
            turns=property(lambda seat: [Word(seat, Cell(getattr(buf, f"{side}_turns"), i)) for i in others]),
        )
        return type(f"{side}{row}", (Seat,), body)


class Cell:
    """One cell of an array, as a word of its own: `cell[0]`."""

    def __init__(self, array: Any, index: int) -> None:
        self._array, self._index = array, index

    def __getitem__(self, _: int) -> Any:
        return self._array[self._index]

    def __setitem__(self, _: int, value: int) -> None:
        self._array[self._index] = value
