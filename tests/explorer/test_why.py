"""The sentence that says why a schedule fails: the two accesses that were interleaved, and no harmless ones."""

from typing import Any

import pytest

from shmlab import Atomic, Semaphore, explore, strategies
from shmlab.course import problems
from shmlab.explorer.model.model import Model
from shmlab.explorer.report import why
from shmlab.explorer.report.verdict import Verdict, verdict
from tests.explorer import programs as p

SAID = {
    "lost update 2x1": "P0 read count = 0 at step 1, before P1 made it 1 at step 3, "
    "and made it 1 at step 4 all the same.",
    "no mutex 2+1, 1 item": "P0 read in_ = 0 at step 2, and so did P1 at step 5, before P0 had changed it: "
    "both filled slot 0.",
    "no mutex in get 1+2": "C0 read out = 0 at step 18, and so did C1 at step 21, "
    "before C0 had changed it: both took from slot 0.",
    "naive lock": "P0 read lock = 0 at step 1, before P1 made it 1 at step 3: so both went in.",
    "peterson swapped": "P1 read flag[0] = 0 at step 4, before P0 made it 1 at step 6: so both went in.",
    "dining 3": "",
    "wrong order 1+1, 3 items": "",
    "polite": "",
}


def judged(name: str) -> Verdict:
    program = p.TEXTBOOK[name][0]()
    return verdict(program.system(watched=True), program.system())


@pytest.mark.parametrize("name", SAID)
def test_the_two_accesses_are_named(name: str) -> None:
    found = judged(name)
    assert found.why == SAID[name]
    if SAID[name]:
        assert f"\n{SAID[name]}\n" in found.show()


def test_a_store_that_waits_in_its_buffer_is_named() -> None:
    program = p.mutual_exclusion(p.peterson, model="tso")
    found = verdict(program.system(watched=True), program.system())
    assert found.why == (
        "P1 read flag[0] = 0 at step 7, while the 1 that P0 stored there at step 1 was still in its store buffer."
    )


@pytest.mark.parametrize("name", [name for name, (_, fault) in p.TEXTBOOK.items() if fault])
def test_the_steps_that_are_named_are_those_of_the_schedule(name: str) -> None:
    found = judged(name)
    if not found.cause:
        assert not found.why
        return
    read, other = (found.steps[at] for at in (found.cause.read, found.cause.other))
    assert read.actor != other.actor % found.system.size and read.variable == other.variable
    assert found.why.startswith(f"{read.name} read {read.variable} = {read.value} at step {found.cause.read + 1},")
    assert f"at step {found.cause.other + 1}" in found.why


def test_without_the_place_that_is_named_the_schedule_does_not_fail() -> None:
    """The reader, or the other one, goes on alone until it has changed the variable: nothing is overwritten then."""
    found = judged("no mutex 2+1, 1 item")
    assert found.cause
    for first in (found.steps[found.cause.read].actor, found.steps[found.cause.other].actor):
        model = Model(found.system).run(found.actors[: found.cause.read])
        while not (model.step(first).operation == "store" and model.steps[-1].variable == "in_"):
            pass
        model.step(1 - first)
        assert model.fault is None


def test_an_old_value_that_does_no_harm_is_not_named() -> None:
    """Both numbers may miss one, but only one of them is asked for at the end."""

    def work(buf: Any) -> None:
        buf.answers += 1
        buf.looks += 1

    shared = dict(answers=0, looks=0)
    found = explore([work, work], shared=shared, final=lambda memory, _: memory.answers == 2)
    assert "read answers" in found.why
    found = explore([work, work], shared=shared, final=lambda memory, _: memory.looks == 2)
    assert "read looks" in found.why


def test_a_step_that_reads_and_changes_at_once_is_not_named() -> None:
    def enter(buf: Any) -> None:
        buf.door.acquire()
        buf.inside.fetch_add(1)
        buf.inside.fetch_add(-1)
        buf.door.release()

    shared = dict(door=Semaphore(2), inside=Atomic(0))
    found = explore([enter, enter], shared=shared, invariant=lambda memory: memory.inside < 2)
    assert found.fault == "invariant" and found.why == ""


@pytest.mark.slow
def test_what_was_read_in_a_critical_section_that_is_over_is_not_named() -> None:
    """Those who are woken and those who come new are let in beside each other; each of them reads with the mutex."""
    found = problems.find("sushi_bar").wrong[0].explore()
    assert found.fault == "invariant" and found.why == ""


def test_a_right_program_and_a_weak_memory_have_no_such_sentence() -> None:
    assert explore("semaphores").why == ""
    weak = explore("busy_waiting", memory="weak")
    assert weak.fault and weak.why == ""


def test_a_place_is_looked_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "MOST", -1)
    assert judged("lost update 2x1").why == ""


def test_the_shortest_schedule_of_the_lab_s_broken_strategy_is_explained() -> None:
    broken = strategies.unsynchronised
    found = explore(broken.put, broken.get, producers=2, consumers=1, items=1)
    assert found.fault and found.why


def raises_the_flag_first(buf):
    buf.flag = 1
    buf.data = 42


def waits_for_the_flag(buf):
    while not buf.flag:
        pass
    assert buf.data == 42


def test_a_read_that_came_too_early_is_named() -> None:
    found = explore([raises_the_flag_first, waits_for_the_flag], shared=dict(flag=0, data=0))
    assert found.why == f"P1 read data = 0 at step {len(found.actors)}, before P0 had changed it."


def moves(buf):
    for here, there in ((0, 1), (1, 2)):
        with buf.lock:
            buf.money[here] -= 1
            buf.money[there] += 1


def audits(buf):
    total = sum(buf.money[account] for account in range(3))
    assert total == 9


def test_a_look_between_two_changes_of_another_is_named() -> None:
    found = explore([moves, audits], shared=dict(money=[3, 3, 3], lock=Semaphore(1)))
    assert found.fault == "exception"
    assert found.why == f"P1 read money[2] = 3 at step {len(found.actors)}, before P0 had changed it."
