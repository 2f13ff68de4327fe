"""The verdicts on textbook programs, their simplest schedules, and the words for what is wrong."""

import pytest

from shmlab import strategies
from shmlab.explorer.explore import explore
from shmlab.explorer.model.build import Program
from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.fault import WORDS
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import Goal
from shmlab.explorer.report.verdict import Verdict, verdict
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore
from tests.explorer import programs as p


def judge(program: Program) -> Verdict:
    return verdict(program.system(watched=True), program.system())


@pytest.mark.parametrize("name", p.TEXTBOOK)
def test_a_textbook_program_gets_its_verdict(name: str) -> None:
    make, fault = p.TEXTBOOK[name]
    found = judge(make())
    assert (found.fault, found.ok, found.complete) == (fault, fault is None, True)
    assert fault is None or fault in WORDS
    assert (found.schedule is None) == found.ok


@pytest.mark.parametrize("name", strategies.names)
def test_a_strategy_is_explored_as_it_stands(name: str) -> None:
    text = strategies.find(name)
    found = explore(text.put, text.get)
    assert found.ok == (name != "unsynchronised")
    assert found.states == explore(name).states
    if name in ("semaphores", "condition", "unbounded"):
        assert explore(name, producers=2, consumers=2, items=1).ok


@pytest.mark.parametrize("name", ["semaphores", "condition"])
def test_with_a_single_slot_several_wait_on_either_side_and_all_is_well(name: str) -> None:
    assert explore(name, capacity=1, producers=2, items=2).ok
    assert explore(name, capacity=1, consumers=2, items=2).ok


def test_own_put_works_with_the_get_of_a_strategy() -> None:
    assert explore(p.put_semaphores, strategies.semaphores.get).ok
    assert explore(p.put_without_mutex, strategies.semaphores.get, producers=2).fault == "overwrite"


def test_the_number_of_interleavings_is_exact() -> None:
    assert judge(p.lost_update(2, 1)).paths == (6, 4)
    assert judge(p.lost_update(2, 2)).paths == (70, 64)
    assert judge(p.buffer(*p.S, 1, 1, 3)).paths == (16900, 0)
    assert judge(p.mutual_exclusion(p.peterson)).paths is None


def test_a_lost_update_needs_one_preemption() -> None:
    found = explore([(p.increment, 1)] * 2, shared=dict(count=0), final=lambda memory, _: memory.count == 2)
    assert found.schedule == "P0 P1 P1 P0"
    assert [step.stale for step in found.steps] == [False, False, False, True]
    assert found.reason == "what `final` asks of the end does not hold"


def test_a_deadlock_says_who_waits_for_what_and_who_holds_it() -> None:
    found = explore(p.put_wrong_order, p.get_semaphores, items=3)
    assert found.fault == "deadlock"
    assert found.reason == "deadlock: P waits for empty (0), C waits for mutex (held by P)"
    assert set(found.schedule or "") == {"P", "C"} or set(found.schedule or "") == {"P"}


def test_two_in_the_critical_section() -> None:
    found = judge(p.locks(p.naive_lock))
    assert found.reason and found.reason[2:].startswith(" enters the critical section")


def test_a_store_buffer_breaks_peterson_and_a_fence_mends_it() -> None:
    assert judge(p.mutual_exclusion(p.peterson)).ok
    broken = judge(p.mutual_exclusion(p.peterson, model="tso"))
    assert broken.fault == "mutual-exclusion"
    assert judge(p.mutual_exclusion(p.peterson_fenced, model="tso", shared=dict(fence=Atomic(0)))).ok
    assert explore("busy_waiting", items=3, capacity=3, memory="tso").ok  # needs no fence on x86


def test_a_drain_is_a_step_of_a_typed_schedule() -> None:
    shared = dict(flag=[0, 0], turn=0, critical=Critical())
    found = explore([(p.peterson, 0, 1), (p.peterson, 1, 1)], shared=shared, memory="tso")
    model = found.model("P0 P0 p0")
    assert model.snapshot()["flag[0]"] == 1 and model.snapshot()["turn"] == 0
    assert "flag[0] = 1 drains" in found.show("P0 P0 p0")


def test_livelock_is_shown_as_a_loop() -> None:
    found = judge(p.mutual_exclusion(p.polite))
    assert found.fault == "livelock" and found.loop
    model = found.model(found.schedule or "")
    before = model.state
    model.run(found.loop_actors)
    assert model.state == before
    assert "for ever" in found.show()
    assert {step.actor for step in found.steps[len(found.actors) :]} == {0, 1}


def test_starvation_is_what_a_fair_scheduler_cannot_prevent() -> None:
    shared = dict(flag=[0, 0], turn=0, critical=Critical())
    fair = explore([(p.peterson_forever, 0), (p.peterson_forever, 1)], shared=shared, must_enter=[0, 1])
    assert fair.ok
    lock = dict(lock=Atomic(0), critical=Critical())
    unfair = explore([p.test_and_set_forever] * 2, shared=lock, must_enter=[0, 1])
    assert unfair.fault == "starvation" and unfair.reason and unfair.reason.startswith("P0 can be kept out")
    assert explore([p.test_and_set_forever] * 2, shared=lock).ok


def waits(buf):
    while not buf.flag:
        pass


def toggles(buf):
    while True:
        buf.flag = 1
        buf.flag = 0


def serves(buf):
    while True:
        buf.asked.acquire()
        buf.answered.release()


def asks(buf):
    buf.asked.release()
    buf.answered.acquire()


def test_must_finish_names_those_who_have_to_end() -> None:
    assert explore([waits, toggles], shared=dict(flag=0), must_finish=[0]).fault == "starvation"
    shared = dict(asked=Semaphore(0), answered=Semaphore(0))
    assert explore([asks, serves], shared=shared, must_finish=[0]).ok
    assert explore([asks, serves], shared=shared).fault == "deadlock"


def test_an_invariant_of_the_user() -> None:
    found = explore([(p.increment, 2)] * 2, shared=dict(count=0), invariant=lambda memory: memory.count < 3)
    assert found.fault == "invariant" and found.steps[-1].after == 3

    def says(memory):
        assert memory["count"] < 2, "count has reached 2"

    reason = explore([(p.increment, 2)], shared=dict(count=0), invariant=says).reason
    assert reason and reason.startswith("count has reached 2")


def fails(buf, me):
    buf.turn = me
    assert buf.turn == me, "somebody changed turn"


def test_a_failed_assert_names_its_line() -> None:
    found = explore([(fails, 0), (fails, 1)], shared=dict(turn=0))
    assert found.fault == "exception"
    line = fails.__code__.co_firstlineno + 2
    assert found.reason == f"P0 raised AssertionError: somebody changed turn (line {line} of fails)"


def look_twice(buf):
    buf.full.acquire()
    with buf.mutex:
        if buf.slots[buf.out] is not None:
            item = buf.slots[buf.out]
        buf.slots[buf.out] = None
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item


def poll_put(buf, item):
    while buf.slots[buf.in_] is not None:
        pass
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity


def poll_get(buf):
    while buf.slots[buf.out] is None:
        pass
    item = buf.slots[buf.out]
    buf.slots[buf.out] = None
    buf.out = (buf.out + 1) % buf.capacity
    return item


def put_after_zero(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = 0  # clear it first
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def claiming_get(buf):
    buf.full.acquire()
    while True:
        mine = buf.next.load()
        item = buf.slots[mine]
        if buf.next.compare_and_swap(mine, mine + 1):
            return item


def claiming_put(buf, item):
    buf.slots[buf.last.fetch_add()] = item
    buf.full.release()


@pytest.mark.parametrize(
    "put, get, more",
    [
        (p.put_semaphores, look_twice, dict(producers=2, consumers=2)),
        (poll_put, poll_get, dict(items=3)),
        (put_after_zero, look_twice, dict(producers=2)),
    ],
)
def test_a_right_answer_in_any_style_passes(put, get, more) -> None:
    found = explore(put, get, **more)
    assert found.ok, found


def test_claiming_by_compare_and_swap_is_right_for_one_producer() -> None:
    shared = dict(next=Atomic(0), last=Atomic(0), full=Semaphore(0))
    assert explore(claiming_put, claiming_get, capacity=None, items=3, consumers=2, shared=shared).ok


def get_none(buf):
    return buf.slots[buf.out]


def get_forgotten(buf):
    p.get_semaphores(buf)


def put_nothing(buf, item):
    pass


def put_in_front(buf, item):
    with buf.mutex:
        buf.slots[buf.count] = item
        buf.count += 1
    buf.full.release()


def get_from_top(buf):
    buf.full.acquire()
    with buf.mutex:
        buf.count -= 1
        return buf.slots[buf.count]


def test_the_words_for_what_comes_out_wrong() -> None:
    assert explore(p.put_semaphores, get_none).fault == "empty-read"
    assert explore(p.put_semaphores, get_forgotten).fault == "invented"
    assert explore(put_in_front, get_from_top).fault == "reordered"
    assert explore(p.put_semaphores, p.get_without_mutex, consumers=2, items=2).fault == "duplicated"
    assert explore(put_nothing, p.get_semaphores).fault == "deadlock"


def test_an_unfinished_search_is_never_ok() -> None:
    found = explore("semaphores", producers=2, consumers=2, max_states=1000)
    assert not found.ok and not found.complete and found.fault is None and found.paths is None
    assert "NO VERDICT" in str(found) and "more than 1,000 states" in str(found)
    assert not explore("semaphores", producers=2, consumers=2, items=3, max_seconds=0.0).ok


def test_a_search_tells_its_progress_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.explorer.search.search.FIRST_NEWS", 0.0)
    told: list[int] = []

    def stop(states: int, seconds: float) -> bool:
        told.append(states)
        return False

    found = explore("semaphores", producers=2, consumers=2, progress=stop)
    assert told and not found.ok and not found.complete and "it was stopped" in str(found)

    def interrupt(states: int, seconds: float) -> None:
        raise KeyboardInterrupt

    found = explore("semaphores", producers=2, consumers=2, progress=interrupt)
    assert not found.ok and "interrupted" in str(found)


def test_a_typed_schedule_is_played_on_the_model() -> None:
    found = explore("semaphores")
    assert found.model("PPPP").snapshot()["slots[0]"] == 10
    assert found.model("p".upper() * 2).pending(0).operation == "load"  # type: ignore[union-attr]
    assert found.model("0 0, 0\n0").snapshot() == found.model("PPPP").snapshot()
    with pytest.raises(ReplayFailed, match="step 1: C has to wait for full"):
        found.model("C")
    with pytest.raises(ReplayFailed, match="no process is called 'X'"):
        found.model("PPX")
    with pytest.raises(ReplayFailed, match="P has nothing left to do"):
        found.model("P" * 50)


def test_a_model_can_be_stepped_and_taken_back() -> None:
    model = explore("semaphores").model()
    assert model.enabled() == [0]
    model.step(0)
    model.step(0)
    model.undo()
    assert model.pending(0).variable == "mutex"  # type: ignore[union-attr]
    model.reset()
    assert model.steps == [] and model.snapshot()["empty"] == 2


def test_the_table_shows_line_operation_and_memory() -> None:
    text = explore([(p.increment, 1)] * 2, shared=dict(count=0), final=lambda m, _: m.count == 2).show()
    assert repr(text) == str(text)
    lines = text.splitlines()
    assert lines[0].startswith("FAILS: ")
    assert lines[1] == "Explored all 6 interleavings: 12 states. 4 of them fail."
    assert lines[2].startswith("P0 read count = 0 at step 1, before P1 made it 1")
    assert "count → 0" in lines[6] and "buf.count += 1" in lines[6]
    assert "count = 1 (!)" in text and "1*" in text


def test_slots_may_be_endless() -> None:
    found = explore("unbounded", producers=2, items=3, capacity=1)
    assert found.ok
    assert max(len(contents[0]) for contents in found.system.memories) == len(found.system.memory.initial) + 6


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: explore("semaphors"), "Strategies: semaphores"),
        (lambda: explore(3), "explore\\(put, get\\)"),
        (lambda: explore(p.put_count), "get must be a function"),
        (lambda: explore(p.get_count, p.put_count), "put is called as put\\(buf, item\\)"),
        (lambda: explore("semaphores", capacity=0), "capacity must be from 1"),
        (lambda: explore("semaphores", memory="arm"), "memory must be one of sc, tso, weak"),
        (lambda: explore("semaphores", must_finish=[0]), "must_finish is for processes"),
        (lambda: explore([]), "1 to 16 processes"),
        (lambda: explore([(p.increment,)]), "give \\(function, argument"),
        (lambda: explore([(p.increment, 1)], shared=dict(count="0")), "'count' starts as a whole number"),
        (lambda: explore([(p.increment, 1)], shared=dict(count=0), buffer="slots"), "must name a shared array"),
        (lambda: explore([(p.increment, 1)], shared=dict(count=0), must_finish=[1]), "number of a process"),
    ],
)
def test_a_wrong_argument_is_told(call, says) -> None:
    with pytest.raises(ArgumentError, match=says):
        call()


def test_one_interleaving_is_not_called_all() -> None:
    def alone(buf):  # type: ignore[no-untyped-def]
        buf.count = 1

    assert "Explored the only interleaving: " in str(explore([(alone,)], shared={"count": 0}))


def test_an_invariant_knows_the_capacity() -> None:
    def full_and_empty(memory):  # type: ignore[no-untyped-def]
        return memory.empty + memory.full <= memory.capacity

    assert explore("semaphores", invariant=full_and_empty).ok


def passes_the_gate(buf):  # type: ignore[no-untyped-def]
    buf.gate.acquire()
    buf.gate.release()


@pytest.mark.slow
def test_sixteen_processes_are_explored_and_replayed() -> None:
    assert explore([passes_the_gate] * 16, shared=dict(gate=Semaphore(1))).ok
    closed = explore([passes_the_gate] * 16, shared=dict(gate=Semaphore(0)))
    assert closed.fault == "deadlock" and "P15 waits for gate" in str(closed)
    assert str(closed.replay())


@pytest.mark.slow
def test_a_search_that_takes_too_long_names_the_seconds_that_it_was_given() -> None:
    """Also where several searches share them."""
    found = explore("semaphores", producers=9, consumers=9, items=1, max_seconds=2)
    assert "because it took more than 2 s" in str(found)


def get_of_one_consumer(buf):
    while buf.in_ == buf.out:
        pass
    read = buf.out
    item = buf.slots[read]
    buf.out = (read + 1) % buf.capacity
    return item


def test_an_item_that_two_consumers_have_got_is_told_at_once() -> None:
    """It comes to light when everybody has finished; but the schedule ends where the second one has it."""
    verdict = explore(p.put_in_out, get_of_one_consumer, capacity=3, consumers=2, items=2)
    assert verdict.fault == "duplicated" and verdict.reason == "item 10 came out twice: C0 and C1 got it"
    last = verdict.steps[-1]
    assert last.variable == "slots[0]" and last.value == 10 and "P" in last.able
    asked = question.of(p.put_in_out, get_of_one_consumer, capacity=3, consumers=2, items=2)
    assert len(asked.find(Goal("duplicated")).schedule) > len(verdict.steps)  # a goal is reached once get has returned


def put_that_tells_first(buf, item):
    buf.empty.acquire()
    buf.full.release()
    with buf.mutex:
        buf.slots[buf.in_ % buf.capacity] = item
        buf.in_ += 1


def get_that_takes_long_to_return(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out % buf.capacity]
        buf.out += 1
    for _ in range(10):
        buf.seen = item is None
    buf.empty.release()
    return item


def test_an_empty_slot_is_told_when_it_is_read_and_not_when_get_returns() -> None:
    semaphores = dict(empty=Semaphore(2), full=Semaphore(0), mutex=Semaphore(1))
    shared = dict(in_=0, out=0, seen=0, **semaphores)
    found = explore(put_that_tells_first, get_that_takes_long_to_return, items=1, shared=shared)
    assert found.fault == "empty-read" and found.steps[-1].variable == "slots[0]"
    assert found.schedule == "PPCCCC" and "which was empty" in str(found.replay())


def get_that_looks_again(buf):
    item = None
    while item is None:
        buf.full.acquire()
        item = buf.slots[buf.out % buf.capacity]
        if item is None:
            buf.full.release()
    buf.out += 1
    buf.empty.release()
    return item


def test_a_look_at_an_empty_slot_after_which_get_looks_again_is_no_fault() -> None:
    found = explore(put_that_tells_first, get_that_looks_again, items=1)
    assert found.fault != "empty-read"
