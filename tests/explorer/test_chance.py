"""What differs from run to run, what outlives a call, and what takes for ever: refused, wherever it hides."""

import decimal
import importlib
import keyword
import math
import multiprocessing
import operator
import random
import statistics
import string
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from shmlab import Semaphore, check, choose
from shmlab.explorer.explore import explore
from shmlab.explorer.program.explorer_errors import (
    CannotFollow,
    EndlessLoop,
    ExplorerError,
    NotDeterministic,
    OutOfTime,
)
from shmlab.strategies import semaphores

SHARED = dict(x=0, y=0)
STORE = """
class Account:
    balance = 0

state, account, items = {"total": 0}, Account(), []
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A module of the student's own."""
    (tmp_path / "a_store_of_mine.py").write_text(STORE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a_store_of_mine", raising=False)
    return importlib.import_module("a_store_of_mine")  # type: ignore[return-value]


@pytest.mark.parametrize("what", ["state", "account", "items"])
def test_what_a_module_holds_must_not_be_changed(store: SimpleNamespace, what: str) -> None:
    def adds(buf):
        store.state["total"] += 1
        buf.x = 1

    def pays(buf):
        store.account.balance += 1
        buf.x = 1

    def appends(buf):
        store.items.append(1)
        buf.x = 1

    function = dict(state=adds, account=pays, items=appends)[what]
    with pytest.raises(NotDeterministic, match=f"it changes .*{what}, which outlives the call"):
        explore([function] * 2, shared=SHARED)


# --- chance ------------------------------------------------------------------------------------------------------


def asks_is(buf):
    if random.choice([True, False]) is True:
        buf.x = 1


def matches(buf):
    match random.choice([True, False]):
        case True:
            buf.x = 1


def asks_isinstance(buf):
    if isinstance(random.random(), float):
        buf.x = 1


def samples(buf):
    buf.x = int(statistics.NormalDist(0, 1).samples(1)[0])


def walks(buf):
    for name in {"x", "y"}:
        setattr(buf, name, 1)


def lists(buf):
    buf.x = list({"a", "b"}).index("a")


def unpacks(buf):
    first, _ = {"a", "b"}
    buf.x = int(first == "a")


def pops(buf):
    names = {"a", "b"}
    buf.x = int(names.pop() == "a")


def hashes(buf):
    buf.x = "a".__hash__() % 2


@pytest.mark.parametrize("function", [asks_is, matches, asks_isinstance, samples])
def test_nothing_depends_on_dice(function: Callable[..., object]) -> None:
    with pytest.raises(CannotFollow, match=r"line \d+ of .*cannot be explored"):
        explore([function], shared=SHARED)


@pytest.mark.parametrize("function", [walks, lists, unpacks, pops])
def test_nothing_depends_on_the_order_of_a_set(function: Callable[..., object]) -> None:
    with pytest.raises(CannotFollow, match=r"whose order differs from run to run: walk over sorted\(\.\.\.\)"):
        explore([function], shared=SHARED)


def test_nothing_depends_on_a_hash() -> None:
    with pytest.raises(CannotFollow, match="hashes uses"):
        explore([hashes], shared=SHARED)


def test_sets_of_numbers_and_what_does_not_walk_are_explored() -> None:
    def uses_them_well(buf):
        for number in {1, 2, 3}:
            buf.x = number
        names = {"a", "b"}
        assert "a" in names and sorted(names) == ["a", "b"] and len(names) == 2

    assert explore([uses_them_well], shared=SHARED).ok


# --- what outlives a call -----------------------------------------------------------------------------------------


class Counted:
    __total__ = 0


def counts(buf):
    Counted.__total__ += 1
    buf.x = 1


def renames(buf):
    renames.__doc__ = "another"
    buf.x = 1


def annotates(buf):
    annotates.__annotations__["n"] = 1
    buf.x = 1


def sets_precision(buf):
    decimal.getcontext().prec = 5
    buf.x = 1


def adds_a_keyword(buf):
    keyword.kwlist.append("semaphore")
    buf.x = 1


def marks_a_class(buf):
    string.Formatter.busy = 1
    buf.x = 1


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (counts, "changes the attribute __total__, which outlives the call"),
        (renames, "changes the attribute __doc__, which outlives the call"),
        (annotates, "uses .__annotations__, which cannot be explored"),
        (sets_precision, r"decimal.getcontext\(\) cannot be explored"),
        (adds_a_keyword, "it changes keyword.kwlist, which outlives the call"),
        (marks_a_class, "it changes the attributes of Formatter, which outlives the call"),
    ],
)
def test_what_outlives_a_call_must_not_be_changed(function: Callable[..., object], says: str) -> None:
    words, precision = list(keyword.kwlist), decimal.getcontext().prec
    try:
        with pytest.raises(ExplorerError, match=says):
            explore([function] * 2, shared=SHARED)
    finally:
        keyword.kwlist[:] = words
        if "busy" in vars(string.Formatter):
            del string.Formatter.busy
    assert decimal.getcontext().prec == precision


def test_the_size_of_a_deque_is_part_of_a_local_state() -> None:
    def short_or_long(buf):
        last = deque([1], maxlen=1 if buf.y else 2)
        buf.x = 1
        buf.x = 2
        last.append(2)
        if len(last) == 1:
            buf.x = 3

    def decides(buf):
        buf.y = 1

    found = explore([short_or_long, decides], shared=SHARED, final=lambda memory, _: memory.x != 3)
    assert "final" in found.summary and not found.ok


def test_a_thread_is_itself_and_its_process_s_main_one() -> None:
    def asks(buf):
        if threading.current_thread() is threading.main_thread():
            buf.x = 1

    assert explore([asks] * 2, shared=SHARED, final=lambda memory, _: memory.x == 1).ok


# --- what takes for ever ------------------------------------------------------------------------------------------


def squares(buf):
    number = 3
    while True:
        number = number * number


def squares_in_place(buf):
    number = 3
    for _ in range(40):
        number *= number
    buf.x = 1


def doubles_a_list(buf):
    things = [0]
    while True:
        things = things + things


def raises_to_a_power(buf):
    buf.x = operator.pow(7, 10**8) % 2


def multiplies_a_range(buf):
    buf.x = math.prod(range(1, 99_999)) % 2


def sorts_by_a_sum(buf):
    buf.x = sorted(range(90_000), key=lambda n: sum(range(90_000)))[0]


def sums_a_map(buf):
    buf.x = sum(map(lambda n: sum(range(90_000)), range(5_000))) % 7


LAMBDA = lambda n: sum(range(90_000))  # noqa: E731


def maps_a_global_lambda(buf):
    buf.x = sum(map(LAMBDA, range(5_000))) % 7


class Endless:
    __iter__ = lambda self: self  # noqa: E731
    __next__ = int


def sums_what_never_ends(buf):
    buf.x = sum(Endless())


@pytest.mark.slow
@pytest.mark.parametrize(
    "function",
    [
        *(squares, squares_in_place, doubles_a_list, raises_to_a_power, multiplies_a_range),
        *(sorts_by_a_sum, sums_a_map, maps_a_global_lambda, sums_what_never_ends),
    ],
)
def test_it_is_noticed(function: Callable[..., object]) -> None:
    began = time.thread_time()
    with pytest.raises((EndlessLoop, CannotFollow), match=function.__name__ + "|Endless.__next__"):
        explore([function], shared=SHARED, max_seconds=2)
    assert time.thread_time() - began < 4


def test_adding_and_multiplying_mean_what_they_mean_in_python() -> None:
    def computes(buf):
        text, things = "a", [1]
        same = things
        text += "b"
        things += [2]
        things *= 2
        more = things + same
        assert same == [1, 2, 1, 2] and same is things and text == "ab" and len(more) == 8 and 3 * "a" == "aaa"
        long = range(10**6)
        assert (long.start, long.stop, long.step, long.index(5), long.count(7)) == (0, 10**6, 1, 5, 1)
        assert long == range(10**6)
        buf.x = operator.mul(2, 3) + math.prod([2, 3], start=2)

    assert explore([computes], shared=SHARED, final=lambda memory, _: memory.x == 18).ok


# --- and what is the program's own business ------------------------------------------------------------------------


def interrupts_itself(buf):
    raise KeyboardInterrupt


def interrupts_itself_later(buf):
    buf.x = 1
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [interrupts_itself, interrupts_itself_later])
def test_a_program_that_raises_an_interrupt_fails(function: Callable[..., object]) -> None:
    assert "raised KeyboardInterrupt" in str(explore([function] * 2, shared=SHARED))


def test_a_check_says_so_too() -> None:
    def put(buf, item):
        raise KeyboardInterrupt

    def get(buf):
        return buf.slots[0]

    assert "raised KeyboardInterrupt" in str(check.semaphores(put, get))


def test_choose_may_be_given_as_an_argument() -> None:
    def decides(buf, decide):
        buf.x = decide(1, 2)

    assert explore([(decides, choose)], shared=SHARED, final=lambda memory, _: memory.x in (1, 2)).ok
    assert not explore([(decides, choose)], shared=SHARED, final=lambda memory, _: memory.x == 1).ok


def test_what_counts_the_machine_is_not_called_a_lock() -> None:
    def asks(buf):
        buf.x = multiprocessing.cpu_count()

    with pytest.raises(CannotFollow, match=r"cpu_count cannot be explored.*give the value as an argument"):
        explore([asks], shared=SHARED)


def test_a_condition_without_an_answer_is_pointed_out() -> None:
    def invariant(memory):
        memory.x == 5  # noqa: B015

    with pytest.raises(CannotFollow, match=r"computes `memory\.x == 5` and gives no answer: write `return"):
        explore([counts_up], shared=SHARED, invariant=invariant)


def counts_up(buf):
    buf.x += 1


def test_a_deadlock_is_told_when_its_circle_is_closed_whoever_else_will_wait_later() -> None:
    def one(buf):
        with buf.left, buf.right:
            pass

    def other(buf):
        with buf.right, buf.left:
            pass

    def third(buf):
        for number in range(20):
            buf.x = number
        with buf.left:
            pass

    found = explore([one, other, third], shared=dict(left=Semaphore(1), right=Semaphore(1), x=0))
    assert found.fault == "deadlock" and found.schedule == "P0 P1"


def test_something_else_than_an_item_in_a_slot_is_not_called_an_empty_slot() -> None:
    def put(buf, item):
        buf.empty.acquire()
        buf.slots[buf.in_] = item + 2
        buf.in_ = (buf.in_ + 1) % buf.capacity
        buf.full.release()

    found = explore(put, semaphores.get, items=2)
    assert found.fault == "invented" and "which nobody put" in found.summary


def test_a_time_that_is_up_while_a_fault_is_judged_does_not_hide_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def settled(_system: object, _state: int) -> None:
        raise OutOfTime

    monkeypatch.setattr("shmlab.explorer.model.system.System.settled", settled)
    assert "FAILS" in str(explore("unsynchronised"))
