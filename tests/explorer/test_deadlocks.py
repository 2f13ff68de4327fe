"""What a deadlock's sentence says: who waits for what, and who holds it, if it is something that one holds."""

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.report.verdict import verdict
from shmlab.explorer.search import earliest, simplest
from shmlab.memory.semaphores import Semaphore
from tests.explorer import programs as p


def test_a_lock_is_held() -> None:
    found = explore(p.put_wrong_order, p.get_semaphores, items=3)
    assert found.reason == "deadlock: P waits for empty (0), C waits for mutex (held by P)"
    found = explore([(p.philosopher, i, 3, 1) for i in range(3)], shared=dict(fork=[Semaphore(1)] * 3))
    assert found.reason and found.reason.startswith("deadlock: P0 waits for fork[1] (held by P1), P1 waits for fork[2]")


def test_the_only_free_slot_is_not_held() -> None:
    found = explore(p.put_wrong_order, p.get_semaphores, capacity=1)
    assert found.reason == "deadlock: P waits for empty (0), C waits for mutex (held by P)"


class Guard:
    def __init__(self, buf):
        self.mutex = buf.mutex

    def enter(self):
        self.mutex.acquire()

    def leave(self):
        self.mutex.release()


def guarded(buf):
    guard = Guard(buf)
    guard.enter()
    buf.answered.acquire()
    guard.leave()


def answers(buf):
    with buf.mutex:
        buf.answered.release()


def test_a_lock_may_be_taken_and_given_back_by_different_functions() -> None:
    found = explore([guarded, answers], shared=dict(mutex=Semaphore(1), answered=Semaphore(0)))
    assert found.reason == "deadlock: P0 waits for answered (0), P1 waits for mutex (held by P0)"


def waits_first(buf):
    while buf.ready == 0:
        pass
    buf.mutex.acquire()
    buf.mutex.acquire()
    buf.mutex.release()


def readies(buf):
    buf.ready = 1


def test_what_a_process_alone_would_never_reach_counts_too() -> None:
    found = explore([waits_first, readies], shared=dict(mutex=Semaphore(1), ready=0))
    assert found.reason == "deadlock: P0 waits for mutex (held by P0)"


def polls(buf):
    while buf.out == buf.in_:
        pass


def forgets(buf):
    buf.mutex.acquire()
    buf.in_ = 1
    buf.mutex.acquire()


def takes(first, second):
    def one(buf):
        getattr(buf, first).acquire()
        getattr(buf, second).acquire()
        getattr(buf, second).release()
        getattr(buf, first).release()

    return one


def works_on(buf):
    for _ in range(20):
        buf.total = buf.total + 1


LOCKS = dict(a=Semaphore(1), b=Semaphore(1), total=0)


def test_two_that_wait_for_each_other_are_in_a_deadlock_while_a_third_works_on() -> None:
    found = explore([takes("a", "b"), takes("b", "a"), works_on], shared=LOCKS)
    assert found.reason == "deadlock: P0 waits for b (held by P1), P1 waits for a (held by P0), whatever P2 does"
    assert len(found.steps) == 2 and found.replay(real=False)


def test_who_forgot_to_give_a_lock_back_holds_it() -> None:
    found = explore([forgets, polls], shared=dict(mutex=Semaphore(1), in_=0, out=0))
    assert found.reason == "deadlock: P0 waits for mutex (held by P0), whatever P1 does"


def get_wrong_order(buf):
    buf.mutex.acquire()
    buf.full.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.mutex.release()
    buf.empty.release()
    return item


def test_a_deadlock_is_told_when_all_who_are_in_it_wait() -> None:
    """The consumer can never get an item from the first step on, but why is seen once the producer waits, too."""
    found = explore(p.put_semaphores, get_wrong_order, capacity=1)
    assert found.reason == "deadlock: P waits for mutex (held by C), C waits for full (0)"


def takes_then_looks(buf, me):
    buf.wants[me] = 1
    while buf.wants[1 - me]:
        pass
    buf.wants[me] = 0


def test_those_that_look_for_what_the_other_would_store_are_in_a_deadlock() -> None:
    found = explore([(takes_then_looks, 0), (takes_then_looks, 1)], shared=dict(wants=[0, 0]))
    assert found.fault == "deadlock"
    assert found.reason == "deadlock: P0 waits in a loop for wants[1], P1 waits in a loop for wants[0]"


def looks_for_good(buf):
    while not buf.ready:
        pass


def test_who_looks_for_what_nobody_stores_is_in_a_livelock() -> None:
    assert explore([looks_for_good], shared=dict(ready=0)).fault == "livelock"


@pytest.mark.parametrize("name", [name for name, (_, fault) in p.TEXTBOOK.items() if fault not in (None, "livelock")])
def test_a_schedule_is_at_most_a_quarter_longer_than_the_shortest(name: str) -> None:
    program = p.TEXTBOOK[name][0]()
    found = verdict(program.system(watched=True), program.system())
    assert found.complete
    if found.loop:  # nothing ends there: the schedule is the way to what goes on for ever
        return
    ends = earliest.faults(found.graph)
    shortest = next(steps for state, steps in simplest.levels(found.graph) if state in ends)
    assert shortest <= len(found.steps) <= shortest * 5 // 4


def test_who_waits_for_a_lock_whose_holder_goes_round_for_ever_is_in_no_deadlock() -> None:
    """The one that goes round is to blame, and goes on."""

    def goes_round(buf):
        with buf.m:
            while buf.t.swap(2) != 1:
                pass

    found = explore([goes_round] * 2, shared=dict(m=Semaphore(1), t=Atomic(2)))
    assert found.fault == "livelock" and found.loop == "P0"
