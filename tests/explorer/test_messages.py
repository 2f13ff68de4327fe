"""Habits from other libraries get the sentence that a good tutor would say."""

import threading
from typing import Any

import pytest

import shmlab
from shmlab.explorer.explore import explore
from shmlab.explorer.program import explorer_errors
from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore
from tests.apparatus import named
from tests.explorer import programs as p

SHARED: dict[str, Any] = dict(
    mutex=Semaphore(1), lock=Atomic(0), flag=[0, 0], seats=[Semaphore(1)] * 2, doors=[Atomic(0)] * 2, inside=Critical()
)

HABITS = [
    ("buf.mutex.acquire(2)", "buf.mutex.acquire: blocking must be from 0 to 1, not 2"),
    ("buf.mutex.acquire(1.5)", r"buf.mutex.acquire: a number alone says too little: write acquire\(timeout=1.5\)"),
    ("buf.mutex.acquire(timeout=-1)", "buf.mutex.acquire: timeout must be from 0"),
    ("buf.mutex.acquire(False, 2)", r"acquire\(False\) does not wait: leave out the timeout"),
    ("buf.mutex.release(0)", "buf.mutex.release: n must be from 1"),
    ("buf.mutex._value", "buf.mutex has no _value: did you mean value"),
    ("buf.mutex.locked()", "buf.mutex has no locked: did you mean value"),
    ("buf.mutex.aquire()", "buf.mutex has no aquire: did you mean acquire"),
    ("buf.mutex.realease()", "did you mean release"),
    ("buf.mutex.unlock()", "did you mean release"),
    ("buf.mutex.notify()", "did you mean release"),
    ("buf.mutex.acquire", r"buf.mutex.acquire without parentheses does nothing: write buf.mutex.acquire\(\)"),
    ("buf.mutex == 1", "buf.mutex is no number: take one with .acquire"),
    ("buf.mutex != 1", "buf.mutex is no number"),
    ("buf.mutex > 0", "buf.mutex is no number"),
    ("buf.mutex + 1", "buf.mutex is no number"),
    ("buf.mutex in [1]", "buf.mutex is no number"),
    ("int(buf.mutex)", "buf.mutex is no number"),
    ("buf.mutex.value = 1", "buf.mutex.value cannot be set"),
    ("buf.lock == 1", "buf.lock is no number: read it with .load"),
    ("0 == buf.lock", "buf.lock is no number: read it with .load"),
    ("buf.lock < 1", "buf.lock is no number: read it with .load"),
    ("buf.lock += 1", "buf.lock is no number: read it with .load"),
    ("[0, 1][buf.lock]", "buf.lock is no number: read it with .load"),
    ("buf.lock.value", "buf.lock has no value: did you mean load"),
    ("buf.lock.cas(0, 1)", "did you mean compare_and_swap"),
    ("buf.lock.fetch_and_add(1)", "did you mean fetch_add"),
    ("buf.lock.set(1)", "did you mean store"),
    ("buf.flag == [0, 0]", "buf.flag is no number: look at one of its elements"),
    ("buf.flag.append(1)", r"buf.flag has no append: it has a fixed number of elements.*buf.flag\[i\] = item"),
    ("buf.seats == [1, 1]", r"buf.seats\[0\] is no number"),
    ("buf.doors != (0, 0)", r"buf.doors\[0\] is no number"),
    ("buf.inside.acquire()", "buf.inside has no acquire: did you mean with"),
    ("flag[0] = 1", "name 'flag' is not defined.*: write buf.flag"),
]


def written(text: str) -> Any:
    import linecache

    source, place = f"def habit(buf):\n    {text}\n", f"<{text}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    names: dict[str, Any] = {}
    exec(compile(source, place, "exec"), names)
    return names["habit"]


@pytest.mark.parametrize(("text", "says"), HABITS, ids=[text for text, _ in HABITS])
def test_a_habit_gets_its_sentence(text: str, says: str) -> None:
    import re

    try:
        found = explore([written(text)], shared=SHARED)
        told = str(found.reason)
    except explorer_errors.ExplorerError as error:
        told = str(error)
        assert told.startswith("line 2 of habit: ")
    assert re.search(says, told), told
    assert not re.search("Cell|object has no attribute|positional argument|unsupported", told), told


def test_acquire_says_that_it_has_got_one_as_in_python() -> None:
    def waits(buf):
        if buf.mutex.acquire() and buf.mutex.release(1) is None:
            return buf.mutex.acquire(True)

    assert explore([waits], shared=SHARED, final=lambda _, results: results == [True]).ok


def get_nothing(buf):
    p.get_semaphores(buf)


def test_a_get_that_returns_nothing_is_told_to_return_its_item() -> None:
    reason = explore(p.put_semaphores, get_nothing).reason
    assert reason and "C got None, which nobody put" in reason and "return item" in reason


@pytest.mark.parametrize("lock", [threading.Lock(), threading.Semaphore(2), threading.Event()], ids=named)
def test_a_real_lock_among_the_shared_variables_is_told(lock: object) -> None:
    for ask in (
        lambda: explore([written("pass")], shared=dict(lock=lock)),
        lambda: explore("semaphores", shared=dict(lock=lock)),
    ):
        with pytest.raises(ArgumentError, match=r"lock=Semaphore\(1\)"):
            ask()


def test_numbers_of_numpy_are_initial_values_in_the_explorer_and_in_the_lab() -> None:
    numpy = pytest.importorskip("numpy")

    def adds(buf):
        buf.x += buf.row[0]

    shared = dict(x=numpy.int64(1), row=numpy.array([2, 3]))
    assert explore([adds], shared=shared, final=lambda memory, _: memory.x == 3 and memory.row == [2, 3]).ok
    lab = shmlab.Lab(put=p.put_count, get=p.get_count, shared=dict(in_=numpy.int64(0), out=0, count=numpy.int8(0)))
    assert {type(value) for value in lab.strategy.shared(8).values()} == {int}


def server(buf):
    while True:
        buf.request.acquire()
        buf.x += 1
        buf.reply.release()


def client(buf):
    buf.request.release()
    buf.reply.acquire()


def goes_left(buf):
    while True:
        with buf.left, buf.right:
            pass


def goes_right(buf):
    while True:
        with buf.right, buf.left:
            pass


def ends(buf):
    buf.x = 1


def test_a_server_that_waits_at_the_end_gets_a_hint() -> None:
    shared = dict(request=Semaphore(0), reply=Semaphore(0), x=0)
    found = explore([server, client], shared=shared)
    hint = "If P0 may wait for ever, as a server does, say who has to end: must_finish=[1]."
    assert found.fault == "deadlock" and found.summary.endswith(hint)
    assert explore([server, client], shared=shared, must_finish=[1]).ok
    assert "must_finish" not in explore([client, client], shared=shared).summary
    for beside in ([], [ends]):
        crosswise = explore([goes_left, goes_right, *beside], shared=dict(left=Semaphore(1), right=Semaphore(1), x=0))
        assert crosswise.fault == "deadlock" and "must_finish" not in crosswise.summary


def test_a_consumer_for_whom_there_is_no_item_is_not_said_to_touch_nothing() -> None:
    assert "never touch" not in explore("semaphores", consumers=3, items=1).summary


def test_only_a_program_with_semaphores_depends_on_strong_ones() -> None:
    assert "strong" not in explore("busy_waiting", fairness="strong").summary


def calls_a_semaphore(buf):
    buf.mutex()


def uses_with_on_acquire(buf):
    with buf.mutex.acquire():
        pass


def test_a_semaphore_that_is_used_like_something_else_gets_a_sentence() -> None:
    shared = dict(mutex=Semaphore(1))
    with pytest.raises(explorer_errors.ValueRefused, match=r"buf.mutex is not a function: use its operations, such as"):
        explore([calls_a_semaphore], shared=shared)
    assert "write `with buf.mutex:` without .acquire()" in explore([uses_with_on_acquire], shared=shared).summary
