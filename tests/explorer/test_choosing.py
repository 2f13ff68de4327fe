"""`choose`: a decision that is left open. Every alternative is explored, stepped, and taken on real processes."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

import shmlab
from shmlab import ArgumentError, Lab, Semaphore, choose, choose as pick, explore, labs
from shmlab.explorer.program.explorer_errors import CannotFollow
from shmlab.explorer.search.search import search
from shmlab.strategies import choice, semaphores

ALTERNATIVES = (3, 0, 7)


def adds(buf: Any) -> int:
    """Adds something to a number, in a way that another one can come between."""
    amount = choose(3, 0, 7)
    buf.count += amount
    return amount


def ends(processes: list[Any], **shared: Any) -> set[tuple[int, ...]]:
    """All memories at the end of a run."""
    system = explore(processes, shared=shared).system
    graph = search(system)
    assert graph.complete
    return {system.contents(graph.states[number])[0] for number in graph.ends}


def added(amount: int) -> Callable[[Any], None]:
    def adds_it(buf: Any) -> None:
        buf.count += amount

    return adds_it


@pytest.mark.parametrize("processes", [1, 2])
def test_it_comes_to_what_all_decisions_come_to(processes: int) -> None:
    decided = [
        ends([added(amount) for amount in amounts], count=0)
        for amounts in itertools.product(ALTERNATIVES, repeat=processes)
    ]
    assert ends([adds] * processes, count=0) == set().union(*decided)


def test_each_alternative_can_be_the_one_that_fails() -> None:
    for wrong in ALTERNATIVES:
        found = explore([adds], shared=dict(count=0), final=lambda _, results, wrong=wrong: results != [wrong])
        assert found.fault == "invariant" and found.paths == (3, 1)
    assert explore([adds], shared=dict(count=0), final=lambda _, results: results[0] in ALTERNATIVES).ok


def test_the_table_says_what_was_decided_and_real_processes_decide_the_same() -> None:
    found = explore([adds, adds], shared=dict(count=0), final=lambda memory, _: memory.count != 7)
    assert "choose 7" in found.show() and "'" in str(found.schedule)
    replayed = found.replay(real=True)
    assert replayed.ok and replayed.steps == len(found.steps)


def test_under_another_name_and_inside_a_helper_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(shmlab), "choose", raising=False)  # as in a program that has not asked for it yet

    def helper() -> int:
        return pick(1, 2)

    def by_helper(buf: Any) -> None:
        buf.x = helper()

    def by_module(buf: Any) -> None:
        buf.x = 0
        buf.x = shmlab.choose(1, 2)

    for process in (by_helper, by_module):
        assert ends([process], x=0) == {(1,), (2,)}


def test_where_it_cannot_be_seen_in_the_text_it_is_refused() -> None:
    hidden = dict(it=choose)

    def hides(buf: Any) -> None:
        buf.x = 1
        buf.x = vars(shmlab)["cho" + "ose"](1, 2)

    def holds(buf: Any) -> None:
        buf.x = hidden["it"](1, 2)

    with pytest.raises(CannotFollow):
        explore([hides], shared=dict(x=0))
    assert ends([holds], x=0) == {(1,), (2,)}


def test_producers_and_consumers_may_decide() -> None:
    def put(buf: Any, item: Any) -> None:
        buf.empty.acquire()
        if choose(True, False):
            buf.mutex.acquire()
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
        buf.mutex.release()
        buf.full.release()

    def right(buf: Any, item: Any) -> None:
        while choose(False, True):
            buf.mutex.acquire()
            buf.mutex.release()
        semaphores.put(buf, item)

    found = explore(put, semaphores.get, producers=2, items=1)
    assert found.fault == "overwrite" and found.why.endswith("both filled slot 0.")
    assert explore(right, semaphores.get).fault == "livelock"  # it may fall the same way for ever


def test_who_decides_again_and_again_is_served_like_any_other() -> None:
    """A fair scheduler lets a process go on; it does not make its decisions fair."""

    def waits(buf: Any) -> None:
        while not buf.done:
            choose(0, 1)

    def ends_it(buf: Any) -> None:
        buf.done = 1

    assert explore([waits, ends_it], shared=dict(done=0)).ok


@pytest.mark.parametrize("memory", ["tso", "weak"])
def test_store_buffers_and_decisions_are_not_explored_together(memory: str) -> None:
    with pytest.raises(CannotFollow, match="memory='sc' only"):
        explore([adds], shared=dict(count=0), memory=memory)


def test_a_condition_does_not_decide() -> None:
    with pytest.raises(CannotFollow, match="choose is for put, get and the functions of processes"):
        explore([adds], shared=dict(count=0), final=lambda memory, _: choose(True, False))


@pytest.mark.parametrize("alternatives", [(), (1,), tuple(range(9))], ids=["none", "one", "nine"])
def test_there_are_two_to_eight_alternatives(alternatives: tuple[int, ...]) -> None:
    def decides(buf: Any) -> None:
        buf.count = choose(*alternatives)

    with pytest.raises(ArgumentError, match=re.escape("choose takes 2 to 8 alternatives")):
        choose(*alternatives)
    with pytest.raises(CannotFollow, match=r"line .* of decides: choose takes 2 to 8 alternatives"):
        explore([decides], shared=dict(count=0))


# --- in the stepper, and in a lab ---------------------------------------------------------------------------------


def test_a_person_decides_in_the_stepper() -> None:
    stepper = labs.stepper([adds], shared=dict(count=0), goal=lambda memory: memory.count == 7)
    stepping = stepper.stepping
    assert (stepping.standing(0).does, stepping.standing(0).otherwise) == ("choose 3", "not 3")
    stepping.go_to("P'P'PP")
    assert stepping.won and stepping.schedule == "P' P' P P"
    assert stepping.standing(0).otherwise == ""
    stepper.close()


def test_the_stepper_has_a_button_for_it_and_takes_it_on_real_processes() -> None:
    stepper = labs.stepper([adds, adds], shared=dict(count=0))
    card = stepper.cards[1]
    assert card.other.description == "P1': not 3" and not card.other.disabled
    stepping = stepper.stepping
    stepping.play_on(real=True)
    stepping.go_to("P1' P1 P1 P1")
    assert stepping.model.snapshot()["count"] == 0 and stepping.standing(1).ended == "has ended"
    assert stepping.real and stepping.real.snapshot()["count"] == 0
    stepper.close()


def test_in_a_lab_it_falls_at_random() -> None:
    seen = {choose("heads", "tails", "edge") for _ in range(1000)}
    assert seen == {"heads", "tails", "edge"}


@pytest.mark.usefixtures("leaves_nothing")
def test_a_lab_s_workers_decide() -> None:
    def put(buf: Any, item: Any) -> None:
        if choose(True, False):
            buf.first += 1
        else:
            buf.second += 1
        semaphores.put(buf, item)

    values = dict(first=0, second=0, in_=0, out=0, empty=Semaphore(8), full=Semaphore(0), mutex=Semaphore(1))
    with Lab(put=put, get=semaphores.get, shared=values, produce_rate=None, consume_rate=None) as lab:
        now = lab.run(200).variables  # afterwards the producer goes on
    assert now["first"] + now["second"] == 200 and now["first"] and now["second"]


def test_somebody_may_be_told_to_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(choice, "_decider", None)
    choice.decide_by(lambda left: bool(asked.append(left)))
    assert choose("a", 2, object) is object
    assert asked == [("'a'", "2", "alternative 2"), ("2", "alternative 2")]
