"""What a deadlock's sentence says: who waits for what, and who holds it, if it is something that one holds."""

from shmlab.explorer import explore
from shmlab.sync import Semaphore
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
