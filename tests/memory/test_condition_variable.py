"""Condition variables: the same as a Mesa monitor by its definition, as Python's own, in the explorer and in a lab."""

import re
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shmlab import Condition, Lab, Semaphore, explore
from shmlab.explorer.program.explorer_errors import ExplorerError
from shmlab.explorer.program.operations import DONE
from shmlab.explorer.report import question
from shmlab.explorer.search.search import search
from shmlab.memory.errors import ArgumentError, WorkerFailed
from tests.explorer import mesa

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def monitor(*conditions: str, **variables: int) -> dict[str, Any]:
    return {**variables, "lock": Semaphore(1)} | {name: Condition("lock") for name in conditions}


def put(buf, item):
    with buf.not_full:
        while buf.count == buf.capacity:
            buf.not_full.wait()
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
        buf.count += 1
        buf.not_empty.notify()


def get(buf):
    with buf.not_empty:
        buf.not_empty.wait_for(lambda: buf.count > 0)
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
        buf.count -= 1
        buf.not_full.notify()
    return item


def get_that_looks_once(buf):
    with buf.not_empty:
        if buf.count == 0:
            buf.not_empty.wait()
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
        buf.count -= 1
        buf.not_full.notify()
    return item


def get_that_tells_nobody(buf):
    with buf.not_empty:
        while buf.count == 0:
            buf.not_empty.wait()
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
        buf.count -= 1
    return item


def get_that_waits_outside(buf):
    while buf.count == 0:
        buf.not_empty.wait()
    return get(buf)


BUFFER = monitor("not_full", "not_empty", in_=0, out=0, count=0)


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 1, 2), (1, 2, 2), (2, 2, 2)], ids="{0[0]}+{0[1]}, {0[2]} items".format)
def test_a_monitor_is_right_under_every_interleaving(size: tuple[int, int, int]) -> None:
    producers, consumers, items = size
    verdict = explore(put, get, shared=BUFFER, capacity=1, producers=producers, consumers=consumers, items=items)
    assert verdict.ok and verdict.complete


@pytest.mark.parametrize(
    ("wrong", "consumers", "fault", "says"),
    [
        (get_that_looks_once, 2, "duplicated", "item 10 came out twice: C0 and C1 got it"),
        (get_that_tells_nobody, 1, "deadlock", "P waits for not_full (0)"),
        (get_that_waits_outside, 1, "exception", "C uses condition not_empty without its lock: put `with"),
    ],
)
def test_the_usual_mistakes_are_found(wrong: Callable[..., object], consumers: int, fault: str, says: str) -> None:
    verdict = explore(put, wrong, shared=BUFFER, capacity=1, consumers=consumers, items=2)
    assert verdict.fault == fault and says in verdict.reason
    assert verdict.replay()


def hears(buf):
    with buf.changed:
        buf.waiting += 1
        while not buf.go:
            buf.changed.wait()
        buf.gone += 1


def hears_once(buf):
    with buf.changed:
        buf.waiting += 1
        if not buf.go:
            buf.changed.wait()
        buf.gone += 1


def says(buf):
    with buf.changed:
        buf.go = 1
        buf.changed.notify()


def says_twice(buf):
    with buf.changed:
        buf.go = 1
        buf.changed.notify(2)


def says_to_all(buf):
    with buf.changed:
        buf.go = 1
        buf.changed.notify_all()


def takes_turns(buf):
    """Whoever is first waits for the second, who lets it go and waits in its turn."""
    with buf.changed:
        buf.waiting += 1
        mine = buf.waiting
        buf.changed.notify()
        buf.changed.wait()
        buf.gone = buf.gone * 10 + mine


def ends(buf):
    with buf.other:
        buf.go = 1
        buf.other.notify_all()
        buf.changed.notify()


def waits_for_the_other(buf):
    with buf.other:
        while not buf.go:
            buf.other.wait()
        buf.changed.notify()
        buf.gone += 5


PROGRAMS: dict[str, Sequence[Callable[[Any], object]]] = {
    "one of two is told": [hears, hears, says],
    "both are told": [hears, hears, says_twice],
    "all are told": [hears, hears, hears, says_to_all],
    "nobody waits yet": [hears_once, says],
    "who is told looks once": [hears_once, hears_once, says],
    "by turns": [takes_turns, takes_turns, takes_turns],
    "by turns, and an end": [takes_turns, takes_turns, says],
    "two conditions": [hears_once, waits_for_the_other, ends],
    "told twice": [hears_once, hears_once, says, says],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_ends_in_exactly_the_ways_of_a_mesa_monitor(name: str) -> None:
    """All variables at the end, and who waits for ever. Whom a notify wakes, and who is faster, is left to chance."""
    processes = PROGRAMS[name]
    variables = dict.fromkeys(("go", "waiting", "gone"), 0)
    graph = search(question.of(list(processes), shared=monitor("changed", "other", **variables)).system())
    system, found = graph.system, set()
    for number in graph.ends:
        cells = system.contents(graph.states[number])[0]
        values = tuple((name, cells[system.memory.addresses[name]]) for name in variables)
        left = tuple(p for p in range(system.size) if system.node(graph.states[number], p).kind < DONE)
        found.add((values, left))
    assert graph.complete and found == set(mesa.outcomes(processes, dict(variables), ("changed", "other")))


def test_the_same_text_runs_on_pythons_own_condition_variables() -> None:
    lock = threading.Lock()
    both = dict(not_full=threading.Condition(lock), not_empty=threading.Condition(lock))
    buf = SimpleNamespace(slots=[None] * 2, capacity=2, in_=0, out=0, count=0, **both)
    got: list[int] = []
    threads = [threading.Thread(target=lambda of: [put(buf, of + i) for i in range(50)], args=(n,)) for n in (0, 50)]
    threads += [threading.Thread(target=lambda: got.extend([get(buf) for _ in range(50)])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(100))


def test_it_runs_on_real_processes() -> None:
    with Lab(put=put, get=get, shared=BUFFER, slots=2, producers=3, consumers=3) as lab:
        report = lab.run(items=3000)
    assert report.consumed == 3000 and not report.faults


def test_a_lab_says_that_the_lock_is_missing() -> None:
    lab = Lab(put=put, get=get_that_waits_outside, shared=BUFFER, slots=2)
    with pytest.raises(WorkerFailed, match=r"buf.not_empty without its lock: put `with buf.not_empty:`"):
        lab.run(items=10)


def test_without_a_name_a_condition_has_a_lock_of_its_own() -> None:
    shared = dict(go=0, waiting=0, gone=0, changed=Condition())
    assert explore([hears, says_to_all], shared=shared).ok
    assert explore([hears, hears, says], shared=shared).fault == "deadlock"


@pytest.mark.parametrize("beside", [{}, dict(lock=0), dict(lock=Semaphore(0))], ids=["none", "a number", "at zero"])
def test_a_lock_is_a_semaphore_that_starts_at_one(beside: dict[str, Any]) -> None:
    bad = dict(c=Condition("lock"), **beside)
    with pytest.raises(ArgumentError, match="must be a Semaphore"):
        explore([says], shared=bad)
    with pytest.raises(ArgumentError, match="must be a Semaphore"):
        Lab(put=put, get=get, shared=bad)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("buf.changed.notifyAll()", "did you mean notify_all?"),
        ("buf.changed.signal()", "did you mean notify?"),
        ("buf.changed.wait(1.0)", "wait takes no timeout here"),
        ("buf.changed.notify(0)", "n must be from 1"),
        ("buf.changed == 1", "is no number: enter it with `with`"),
    ],
)
def test_what_it_cannot_do_is_told(mistake: str, says: str) -> None:
    names: dict[str, Any] = {}
    exec(f"def f(buf):\n    with buf.changed:\n        {mistake}", names)
    with pytest.raises(ExplorerError, match=re.escape(says)):
        explore([names["f"]], shared=dict(changed=Condition()))


THINKS, HUNGRY, EATS = range(3)


def feed(buf, place):
    if buf.state[place] == HUNGRY and EATS not in (buf.state[place - 1], buf.state[(place + 1) % 3]):
        buf.state[place] = EATS
        buf.self[place].notify()


def dines(buf, place, tells=True):
    with buf.mutex:
        buf.state[place] = HUNGRY
        feed(buf, place)
        while buf.state[place] != EATS:
            buf.self[place].wait()
    with buf.mutex:
        buf.state[place] = THINKS
        if tells:
            feed(buf, (place - 1) % 3)
            feed(buf, (place + 1) % 3)


@pytest.mark.slow
def test_a_list_of_conditions_as_in_the_textbook_s_monitor_for_the_philosophers() -> None:
    shared = dict(state=[THINKS] * 3, mutex=Semaphore(1), self=[Condition("mutex") for _ in range(3)])
    assert explore([(dines, place) for place in range(3)], shared=shared).ok
    wrong = explore([(dines, place, False) for place in range(3)], shared=shared)
    assert wrong.fault == "deadlock" and "waits for self[" in str(wrong)
    assert "the memory was the model's after every step" in str(wrong.replay())


def test_a_list_has_conditions_alone_or_none() -> None:
    with pytest.raises(ArgumentError, match="mixes kinds of cells"):
        explore([(dines, 0)], shared=dict(self=[Condition(), 0]))
