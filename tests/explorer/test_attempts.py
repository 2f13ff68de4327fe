"""Semaphores used as Python allows it: attempts, timeouts, several given back at once, the value. In model and lab."""

from itertools import product
from typing import Any

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.report.question import of
from shmlab.explorer.search import reduced
from shmlab.memory.posix_semaphore import ByCtypes, Named, open_named, value
from shmlab.memory.semaphores import Semaphore
from tests.apparatus import Buffer, buffer

ONE = dict(mutex=Semaphore(1), count=0)


def attempts(buf):
    if not buf.mutex.acquire(False):
        return False
    buf.count += 1
    buf.mutex.release()
    return True


def attempts_for_a_second(buf):
    if not buf.mutex.acquire(timeout=1):
        return False
    buf.count += 1
    buf.mutex.release()
    return True


def waits(buf):
    with buf.mutex:
        buf.count += 1
    return True


def takes(buf):
    return buf.mutex.acquire(block=False)


def looks_first(buf):
    if buf.mutex.value:
        buf.mutex.acquire()
        buf.count += 1


def insists(buf):
    if not buf.mutex.acquire(False):
        raise RuntimeError("taken")
    buf.mutex.release()


def sees_it_taken(buf):
    if buf.mutex.value == 0:
        raise RuntimeError("taken")


def gives_two(buf):
    buf.full.release(2)


def takes_one(buf):
    buf.full.acquire()


@pytest.mark.parametrize("function", [attempts, attempts_for_a_second], ids=["attempt", "timeout"])
def test_both_outcomes_are_explored(function: Any) -> None:
    fails = explore([function, waits], shared=ONE, final=lambda _, results: results[0])
    assert fails.fault == "invariant"
    assert explore([function, waits], shared=ONE, final=lambda _, results: not results[0]).fault == "invariant"
    counted = explore([function, waits], shared=ONE, final=lambda memory, results: memory.count == sum(results))
    assert counted.ok and counted.paths
    assert "the memory was the model's after every step" in str(fails.replay())
    model = fails.model()
    assert str(model.pending(0)) == "try to acquire mutex"
    assert [str(step) for step in fails.steps if step.attempt] == ["mutex is 0: none taken"]
    assert str(model.step(0)) == "acquire mutex"


def test_of_two_attempts_one_succeeds() -> None:
    assert explore([takes] * 2, shared=ONE, final=lambda _, results: sorted(results) == [False, True]).ok


def test_who_has_taken_it_by_an_attempt_holds_it() -> None:
    found = explore([takes, waits], shared=ONE)
    assert found.fault == "deadlock" and "P1 waits for mutex (held by P0)" in str(found)


def test_a_look_at_the_value_is_a_step_of_its_own() -> None:
    """Two look, and both find it free."""
    found = explore([looks_first] * 2, shared=ONE)
    assert found.fault == "deadlock" and "waits for mutex" in str(found)
    assert "the memory was the model's after every step" in str(found.replay())


def tells(buf):
    buf.count = 1
    buf.mutex.release()


def looks_and_reads(buf):
    return buf.mutex.value == 0 or buf.count == 1


def takes_and_reads(buf):
    buf.mutex.acquire()
    return buf.count == 1


def test_a_look_at_the_value_is_no_fence_and_to_take_one_is() -> None:
    asked: dict[str, Any] = dict(shared=dict(mutex=Semaphore(0), count=0), final=lambda _, results: results[1])
    assert explore([tells, looks_and_reads], **asked).ok
    assert explore([tells, looks_and_reads], memory="weak", **asked).fault == "invariant"
    assert explore([tells, takes_and_reads], memory="weak", **asked).ok


def test_several_are_given_back_one_after_the_other() -> None:
    assert explore([gives_two, takes_one, takes_one], shared=dict(full=Semaphore(0))).ok
    short = explore([gives_two, takes_one, takes_one, takes_one], shared=dict(full=Semaphore(0)))
    assert short.fault == "deadlock"
    assert str(short.replay())


FUNCTIONS = (attempts, waits, looks_first, takes, insists, sees_it_taken)


@pytest.mark.parametrize("functions", list(product(FUNCTIONS, repeat=2)))
def test_where_states_stand_for_many_no_outcome_is_lost(functions: Any) -> None:
    """A lock whose value somebody looks at protects nothing from that look."""
    asked = of([*functions, waits], shared=ONE)
    whole = asked.verdict()
    parts = asked.program.reducible()
    assert parts is not None
    answer = reduced.search(*parts)
    assert answer.complete and bool(answer.fault) == bool(whole.fault)


# --- in a lab --------------------------------------------------------------------------------------------------------


def bound(it: Buffer) -> tuple[Any, Any]:
    """`buf` of two workers."""
    return it.bind(0), it.bind(1)


def test_an_attempt_takes_one_or_says_that_there_is_none() -> None:
    with buffer() as it:
        one, other = bound(it)
        assert one.mutex.acquire() is True and one.mutex.value == 0
        assert other.mutex.acquire(False) is False
        assert other.mutex.acquire(timeout=0.01) is False
        one.mutex.release()
        assert other.mutex.acquire(True, 10) is True
        other.mutex.release(3)
        assert one.mutex.value == 3


def test_a_value_is_read_in_either_way() -> None:
    with buffer() as it:
        for kind in (Named, ByCtypes):
            semaphore = open_named(f"/{it.file.name}.empty", kind)
            assert value(semaphore) == it.file.layout.capacity
