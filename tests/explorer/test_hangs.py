"""Whatever a student writes, `explore` and the checks answer in time, and leave nothing behind."""

import itertools
import math
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from shmlab import check
from shmlab.explorer.explore import explore
from shmlab.explorer.program import call_stack, explorer_errors

SECONDS = 2.0
X = dict(x=0)


class Stop(BaseException):
    pass


def sums(buf):
    return sum(range(10**9))


def finds_the_largest(buf):
    return max(range(10**9))


def makes_a_list(buf):
    return len(list(range(10**10)))


def sorts(buf):
    return sorted(range(10**9, 0, -1))


def sums_a_generator(buf):
    return sum(1 for _ in range(10**9))


def counts_for_ever(buf):
    return sum(itertools.count())


def asks_again_and_again(buf):
    return list(iter(int, 1))


def consumes_a_map(buf):
    return any(map(bool, itertools.repeat(0)))


def combines(buf):
    return sum(1 for _ in itertools.permutations(range(20)))


def combines_in_one_call(buf):
    return len(list(itertools.product(range(100), repeat=8)))


def raises_to_a_power(buf):
    return 10**10**9


def raises_by_name(buf):
    return pow(3, 10**10)


def raises_in_place(buf):
    n = 7
    n **= 10**10
    return n


def shifts(buf):
    return 1 << 10**12


def repeats(buf):
    return [0] * 10**10


def multiplies(buf):
    return math.factorial(10**8)


def loops(buf):
    while True:
        pass


def loops_in_a_generator(buf):
    def numbers():
        while True:
            if buf is None:
                yield 1

    return next(numbers())


def squares_and_squares(buf):
    n = 3
    while True:
        n = n * n


LONG = [
    *(sums, finds_the_largest, makes_a_list, sorts, sums_a_generator, counts_for_ever, asks_again_and_again),
    *(consumes_a_map, combines, combines_in_one_call, raises_to_a_power, raises_by_name, raises_in_place, shifts),
    *(repeats, multiplies, loops, loops_in_a_generator),
]


@pytest.mark.slow
@pytest.mark.parametrize("function", LONG, ids=lambda function: function.__name__)
def test_what_takes_too_long_is_told_in_time(function) -> None:
    threads, began = threading.active_count(), time.process_time()
    with pytest.raises(explorer_errors.EndlessLoop, match=r"line \d+ of \w+"):
        explore([function], shared=X, max_seconds=SECONDS)
    assert time.process_time() - began < SECONDS + 2  # of a processor, however busy the machine is
    assert threading.active_count() == threads


def test_short_ones_are_what_they_are_in_python() -> None:
    found = explore([computes], shared=X, final=lambda memory, results: results == [computes(None)])
    assert found.ok, found


def computes(buf):
    if buf is not None:
        buf.x = 1
    long = range(0, 10**12, 3)
    return [
        *(sum(range(10)), list(range(3, 0, -1)), isinstance(range(3), range), 2**10, 1 << 4, [0] * 3, "ab" * 2),
        *(pow(2, 5, 7), math.factorial(5), list(itertools.islice(itertools.count(3), 2)), len(long[:9]), 9 in long),
        *(long[2], next(iter(long)), next(reversed(long)), list(iter([2, 1, 0].pop, 0)), math.comb(5, 2)),
        *(list(itertools.product("ab", repeat=1)), 7**-1, 2.0**3, 3 * 4),
    ]


def computes_long_between_steps(buf):
    for _ in range(1000):
        sum(range(90_000))
        buf.x = (buf.x + 1) % 5


@pytest.mark.slow
def test_the_time_limit_holds_where_every_step_takes_long() -> None:
    began = time.process_time()
    found = explore([computes_long_between_steps] * 2, shared=X, max_seconds=1)
    assert not found.complete and "it took more than 1 s" in str(found)
    assert time.process_time() - began < 4  # of a processor, however busy the machine is


def leaves(buf):
    if buf.x == 0:
        sys.exit()


def quits(buf):
    if buf.x == 0:
        exit(1)


def raises(buf):
    if buf.x == 0:
        raise Stop("enough")


@pytest.mark.parametrize(("function", "kind"), [(leaves, "SystemExit"), (quits, "SystemExit"), (raises, "Stop")])
def test_a_process_that_ends_itself_is_told_and_ends_nobody_else(function, kind) -> None:
    found = explore([function, function], shared=X)
    assert found.fault == "exception" and f"P0 raised {kind}" in str(found.reason)
    assert found.replay(real=True).ok


LOCK = threading.Lock()
EVENT = threading.Event()


def get_plain(buf):
    return buf.slots[buf.out]


def put_with_a_lock(buf, item):
    with LOCK:
        buf.slots[buf.in_] = item


def put_waiting(buf, item):
    EVENT.wait()
    buf.slots[buf.in_] = item


def put_at_length(buf, item):
    buf.slots[buf.in_] = sum(range(10**9))


def put_leaving(buf, item):
    sys.exit()


def put_raising(buf, item):
    raise Stop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("put", "says"),
    [
        (put_with_a_lock, "LOCK is a threading.Lock"),
        (put_waiting, "EVENT is a threading.Event"),
        (put_at_length, "runs on for ever without a step"),
        (put_leaving, "SystemExit"),
        (put_raising, "Stop"),
    ],
)
def test_a_check_tells_it_too(put, says) -> None:
    began = time.process_time()
    assert says in str(check.index_buffer(put, get_plain))
    assert time.process_time() - began < 5


def counts_for_a_while(buf):
    total = 0
    for number in range(500):
        total += number
    buf.x = total


def test_a_process_that_waits_for_a_processor_is_not_said_to_run_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # each look at it is a second later
    clocks = SimpleNamespace(monotonic=lambda: next(clock), thread_time=time.thread_time)
    monkeypatch.setattr(call_stack, "time", clocks)
    found = explore([(counts_for_a_while,)], shared=X, final=lambda memory, _: memory.x == 124750)
    assert found.ok
