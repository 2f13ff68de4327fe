"""A person as the scheduler: steps, undo, goals, on the model and on real processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.real.real_processes import RealProcesses
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import TASKS, Goal
from shmlab.explorer.report.step_snapshot import snapshot
from shmlab.explorer.report.stepping import Stepping
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore
from tests.explorer import programs as p

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def add(buf):  # type: ignore[no-untyped-def]
    buf.count += 1


def flag(buf, me):  # type: ignore[no-untyped-def]
    buf.flag[me] = 1
    buf.seen[me] = buf.flag[1 - me]


def dekker() -> question.Question:
    return question.of([(flag, 0), (flag, 1)], shared={"flag": [0, 0], "seen": [5, 5]}, memory="tso")


@pytest.fixture(params=[False, True], ids=["model", "real processes"])
def adding(request: pytest.FixtureRequest) -> Iterator[Stepping]:
    """Two processes that add one, at the beginning."""
    stepping = Stepping(question.of([(add,), (add,)], shared={"count": 0}).system())
    stepping.play_on(request.param)
    yield stepping
    stepping.close()


def count(stepping: Stepping) -> int:
    return snapshot(stepping).variables["count"]


def test_a_lost_update_by_hand(adding: Stepping) -> None:
    for actor in (0, 1, 0, 1):
        adding.step(actor)
    assert count(adding) == 1 and adding.over
    assert [adding.standing(process).ended for process in (0, 1)] == ["has ended"] * 2
    assert adding.standing(1).did == "count = 1"


def test_each_process_says_what_it_does_next(adding: Stepping) -> None:
    assert adding.standing(0).does == "read count"
    adding.step(0)
    now = adding.standing(0)
    assert (now.does, now.did, now.waits) == ("count = 1", "count → 0", "")
    assert "buf.count += 1" in Path(now.filename).read_text().splitlines()[now.line - 1]
    assert (now.pid > 0) == (adding.real is not None)


@pytest.mark.slow
def test_undo_takes_back_one_step_and_reset_all(adding: Stepping) -> None:
    adding.go_to("P0 P0 P1")
    assert count(adding) == 1
    adding.undo()
    assert (adding.schedule, count(adding)) == ("P0 P0", 1)
    adding.undo()
    assert (adding.schedule, count(adding)) == ("P0", 0)
    adding.reset()
    adding.undo()
    assert (adding.schedule, count(adding)) == ("", 0)


def test_another_schedule_keeps_the_steps_that_both_begin_with(adding: Stepping) -> None:
    adding.go_to("0011")
    pids = adding.real.pids if adding.real else None
    adding.go_to("00")
    adding.go_to("0011")
    assert count(adding) == 2
    if adding.real:
        assert set(pids or ()).isdisjoint(adding.real.pids)  # a real step cannot be taken back: these are new ones


def test_going_over_to_real_processes_and_back_keeps_the_place() -> None:
    stepping = Stepping(question.of([(add,), (add,)], shared={"count": 7}).system())
    stepping.go_to("010")
    stepping.play_on(True)
    assert stepping.real and count(stepping) == 8
    stepping.play_on(False)
    assert not stepping.real and (stepping.schedule, count(stepping)) == ("P0 P1 P0", 8)


def test_a_step_that_is_not_possible_says_why_and_changes_nothing(adding: Stepping) -> None:
    with pytest.raises(ReplayFailed, match="step 3: P0 has nothing left to do"):
        adding.go_to("000")
    assert adding.schedule == "P0 P0"


def test_what_is_left_of_the_plan_goes_and_comes_with_the_steps() -> None:
    stepping = Stepping(question.of([(add,), (add,)], shared={"count": 0}).system())
    stepping.plan = [0, 1, 0, 1]
    stepping.step(0)
    assert stepping.ahead == [1, 0, 1]
    stepping.step(0)
    assert stepping.ahead == []
    stepping.undo()
    assert stepping.ahead == [1, 0, 1]


@pytest.mark.parametrize("real", [False, True])
def test_a_deadlock_is_reached_and_on_real_processes_the_kernel_confirms_it(real: bool) -> None:
    ask = question.of(p.put_wrong_order, p.get_semaphores, items=3)
    stepping = Stepping(ask.system(), Goal("deadlock"))
    stepping.play_on(real)
    try:
        found = ask.find(stepping.goal)
        stepping.follow(found.system, found.schedule)
        stepping.go_to(found.schedule)
        assert stepping.won and stepping.over
        assert stepping.standing(0).waits == "waits for empty"
        assert [sentence.split("on ")[-1] for sentence in stepping.evidence] == (
            ["semaphore 'empty'", "semaphore 'mutex'"] if real else []
        )
        stepping.undo()
        assert not stepping.won and not stepping.evidence
    finally:
        stepping.close()


REACHED = {"duplicated": 1, "invented": 1, "overwrite": 1, "empty-read": 1, "deadlock": 0, "lost": 0}


@pytest.mark.parametrize("word", REACHED)
def test_the_way_to_a_goal_reaches_it_with_its_last_step(word: str) -> None:
    goal = Goal(word)
    found = question.of("unsynchronised", producers=2, consumers=2, items=1).find(goal)
    assert bool(found.schedule) == bool(REACHED[word]), found.sentence
    if not found.schedule:
        assert "No interleaving reaches it" in found.sentence
        return
    stepping = Stepping(found.system, goal)
    stepping.go_to(found.schedule[:-1])
    assert not stepping.won
    stepping.step(found.schedule[-1])
    assert stepping.won


def test_a_memory_is_a_goal_too() -> None:
    ask = question.of([(add,), (add,)], shared={"count": 0})
    never = Goal(("Reach three.", lambda memory: memory.count == 3))
    assert never.task == "Reach three."
    assert ask.find(never).schedule == [] and "No interleaving" in ask.find(never).sentence
    assert len(ask.find(Goal(lambda memory: memory.count == 2)).schedule) == 4


def test_a_right_program_has_nothing_to_be_found() -> None:
    found = question.of("semaphores").find(None)
    assert found.schedule == [] and found.sentence.startswith("OK: every interleaving")


@pytest.mark.parametrize("bad", ["livelock", "bogus", 3, ("lost",), ("say", "bogus"), (1, "lost"), None])
def test_a_goal_that_is_none_lists_those_that_are(bad: object) -> None:
    with pytest.raises(ArgumentError, match="empty-read"):
        Goal(bad)  # type: ignore[arg-type]


def test_a_goal_reached_at_the_beginning_is_refused() -> None:
    with pytest.raises(ArgumentError, match="before anybody has taken a step"):
        Stepping(question.of([(add,)], shared={"count": 0}).system(), Goal(lambda memory: memory.count == 0))


def test_every_finite_fault_has_a_task() -> None:
    from shmlab.explorer.program.fault import WORDS

    assert set(TASKS) == set(WORDS) - {"livelock", "starvation"}


def test_store_buffers_are_shown_and_drained_by_hand() -> None:
    stepping = Stepping(dekker().system(), Goal(lambda memory: memory.seen == [0, 0]))
    stepping.go_to("P0 P1")
    assert stepping.standing(0).buffered == ("flag[0] = 1",)
    stepping.go_to("P0 P1 P0 P1 P0 P1 p0 p1 p0 p1")
    assert stepping.won and stepping.standing(0).buffered == ()
    with pytest.raises(ReplayFailed, match="store buffer"):
        stepping.play_on(True)
    assert stepping.real is None and stepping.won


def locked(buf):  # type: ignore[no-untyped-def]
    buf.flag = 1
    buf.lock.swap(1)


def test_who_has_to_wait_for_a_store_buffer_says_so() -> None:
    stepping = Stepping(question.of([(locked,)], shared={"flag": 0, "lock": Atomic(0)}, memory="tso").system())
    stepping.step(0)
    assert stepping.standing(0).waits == "waits for its stores to drain"
    assert str(stepping).startswith("after P | P waits for its stores to drain")


def test_the_slots_are_seen_as_full_read_and_overwritten() -> None:
    def put(buf, item):  # type: ignore[no-untyped-def]
        buf.slots[0] = item

    def get(buf):  # type: ignore[no-untyped-def]
        return buf.slots[0]

    stepping = Stepping(question.of(put, get, capacity=2, items=2).system())
    letters = []
    for actor in (0, 1, 0):
        stepping.step(actor)
        letters.append(snapshot(stepping).slots.letters)
    assert letters == ["F·", "··", "F·"]
    slot = snapshot(stepping).slots[0]
    assert (slot.producer, slot.sequence) == (0, 11)
    stepping.go_to([0, 0])
    assert snapshot(stepping).slots.letters == "X·" and stepping.won


def test_a_snapshot_tells_who_holds_and_who_waits() -> None:
    def inside(buf):  # type: ignore[no-untyped-def]
        with buf.mutex, buf.critical:
            pass

    shared = {"mutex": Semaphore(1), "critical": Critical(), "hint": [None]}
    stepping = Stepping(question.of([(inside,), (inside,)], shared=shared).system())
    stepping.step(1)
    seen = snapshot(stepping)
    assert (seen.worker("P1").holds, seen.worker("P0").waits) == ("mutex", "mutex")
    assert seen.semaphores == {"mutex": 0}
    assert "hint[0]" in seen.variables


def test_a_process_that_is_killed_from_outside_is_told() -> None:
    stepping = Stepping(question.of([(add,), (add,)], shared={"count": 0}).system())
    stepping.play_on(True)
    try:
        assert isinstance(stepping.real, RealProcesses)
        os.kill(stepping.real.pids[0], signal.SIGKILL)
        with pytest.raises(ReplayFailed, match="P0 ended unexpectedly"):
            stepping.step(0)
        stepping.go_to("0011")  # on new ones
        assert count(stepping) == 2
    finally:
        stepping.close()


def test_a_verdict_s_schedule_is_what_was_found() -> None:
    verdict = explore([(add,), (add,)], shared={"count": 0}, final=lambda memory, _: memory.count == 2)
    assert question.found(verdict).schedule == verdict.actors
    assert "2 of them fail" in question.found(verdict).sentence or verdict.paths
