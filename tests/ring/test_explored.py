"""The protocol's own functions, explored: all interleavings, every death at every step, x86's store buffers, and
what weakly ordered processors do: there with the fences that the text has for them (`WEAK`), and without one of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from shmlab import explore
from shmlab.explorer.report.verdict import Verdict
from shmlab.ring import protocol, turns
from tests.ring.fenceless import changed, without
from tests.ring.stand_in import Killed, Seats, text

# What happens in one exploration: for each producer the items that it puts, for each consumer how many it wants.
Items = Sequence[Sequence[int]]
Wants = Sequence[int]


def produce(buf, seats, put, row, items, dies):
    ring = seats.take(buf, "producer", row, dies)
    done, end = 0, ""
    try:
        for item in items:
            put(ring, item)
            done += len(item) if isinstance(item, tuple) else 1
    except Killed:
        end = "killed"
    ring.bury()
    return done, end


def follow(buf, seats, put, row, items):
    """Sit down where somebody died or left, and put the items that are not in yet."""
    while buf.alive[row].load():
        pass
    ring = seats.take(buf, "producer", row, 0)
    sit_down(ring)  # noqa: F821  # a name of the text
    done = 0
    for item in items[ring.in_[0] :]:
        put(ring, item)
        done += 1
    return done, ""


def consume(buf, seats, get, row, wanted, dies):
    ring = seats.take(buf, "consumer", row, dies)
    got, end = [], ""
    try:
        while len(got) < wanted:
            item = get(ring)
            got += item if isinstance(item, tuple) else [item]
    except Killed:
        end = "killed"
    ring.bury()
    return tuple(got), end


class Explored:
    """One exploration: its verdict, and which processes were killed in some interleaving.

    `dies` maps the number of a process (producers first) to the access before which it dies. `fence`: by the
    "barrier" of who goes to sleep for all, one of the sleeper "alone", each its "own", or "none". `noted`: it stands in
    the ring that somebody died who may have had the producers' mutex. `most`: states after which the search gives up.
    With `late`, the last producer has waited for the mutex in vain already when it begins.
    """

    def __init__(
        self,
        slots: int,
        items: Items,
        wants: Wants,
        dies: Mapping[int, int] | None = None,
        memory: str = "tso",
        fence: str = "barrier",
        succeeded: bool = False,
        batches: bool = False,
        noted: bool = False,
        late: bool = False,
        most: int = 1_000_000,
        **instead: Any,
    ) -> None:
        self.slots, self.items, self.dies = slots, items, dies or {}
        self.killed: set[int] = set()
        seats = Seats(slots, len(items), len(wants), fence, bool(dies), len(items) + len(wants) + succeeded)
        instead = {"FENCED": fence == "own", "WEAK": memory == "weak", **instead, **(BATCHES if batches else {})}
        names = text(put_late=put_late, produce=produce, consume=consume, follow=follow, **instead)
        put = names["put" if len(items) == 1 else "put_in_turn"]
        get = names["get" if len(wants) == 1 else "get_in_turn"]
        given = [(tuple(own),) if batches else tuple(own) for own in items]
        puts = [put] * len(given)
        if late:
            puts[-1] = names["put_late"]
        processes = [(names["produce"], seats, puts[row], row, own) for row, own in enumerate(given)]
        processes += [(names["consume"], seats, get, row, wanted) for row, wanted in enumerate(wants)]
        processes = [(*process, self.dies.get(number, 0)) for number, process in enumerate(processes)]
        if succeeded:
            processes.append((names["follow"], seats, put, 0, tuple(items[0])))
        self.verdict: Verdict = explore(
            processes,
            shared=seats.cells() | ({"producer_lost": [1]} if noted else {}),
            final=self.judge,
            invariant=self.holds,
            memory=memory,
            max_states=most,
        )
        for results in self.ends():
            self.killed |= {number for number, (_, end) in enumerate(results) if end}

    def ends(self) -> Iterator[list[tuple[Any, str]]]:
        """What the processes have returned, wherever all of them have."""
        graph, system = self.verdict.graph, self.verdict.system
        for state in (graph.states[number] for number in graph.ends):
            if not system.waiting(state):
                yield [system.node(state, process).result for process in range(system.size)]

    def holds(self, memory: Any) -> bool:
        mutexes = (memory.producer_mutex, memory.consumer_mutex)
        return 0 <= memory.in_[0] - memory.out[0] <= self.slots and max(mutexes) <= 1

    def judge(self, memory: Any, results: list[tuple[Any, str]]) -> bool | str:
        """Every item exactly once and in order; of who was killed, the operation it was in happened or not."""
        gets = [result for result in results if isinstance(result[0], tuple)]
        puts = [result for result in results if not isinstance(result[0], tuple)]
        in_, out = memory.in_[0], memory.out[0]
        least, taken = sum(done for done, _ in puts), sum(len(got) for got, _ in gets)
        if not least <= in_ <= least + sum(bool(end) for _, end in puts):
            return f"in_ is {in_}, put were {least}"
        if not taken <= out <= taken + sum(bool(end) for _, end in gets):
            return f"out is {out}, taken were {taken}"
        stored = [memory.slots[i % self.slots] for i in range(out, in_)]  # what nobody has taken yet
        seen = [item for got, _ in gets for item in got] + stored
        if len(set(seen)) < len(seen):
            return f"an item twice: {seen}"
        for line in (*(got for got, _ in gets), stored):
            for own in self.items:
                mine = [item for item in line if item in own]
                if mine != sorted(mine):
                    return f"out of order: {line}"
        if out == taken and least > in_ - len(stored) - taken + len(seen):
            return f"lost: {seen}"
        return len(seen) + out - taken == in_ or f"{in_} put, {out} taken, seen {seen}"


put_late = changed(protocol.put_in_turn, "put_late", "ring.acquire(False) or ", "")


# --- without deaths ---------------------------------------------------------------------------------------------------


LONG = pytest.mark.long


def deaths(test: Callable[..., None]) -> Callable[..., None]:
    """A death before every fifth access, or, in the long tests, before each."""
    test = pytest.mark.parametrize("every", [5, pytest.param(1, marks=LONG)])(test)
    return pytest.mark.slow(pytest.mark.timeout(600)(test))


QUICK = (2, [[1, 2, 3]], [3])
CASES = [
    (1, [[1, 2, 3]], [3]),
    (2, [[1, 2, 3]], [1]),
    (1, [[1], [2]], [2]),
    (1, [[1, 2]], [1, 1]),
    (3, [[1, 2], [3]], []),
]
TWO_BY_TWO = (1, [[1], [2]], [1, 1])  # where every side has a mutex, nobody leaves a fence to the sleeper


@pytest.mark.parametrize(
    ("slots", "items", "wants", "fence"),
    [
        *((*QUICK, fence) for fence in ("barrier", "own")),
        *(pytest.param(*case, fence, marks=pytest.mark.slow) for case in CASES for fence in ("barrier", "own")),
        pytest.param(*TWO_BY_TWO, "own", marks=LONG),
    ],
)
def test_every_item_comes_out_once_whatever_the_schedule(slots: int, items: Items, wants: Wants, fence: str) -> None:
    verdict = Explored(slots, items, wants, fence=fence, most=1_200_000).verdict
    assert verdict.ok, str(verdict)


@pytest.mark.slow
def test_without_the_fence_somebody_sleeps_for_ever_on_x86_and_with_it_nobody_does() -> None:
    broken = Explored(1, [[1, 2]], [2], fence="none").verdict
    assert broken.fault == "deadlock" and "waits for items" in str(broken)
    assert Explored(1, [[1, 2]], [2], fence="none", memory="sc").verdict.ok  # it takes a store buffer
    assert Explored(1, [[1, 2]], [2]).verdict.ok
    assert Explored(1, [[1, 2]], [2], fence="own").verdict.ok


def test_a_fence_of_the_sleeper_alone_is_not_enough() -> None:
    broken = Explored(1, [[1, 2]], [2], fence="alone").verdict
    assert broken.fault == "deadlock" and "waits for" in str(broken)


def put_batch(ring, items, timeout=None):
    """What put_many does around the copying; the same for one item is what claim does."""
    done = 0
    while done < len(items):
        index, room = start(ring, len(items) - done, None)  # noqa: F821  # a name of the text
        for i in range(room):
            ring.memory[(index + i) % ring.slots] = items[done + i]
        finish(ring, index + room)  # noqa: F821
        done += room


def get_batch(ring, timeout=None):
    """What get_many does around the copying: of two at a time, or of one where somebody else wants the other."""
    index, count = start(ring, 1 if ring.in_turn else 2, None)  # noqa: F821
    got = tuple([ring.memory[(index + i) % ring.slots] for i in range(count)])
    finish(ring, index + count)  # noqa: F821
    return got


BATCHES = dict(put=put_batch, put_in_turn=put_batch, get=get_batch, get_in_turn=get_batch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slots", "items", "wants"),
    [(2, [[1, 2, 3]], [3]), (2, [[1, 2], [3]], [3]), (2, [[1, 2]], [1, 1])],
)
def test_batches_go_in_and_out_once_and_in_order_whatever_the_schedule(slots: int, items: Items, wants: Wants) -> None:
    verdict = Explored(slots, items, wants, batches=True).verdict
    assert verdict.ok, str(verdict)


# --- on weakly ordered processors -------------------------------------------------------------------------------------


def weakly(case: Mapping[str, Any], **more: Any) -> Verdict:
    return Explored(**case, memory="weak", fence="own", **more).verdict


SHORT = dict(slots=2, items=[[1, 2]], wants=[2])
FULL = dict(slots=1, items=[[1, 2]], wants=[2])
# Nobody has died, but it is noted that somebody may have: one takes the mutex while the other tries to inherit it.
INHERITING = dict(slots=2, items=[[1], [2]], wants=[], noted=True, late=True)


@pytest.mark.parametrize(
    "case",
    [
        SHORT,
        pytest.param(FULL, marks=pytest.mark.slow),
        pytest.param(dict(slots=2, items=[[1, 2, 3]], wants=[1]), marks=pytest.mark.slow),
        pytest.param(dict(slots=2, items=[[1], [2]], wants=[]), marks=pytest.mark.slow),
        pytest.param(dict(slots=2, items=[[1], [2]], wants=[], noted=True), marks=pytest.mark.slow),
        pytest.param(INHERITING, marks=pytest.mark.slow),
        pytest.param(dict(slots=2, items=[[1, 2]], wants=[2], batches=True), marks=pytest.mark.slow),
    ],
)
def test_with_its_fences_every_item_comes_out_once_on_a_weak_machine(case: Mapping[str, Any]) -> None:
    verdict = weakly(case)
    assert verdict.ok, str(verdict)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "number", "case", "says"),
    [
        (protocol.put, 0, FULL, "an item twice"),  # the item, then in_
        (protocol.put, 1, FULL, "waits for items"),  # in_, then the look at who sleeps
        (protocol.get, 0, FULL, "an item twice"),  # the item, then out
        (protocol.get, 1, FULL, "waits for items"),  # out, then the look
        (protocol.wait, 0, FULL, "an item twice"),  # the other side's counter, then the slot
        (protocol.wait, 1, FULL, "an item twice"),  # the same after a sleep
        pytest.param(protocol.put_in_turn, 0, INHERITING, "invariant", marks=LONG),  # the turn, then the mutex
        pytest.param(turns.take_if_lost, 0, INHERITING, "invariant", marks=LONG),  # the turn, then the semaphore
        (turns.take_if_lost, 1, INHERITING, "invariant"),  # the failed attempt, then the second look
    ],
    ids=lambda value: getattr(value, "__name__", None) or (str(value) if isinstance(value, int) else ""),
)
def test_a_fence_taken_out_shows_on_a_weak_machine(
    function: Callable[..., object], number: int, case: Mapping[str, Any], says: str
) -> None:
    broken = weakly(case, most=200_000, **{function.__name__: without(function, number)})
    assert broken.fault and says in str(broken), str(broken)


@deaths
def test_one_of_two_producers_may_die_anywhere_on_a_weak_machine(every: int) -> None:
    deaths_at(every, 2, [[1], [2]], [], 0, 22, memory="weak", fence="own")


# --- with deaths ------------------------------------------------------------------------------------------------------


def deaths_at(every: int, slots: int, items: Items, wants: Wants, who: int, steps: int, **more: Any) -> None:
    """Let process `who` die before its first access, before the one `every` later, ...: working, or while it waits."""
    for step in range(1, steps + 1, every):
        explored = Explored(slots, items, wants, {who: step}, **more)
        assert explored.verdict.ok, f"killed before access {step}: {explored.verdict}"
        assert who in explored.killed, f"nobody lives to see access {step}"


@deaths
def test_a_lone_producer_may_die_anywhere_and_its_successor_goes_on(every: int) -> None:
    deaths_at(every, 1, [[1, 2]], [2], 0, 25, succeeded=True)


@deaths
def test_a_lone_consumer_may_die_anywhere(every: int) -> None:
    deaths_at(every, 2, [[1, 2]], [1], 1, 15)


@deaths
def test_one_of_two_producers_may_die_anywhere_and_the_other_goes_on(every: int) -> None:
    deaths_at(every, 2, [[1], [2]], [], 0, 22)


@deaths
@pytest.mark.parametrize(
    ("slots", "items", "wants", "who"),
    [
        (3, [[1, 2], [3]], [], 0),
        (1, [[1], [2]], [1], 0),  # while the ring may be full: it also dies asleep, with the mutex in its hand
        (2, [[1, 2]], [1, 1], 1),  # one of two consumers
    ],
)
def test_one_of_several_may_die_anywhere_and_the_others_go_on(
    slots: int, items: Items, wants: Wants, who: int, every: int
) -> None:
    deaths_at(every, slots, items, wants, who, 30)


@pytest.mark.slow
@pytest.mark.parametrize("second", [pytest.param(n, marks=() if n % 8 == 1 else LONG) for n in range(1, 34)])
def test_two_of_three_may_die_the_second_while_it_mends_what_the_first_left(second: int) -> None:
    first = 3  # with the mutex in its hand
    explored = Explored(3, [[1], [2], [3]], [], {0: first, 1: second})
    assert explored.verdict.ok, f"killed before accesses {first} and {second}: {explored.verdict}"


# --- the checks notice ------------------------------------------------------------------------------------------------


def take_if_zero(ring):
    ring.turn[0] = INSIDE  # noqa: F821
    ring.acquire(False)
    ring.lost[0] = 0  # BROKEN: without a look at who is inside
    return True


def look_once(ring):
    find_the_dead(ring)  # noqa: F821  # a name of the text
    if not ring.lost[0]:
        return False
    if any(turn[0] == INSIDE for turn in ring.turns):  # noqa: F821
        return False
    ring.turn[0] = INSIDE  # noqa: F821
    ring.acquire(False)  # BROKEN: somebody may have come and gone since the look
    ring.lost[0] = 0
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "step"), [(take_if_zero, 3), (look_once, 2)], ids=["no look at the others", "one look at the others"]
)
def test_a_mutex_inherited_too_early_is_found(broken: Callable[..., object], step: int) -> None:
    items = [[1], [2], [3, 4]]
    found = Explored(4, items, [], {0: step}, take_if_lost=broken).verdict
    assert found.fault == "invariant"
    assert Explored(4, items, [], {0: step}).verdict.ok


def early(ring, item, timeout=None):
    index = ring.in_[0]
    if index >= ring.bound:
        wait(ring, index, timeout)  # noqa: F821  # a name of the text
    ring.in_[0] = index + 1  # BROKEN: before the item is there
    ring.memory[ring.places[index % ring.slots]] = item


def test_a_counter_stored_before_its_item_is_found() -> None:
    found = Explored(2, [[1, 2]], [1], put=early).verdict
    assert found.fault
