"""What a student may write wrongly gets a sentence."""

import contextlib
import random
import threading
import time
from typing import Any

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program import explorer_errors
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.errors import ShmlabError
from shmlab.memory.semaphores import Semaphore
from tests.apparatus import named
from tests.explorer import programs as p

SHARED: dict[str, Any] = dict(count=0, flag=[0, 0], lock=Atomic(0), mutex=Semaphore(1))


def misspells(buf):
    buf.cuont += 1


def misspells_and_catches(buf):
    with contextlib.suppress(Exception):
        buf.cuont = 1


def stores_text(buf):
    buf.count = "one"


def stores_too_much(buf):
    buf.count = 1 << 80


def replaces_an_array(buf):
    buf.flag = [1, 1]


def asks_a_semaphore(buf):
    if buf.mutex:
        buf.count = 1


def asks_an_atomic(buf):
    while buf.lock:
        pass


def throws_dice(buf):
    if random.random() < 0.5:
        buf.count = 1


made = []


def remembers(buf):
    made.append(1)
    if len(made) % 2:
        buf.count = 1
    buf.flag[0] = buf.count


def loops(buf):
    buf.count = 1
    while True:
        pass


def loops_in_a_comprehension(buf):
    return [x for x in iter(int, 1)]


def swallows_and_loops(buf):
    while True:
        try:
            pass
        finally:
            pass


def yields(buf):
    yield buf.count


async def awaits(buf):
    buf.count = 1


def uses_a_global(buf):
    global total
    total = buf.count


@pytest.mark.parametrize(
    "function, error, says",
    [
        (misspells, explorer_errors.UnknownVariable, "line {1} of misspells: .*'cuont'. Did you mean 'count'"),
        (misspells_and_catches, explorer_errors.UnknownVariable, "Did you mean 'count'"),
        (stores_text, explorer_errors.ValueRefused, "line {1} of stores_text: count cannot hold the str 'one'"),
        (stores_too_much, explorer_errors.ValueRefused, "number beyond 64 bits"),
        (replaces_an_array, explorer_errors.ValueRefused, "store into one of its elements"),
        (asks_a_semaphore, explorer_errors.ValueRefused, "take one with .acquire"),
        (asks_an_atomic, explorer_errors.ValueRefused, "read it with .load"),
        (throws_dice, explorer_errors.CannotFollow, "random.random cannot be explored"),
        (remembers, explorer_errors.NotDeterministic, "remembers is not deterministic"),
        (loops, explorer_errors.EndlessLoop, "of loops runs on for ever without a step"),
        pytest.param(loops_in_a_comprehension, explorer_errors.EndlessLoop, "without a step", marks=pytest.mark.slow),
        pytest.param(swallows_and_loops, explorer_errors.EndlessLoop, "without a step", marks=pytest.mark.slow),
        (yields, explorer_errors.CannotFollow, "line {1} of yields: yield makes this a generator"),
        (awaits, explorer_errors.CannotFollow, "awaits is a coroutine"),
        (uses_a_global, explorer_errors.CannotFollow, "line {1} of uses_a_global: `global total`"),
    ],
)
def test_a_mistake_gets_a_sentence(function, error, says) -> None:
    line = function.__code__.co_firstlineno
    began = time.process_time()
    with pytest.raises(error, match=says.replace("{1}", str(line + 1))) as raised:
        explore([function], shared=SHARED)
    assert isinstance(raised.value, ShmlabError)
    assert time.process_time() - began < 4  # seconds of a processor, however busy the machine is: two, at most


@pytest.mark.slow
def test_an_endless_loop_is_stopped_in_any_thread() -> None:
    caught: list[BaseException] = []

    def cell() -> None:
        try:
            explore([loops], shared=SHARED)
        except explorer_errors.EndlessLoop as error:
            caught.append(error)

    thread = threading.Thread(target=cell)
    thread.start()
    thread.join(20)
    assert caught


def catches_everything(buf, me):
    while buf.count != me:
        try:  # noqa: SIM105
            buf.flag[me] = 1
        except BaseException:
            pass
    buf.count = 1 - me


def sleeps(buf, me):
    while buf.count != me:
        time.sleep(100)
    print("never seen")
    buf.count = 1 - me


class Worker:
    def __init__(self, me):
        self.me, self.log = me, []

    def run(self, buf):
        self.log.append(buf.flag[self.me])
        buf.flag[self.me] = self.log[0] + 1
        return self.log


def uses_an_object(buf, me):
    return Worker(me).run(buf)


def changes_its_argument(buf, log):
    log.append(buf.count)
    buf.count += 1
    return log


def test_unusual_code_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    for function in (catches_everything, sleeps, uses_an_object):
        assert explore([(function, 0), (function, 1)], shared=SHARED).ok, function
    found = explore([(changes_its_argument, [])], shared=SHARED, final=lambda memory, results: results == [[0]])
    assert found.ok
    assert capsys.readouterr().out == ""


class Counting:
    made = 0
    log: list[int] = []  # noqa: RUF012 - as a student may write it

    def __init__(self):
        self.n = 0

    def count(self, how):
        if how == "attribute":
            type(self).made += 1
        if how == "list":
            self.log.append(1)
        self.n += 1


COUNTING = Counting()
PAIR = (Counting(), Counting())
NUMBERS = iter([1, 2, 3] * 1000)


def counts(buf, how):
    Counting().count(how)
    buf.count = 1


def counts_globally(buf):
    COUNTING.count("self")
    buf.count = 1


def counts_in_a_pair(buf):
    PAIR[0].count("self")
    buf.count = 1


def takes_the_next(buf):
    next(NUMBERS)
    buf.count = 1


def makes_an_attribute(buf):
    Counting.new = buf.count
    buf.count = 1


def counts_by_default(buf, seen=[]):  # noqa: B006 - as a student may write it
    seen.append(buf.count)


def counts_in_an_attribute(buf):
    counts_in_an_attribute.n += 1
    buf.count = 1


counts_in_an_attribute.n = 0  # type: ignore[attr-defined]


def around():
    n = 0

    def counts_around(buf):
        nonlocal n
        n += 1
        buf.count = 1

    return counts_around


@pytest.mark.parametrize(
    "process, what",
    [
        ((counts, "attribute"), "Counting.made"),
        ((counts, "list"), "Counting.log"),
        ((counts_globally,), "the global `COUNTING`"),
        ((counts_in_a_pair,), "the global `PAIR`"),
        ((takes_the_next,), "the global `NUMBERS`"),
        ((makes_an_attribute,), "the attributes of Counting"),
        ((counts_by_default,), "a default argument of counts_by_default"),
        ((counts_in_an_attribute,), "an attribute of counts_in_an_attribute"),
        ((around(),), "the variable `n` around counts_around"),
    ],
)
def test_what_outlives_a_call_must_not_be_changed(process, what) -> None:
    with pytest.raises(explorer_errors.NotDeterministic, match=f"it changes {what}, which outlives the call"):
        explore([process], shared=SHARED)


class Tree:
    """Walking it is a generator: it is left as it is."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def __iter__(self):
        yield from self.numbers


def walks(buf):
    for number in Tree(1, 2):
        buf.count += number


def walks_and_waits(buf):
    for _ in Tree(1, 2):
        while buf.count == 0:
            pass


def test_what_cannot_be_looked_into_is_told_where_the_search_gives_up() -> None:
    found = explore([walks_and_waits], shared=dict(count=0), max_states=500)
    line = walks_and_waits.__code__.co_firstlineno + 2
    assert f"what walks_and_waits holds at line {line} cannot be looked into (generator)" in str(found)


def test_a_generator_method_is_left_as_it_is() -> None:
    assert explore([walks, walks], shared=SHARED, final=lambda memory, _: memory.count <= 6).ok


count = lambda buf: buf.flag[0]  # noqa: E731 - as a student may write it


def counts_up(buf):
    buf.count += 1


def test_a_global_that_is_called_like_a_shared_variable_is_no_business_of_ours() -> None:
    assert explore([counts_up], shared=SHARED).ok


def test_a_lambda_is_refused() -> None:
    with pytest.raises(explorer_errors.CannotFollow, match="lambda"):
        explore(lambda buf, item: None, p.get_count)


NONSENSE = [3, -1, 2.5, float("nan"), "x", b"x", [3.5], {}, object(), lambda: 0, len, None, True, "\0"]
ASKED = ("invariant", "final", "buffer", "must_finish", "must_enter", "memory", "max_states", "max_seconds", "progress")


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("value", NONSENSE, ids=named)
def test_nonsense_for_an_argument_is_a_sentence_or_an_answer(name: str, value: object) -> None:
    def add(buf):  # type: ignore[no-untyped-def]
        buf.count += 1

    with contextlib.suppress(ShmlabError):
        explore([(add,), (add,)], **{"shared": {"count": 0}, name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", NONSENSE, ids=named)
def test_nonsense_for_a_schedule_is_refused(value: object) -> None:
    verdict = explore("unsynchronised", producers=2, items=1)
    if value not in ([], {}) and value is not None:
        with pytest.raises(ShmlabError, match="schedule"):
            verdict.model(value)  # type: ignore[arg-type]
