"""What producers put and consumers get, and the requirements on a buffer.

Every item put must come out exactly once, and a consumer must get one producer's items in the order in which
they were put, unless the buffer is a bag or a stack. Items are judged by what comes out. Watching the slots
*explains* a fault (that store overwrote an unread item), and is never a fault by itself: see `Watch`.
"""

from collections.abc import Sequence

from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import LOAD, STORE, Value

Ghosts = tuple[int, ...]  # what the watch records besides memory: part of the state


def producer(buf, put, items, *me):  # type: ignore[no-untyped-def]
    """Run a producer. `me`: its number, if put takes it."""
    for item in items:
        put(buf, item, *me)


def consumer(buf, get, count, taken, *me):  # type: ignore[no-untyped-def]
    """Run a consumer that gets `count` items. `me`: its number, if get takes it."""
    got: list[object] = []
    while len(got) < count:
        item = get(buf, *me)
        taken(item)
        got.append(item)
    return got


def taker(buf, get, count, taken, *me):  # type: ignore[no-untyped-def]
    """Run a consumer that forgets each item at once: what it got is recorded in a `Ledger`."""
    for _ in range(count):
        taken(get(buf, *me))


def numbered(producers: int, items: int) -> list[list[int]]:
    """Return the items of each producer: 10, 11, 12, ... for the first, 20, 21, ... for the second."""
    unit = 10 ** max(1, len(str(items - 1)))
    return [[unit * (p + 1) + i for i in range(items)] for p in range(producers)]


def shares(total: int, consumers: int) -> list[int]:
    """Return how many items each consumer gets."""
    return [total // consumers + (c < total % consumers) for c in range(consumers)]


class Judge:
    """Which producer put which item; finds what is wrong with the items that came out.

    `returns`: whether get returns anything at all, judging by its source. `order`: whether the order matters.
    """

    def __init__(
        self, items: Sequence[Sequence[int]], names: Sequence[str], returns: bool = True, order: bool = True
    ) -> None:
        self._names, self._returns, self.order = names, returns, order
        self._producer = {item: p for p, own in enumerate(items) for item in own}
        self._consumers_from = len(items)

    def __len__(self) -> int:
        """Return how many items are put."""
        return len(self._producer)

    def __bool__(self) -> bool:
        return True

    def producer(self, item: object) -> int | None:
        """Return the producer of an item; None if there is none."""
        return self._producer.get(item) if type(item) is int else None

    def one(self, got: Sequence[object], process: int) -> Fault | None:
        """Judge the items that one consumer has got so far, the last of which is new."""
        item, who = got[-1], self._names[process]
        if type(item) is not int or item not in self._producer:
            hint = "" if self._returns or item is not None else ": get returns nothing; let it end with `return item`"
            return Fault("invented", f"{who} got {item!r}, which nobody put{hint}", process)
        if item in got[:-1]:
            return Fault("duplicated", f"{who} got item {item} twice", process)
        if not self.order:
            return None
        earlier = [x for x in got[:-1] if type(x) is int and self._producer.get(x) == self._producer[item]]
        if earlier and earlier[-1] > item:
            return Fault("reordered", f"{who} got item {earlier[-1]} before item {item}, which was put first", process)
        return None

    def twice(self, got: Sequence[Sequence[object]]) -> Fault | None:
        """Return a fault if two consumers have got the same item, at any moment."""
        owner: dict[object, int] = {}
        for c, own in enumerate(got, self._consumers_from):
            for item in own:
                if item in owner:
                    both = f"{self._names[owner[item]]} and {self._names[c]}"
                    return Fault("duplicated", f"item {item} came out twice: {both} got it")
                owner[item] = c
        return None

    def all(self, got: Sequence[Sequence[object]]) -> Fault | None:
        """Judge what all consumers have got once every process has finished."""
        if fault := self.twice(got):
            return fault
        lost = [item for item in self._producer if not any(item in own for own in got)]
        if lost:
            return Fault("lost", f"item {lost[0]} of {self._names[self._producer[lost[0]]]} was lost: nobody got it")
        return None


class Ledger:
    """A judge of what comes out, like `Judge`, that records only what can still matter.

    Its ghosts: a bit for each item that has come out, and for each process and producer the last item got, as long
    as an earlier one of that producer has yet to come out. If order does not matter, only the bits.
    """

    def __init__(self, items: Sequence[Sequence[int]], names: Sequence[str], judge: Judge) -> None:
        self._items, self._names, self._judge = items, names, judge
        self._bits = {item: 1 << bit for bit, item in enumerate(item for own in items for item in own)}
        self._all = (1 << len(self._bits)) - 1
        self._producers = len(items)
        self.initial: Ghosts = (0,) * (1 + len(names) * self._producers)

    def enter(self, ghosts: Ghosts, items: Sequence[object], process: int) -> tuple[Ghosts, Fault | None]:
        """Return the ghosts after `process` has got `items`, and the fault, if any."""
        for item in items:
            bit = self._bits.get(item) if type(item) is int else None
            if bit is None:
                return ghosts, self._judge.one((item,), process)
            assert isinstance(item, int)
            if ghosts[0] & bit:
                return ghosts, Fault("duplicated", f"item {item} came out twice", process)
            producer = self._judge.producer(item)
            assert producer is not None
            now = list(ghosts)
            now[0] |= bit
            if not self._judge.order:
                ghosts = tuple(now)
                continue
            at = 1 + process * self._producers + producer
            if now[at] > item:
                return ghosts, self._judge.one((now[at], item), process)
            now[at] = item
            ghosts = tuple(now[:1] + [last if self._matters(now[0], last) else 0 for last in now[1:]])
        return ghosts, None

    def _matters(self, out: int, last: int) -> bool:
        """Return whether an item of the same producer, put before `last`, has yet to come out."""
        producer = self._judge.producer(last)
        return producer is not None and any(
            item < last and not out & self._bits[item] for item in self._items[producer]
        )

    def last(self, ghosts: Ghosts, process: int) -> Ghosts:
        """Return what is recorded about one process."""
        return ghosts[1 + process * self._producers : 1 + (process + 1) * self._producers]

    def moved(self, ghosts: Ghosts, places: Sequence[int]) -> Ghosts:
        """Return the ghosts after renumbering process `places[i]` to i."""
        return (ghosts[0], *(word for p in places for word in self.last(ghosts, p)))

    def end(self, ghosts: Ghosts) -> Fault | None:
        """Return the fault once every process has finished, if any."""
        lost = [item for item, bit in self._bits.items() if not ghosts[0] & bit]
        return Fault("lost", f"item {lost[0]} was lost: nobody got it") if lost else None


class Watch:
    """A watch on the slots. Ghosts: for each slot, whether it holds an unread item; for each process, its last look.

    A store over an unread item is an overwrite. A get that returns no item after its last load was from an empty slot
    is an empty read. Reading twice and clearing a slot after taking are not faults. Without roles (`consumers` None)
    every process may store and take, and a load of an empty slot is a fault at once.
    """

    def __init__(
        self,
        at: int,
        length: int | None,
        names: Sequence[str],
        consumers: Sequence[int] | None = None,
        items: Sequence[int] = (),
    ) -> None:
        processes = len(names)
        self._items = items
        self.at, self._length, self._processes, self._consumers = at, length, processes, consumers
        self._names = names
        self.initial: Ghosts = (0,) * processes + (0,) * (length or 0)

    def step(
        self, ghosts: Ghosts, kind: int, address: int, before: Value, after: Value, process: int
    ) -> tuple[Ghosts, Fault | None]:
        """Return the ghosts after one step, and its fault, if any. `before` and `after` are the cell's values."""
        slot = address - self.at
        if kind not in (LOAD, STORE) or slot < 0 or (self._length is not None and slot >= self._length):
            return ghosts, None
        now = list(ghosts) + [0] * (self._processes + slot + 1 - len(ghosts))
        fault = (
            self._store(now, slot, before, after, process) if kind == STORE else self._load(now, slot, before, process)
        )
        return tuple(now), fault

    def _store(self, now: list[int], slot: int, before: Value, after: Value, process: int) -> Fault | None:
        full = self._processes + slot
        taken_by_me = now[process] == slot + 1
        clears = after is None or (self._consumers is not None and process in self._consumers)
        if clears or (taken_by_me and not now[full] and self._consumers is None and after == 0):
            now[full] = 0
            return None
        if now[full] and before != after:
            who = self._names[process]
            return Fault("overwrite", f"{who} overwrites slots[{slot}]: nobody has read item {before} yet", process)
        now[full] = 1
        return None

    def _load(self, now: list[int], slot: int, value: Value, process: int) -> Fault | None:
        full = self._processes + slot
        if self._consumers is not None and process not in self._consumers:
            return None
        if self._consumers is not None:
            now[process] = 0 if value in self._items or now[full] else -slot - 1
            now[full] = 0
        elif now[full]:
            now[full], now[process] = 0, slot + 1
        elif now[process] != slot + 1:
            return Fault("empty-read", f"{self._names[process]} reads slots[{slot}], which is empty", process)
        return None

    def took(self, ghosts: Ghosts, item: object, process: int) -> tuple[Ghosts, Fault | None]:
        """Judge a get that has returned `item`: if that is none, the slot last looked at may have been empty."""
        looked = ghosts[process]
        fault = None
        if looked < 0 and item not in self._items:
            reason = f"{self._names[process]} took {item!r} from slots[{-looked - 1}], which was empty"
            fault = Fault("empty-read", reason, process)
        return (*ghosts[:process], 0, *ghosts[process + 1 :]), fault
