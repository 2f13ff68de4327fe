"""Whatever a function can reach outside `buf` is constant, its own, or refused with what to write instead."""

import array
import collections
import contextlib
import ctypes
import dataclasses
import enum
import functools
import itertools
import multiprocessing
import multiprocessing.shared_memory
import os
import queue
import random
import sys
import threading
import time
import types
from random import randint as throw
from time import sleep as rest
from typing import Any

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.program import explorer_errors
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore
from tests.explorer import programs as p

X: dict[str, Any] = dict(x=0)


def refused(match: str, *processes: object, shared: dict[str, Any] = X) -> None:
    with pytest.raises(explorer_errors.ExplorerError, match=match):
        explore(list(processes), shared=shared)


# --- objects that a function shares without `buf` -----------------------------------------------------------------


class Box:
    def __init__(self):
        self.n = 0

    def add(self):
        self.n += 1


class Colour(enum.Enum):
    RED = 1


def appends(thing):
    thing.append(1)


def adds(thing):
    thing.add()


def stores(thing):
    thing[0] = 1


def sets(thing):
    thing.n = 1


CHANGED = [
    (lambda: [0], appends),
    (lambda: ([0],), lambda kept: kept[0].append(1)),
    (lambda: {"n": [0]}, lambda kept: kept["n"].append(1)),
    (lambda: collections.deque(), appends),
    (lambda: collections.Counter(), lambda kept: kept.update("a")),
    (lambda: collections.defaultdict(int), lambda kept: kept["a"]),
    (lambda: bytearray(1), stores),
    (lambda: array.array("q", [0]), stores),
    (lambda: types.SimpleNamespace(n=0), sets),
    (lambda: Box(), adds),
    (lambda: [Box()], lambda kept: kept[0].add()),
    (lambda: types.SimpleNamespace(box=Box()), lambda kept: kept.box.add()),
    (lambda: functools.partial(Box.add, Box()), lambda kept: kept()),
    (lambda: Box().add, lambda kept: kept()),
    (lambda: [0].append, lambda kept: kept(1)),
    (lambda: iter([1, 2, 3]), next),
    (lambda: Colour.RED, sets),
]


def process(make, use):
    kept = make()

    def uses(buf):
        use(kept)
        buf.x = 1

    return uses


@pytest.mark.parametrize(("make", "use"), CHANGED)
def test_what_outlives_a_call_must_not_be_changed(make, use) -> None:
    refused("outlives the call", process(make, use))


def test_a_numpy_array_must_not_be_changed_and_may_be_read() -> None:
    numpy = pytest.importorskip("numpy")
    refused("outlives the call", process(lambda: numpy.zeros(1, dtype=int), stores))
    assert explore([process(lambda: numpy.ones(1), lambda kept: kept.sum())], shared=X).ok


REFUSED = [
    (lambda: multiprocessing.Value("i", 0), lambda kept: kept.value, r"multiprocessing.Value.*shared=dict\(kept=0\)"),
    (lambda: multiprocessing.Array("i", 1), stores, r"multiprocessing.Array.*shared=dict\(kept=\[0, 0\]\)"),
    (lambda: multiprocessing.RawArray("i", 1), stores, "shared=dict"),
    (lambda: multiprocessing.Queue(), lambda kept: kept.put(1), "multiprocessing.*Queue|Queue.*buf.slots"),
    (lambda: queue.Queue(), lambda kept: kept.put(1), "Queue.*buf.slots"),
    (lambda: queue.SimpleQueue(), lambda kept: kept.put(1), "Queue.*buf.slots"),
    (lambda: threading.Lock(), lambda kept: kept.acquire(), r"threading.Lock.*shared=dict\(kept=Semaphore\(1\)\)"),
    (lambda: threading.Lock(), lambda kept: kept.__enter__(), "threading.Lock"),
    (lambda: [threading.Lock()], lambda kept: kept[0].acquire(), "threading.Lock"),
    (lambda: types.SimpleNamespace(lock=threading.Lock()), lambda kept: kept.lock.acquire(), "threading.Lock"),
    (lambda: threading.RLock(), lambda kept: kept.acquire(), "threading.RLock"),
    (lambda: threading.Semaphore(1), lambda kept: kept.acquire(), "threading.Semaphore"),
    (lambda: threading.Event(), lambda kept: kept.wait(), r"threading.Event.*Semaphore\(0\)"),
    (lambda: threading.Condition(), lambda kept: kept.acquire(), "threading.Condition"),
    (lambda: threading.Barrier(2), lambda kept: kept.wait(), "threading.Barrier"),
    (lambda: multiprocessing.Lock(), lambda kept: kept.__enter__(), "multiprocessing.Lock"),
    (lambda: threading.Lock().acquire, lambda kept: kept(), "threading.Lock"),
    (lambda: threading.local(), sets, "cannot be|only what processes share"),
    (lambda: ctypes.c_int(0), lambda kept: kept.value, "shared=dict"),
    (lambda: (ctypes.c_int * 2)(), stores, "shared=dict"),
    (lambda: random.Random(1), lambda kept: kept.random() < 1, "differs from run to run"),
    (lambda: random.Random(1).random, lambda kept: kept() < 1, "differs from run to run"),
    (lambda: os.environ, lambda kept: kept["HOME"], "shared=dict"),
    (lambda: itertools.count(), next, "shared=dict"),
    (lambda: (x for x in [1]), next, "shared=dict"),
    (lambda: functools.lru_cache(len), lambda kept: kept(()), "remembers what it has given before"),
    (lambda: Semaphore(1), lambda kept: kept.acquire(), r"describes what is to be shared: write shared=dict"),
    (lambda: Atomic(0), lambda kept: kept.load(), r"describes what is to be shared: write shared=dict"),
    (lambda: memoryview(bytearray(1)), stores, "shared=dict"),
]


@pytest.mark.parametrize(("make", "use", "says"), REFUSED)
def test_what_cannot_be_seen_is_refused_with_what_to_write(make, use, says) -> None:
    began = time.process_time()
    refused(says, process(make, use))
    assert time.process_time() - began < 3


def test_shared_memory_of_another_kind_is_refused() -> None:
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=8)
    try:
        refused(r"SharedMemory.*shared=dict\(kept=", process(lambda: block, lambda kept: kept.buf))
    finally:
        block.close()
        block.unlink()


def test_the_dice_of_numpy_are_dice() -> None:
    numpy = pytest.importorskip("numpy")

    def old(buf):
        buf.x = numpy.random.randint(3)

    def new(buf):
        buf.x = int(numpy.random.default_rng().integers(3))

    for function in (old, new):
        refused("differs from run to run|numpy.random", function)


def test_a_file_that_is_open_is_refused(tmp_path) -> None:
    with (tmp_path / "kept").open("w") as file:
        refused("shared=dict", process(lambda: file, lambda kept: kept.write("1")))


@pytest.mark.parametrize(("make", "use", "says"), REFUSED)
def test_what_cannot_be_seen_is_refused_as_an_argument(make, use, says) -> None:
    def uses(buf, kept):
        use(kept)
        buf.x = 1

    refused(says.replace("kept=", ".*="), (uses, make()))


# --- functions, by whatever name ------------------------------------------------------------------------------------


def decides_by_dice(buf):
    if throw(0, 1):
        buf.x = 1


def decides_by_an_alias(buf):
    dice = random
    if getattr(dice, "ran" + "dom")() < 2:
        buf.x = 1


def imports_dice(buf):
    from random import choice as any_of

    if any_of([0, 1]):
        buf.x = 1


def looks_at_the_clock(buf):
    if time.time() > 0:
        buf.x = 1


def formats_the_clock(buf):
    if f"{time.monotonic():.0f}" == "3":
        buf.x = 1


def stores_the_clock(buf):
    buf.x = time.monotonic_ns()


def sets_a_module(buf):
    types.last = 1  # type: ignore[attr-defined]


def sets_a_module_by_name(buf):
    setattr(types, "last", 1)  # noqa: B010


def sets_the_environment(buf):
    os.environ["LAST"] = "1"


def writes_a_file(buf):
    with open("/tmp/last", "w") as file:  # noqa: PTH123
        file.write("1")


def asks_a_person(buf):
    buf.x = int(input())


def looks_at_an_address(buf):
    buf.x = id(buf) % 2


def changes_globals(buf):
    globals()["last"] = 1


def runs_a_text(buf):
    exec("import os")


def starts_a_thread(buf):
    threading.Thread(target=print).start()


def makes_a_lock(buf):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def forks(buf):
    os.fork()


def shuffles(buf):
    order = [1, 2]
    random.shuffle(order)


OUTSIDE = [
    (decides_by_dice, "line {1} of decides_by_dice: random.randint"),
    (decides_by_an_alias, "random.random"),
    (imports_dice, "random.choice"),
    (looks_at_the_clock, "time.time"),
    (formats_the_clock, "time.monotonic"),
    (stores_the_clock, "time.monotonic_ns"),
    (sets_a_module, r"types.last outlives the call.*shared=dict\(last=0\)"),
    (sets_a_module_by_name, "types.last outlives the call"),
    (sets_the_environment, "os.environ"),
    (writes_a_file, r"open\(\) cannot be explored"),
    (asks_a_person, r"input\(\) waits for a person"),
    (looks_at_an_address, r"id\(\) differs"),
    (changes_globals, r"globals\(\) cannot be explored"),
    (runs_a_text, r"exec\(\) cannot be explored"),
    (starts_a_thread, "Thread"),
    (makes_a_lock, r"Semaphore\(1\)"),
    (forks, "os.fork"),
    (shuffles, "random.shuffle"),
]


@pytest.mark.parametrize(("function", "says"), OUTSIDE, ids=lambda it: getattr(it, "__name__", ""))
def test_what_reaches_beyond_buf_is_refused(function, says) -> None:
    refused(says.replace("{1}", str(function.__code__.co_firstlineno + 1)), function)
    assert not hasattr(types, "last") and "LAST" not in os.environ


def sleeps(buf):
    began = time.time()
    rest(random.random() / 10)
    time.sleep(random.uniform(0, 1))
    os.sched_yield()
    print("took", time.time() - began, file=sys.stderr)
    sys.stdout.write("never seen")
    buf.x += 1


def test_sleeping_and_printing_are_harmless_however_long(capsys) -> None:
    assert explore([sleeps, sleeps], shared=X, final=lambda memory, _: memory.x > 0).ok
    assert not any(capsys.readouterr())


class Unused:
    def draw(self):
        return random.random() < 0.5

    def add(self, buf):
        buf.x = 1


def uses_the_rest(buf):
    Unused().add(buf)


def test_a_method_that_nobody_calls_is_no_business_of_ours() -> None:
    assert explore([uses_the_rest], shared=X).ok


class Inherits(threading.Thread):
    def add(self, buf):
        buf.x = 1


def uses_a_thread(buf):
    Inherits().add(buf)


def test_a_class_made_of_what_cannot_be_seen_is_refused() -> None:
    refused("Thread", uses_a_thread)


class Holds:
    lock = threading.Lock()

    def add(self, buf):
        with self.lock:
            buf.x += 1


def holds(buf):
    Holds().add(buf)


def test_a_lock_in_a_class_is_refused() -> None:
    refused("Holds.lock is a threading.Lock", holds)


@contextlib.contextmanager
def locked(buf):
    buf.mutex.acquire()
    yield
    buf.mutex.release()


@dataclasses.dataclass
class Place:
    row: int = 0
    log: list[int] = dataclasses.field(default_factory=list)


Point = collections.namedtuple("Point", "row column")
TABLE = {"add": lambda x: x + 1}
NAMES = ("x",)


def uses_much_of_python(buf):
    place, point = Place(), Point(1, 2)
    with locked(buf):
        place.log.append(TABLE["add"](buf.x))
        buf.x = max(*place.log, *itertools.accumulate(point), functools.reduce(max, sorted(place.log)))


def test_what_is_constant_is_followed_into_the_library() -> None:
    found = explore([uses_much_of_python] * 2, shared=dict(x=0, mutex=Semaphore(1)), final=lambda m, _: m.x == 4)
    assert found.ok, found


def test_a_dice_behind_a_decorator_or_in_a_table_is_found() -> None:
    tables = {"draw": [random.random]}

    @contextlib.contextmanager
    def maybe():
        if random.random() < 0.5:
            yield

    def by_table(buf):
        if tables["draw"][0]() < 0.5:
            buf.x = 1

    def by_generator(buf):
        with maybe():
            buf.x = 1

    refused("random.random", by_table)
    refused("random.random", by_generator)


# --- who one is -----------------------------------------------------------------------------------------------------


def elects(buf, ask):
    me = WHO[ask]()
    buf.leader.compare_and_swap(0, me)
    if buf.leader.load() == WHO[ask]():
        buf.leaders.fetch_add(1)
    return me


WHO = {
    "pid": os.getpid,
    "process": lambda: multiprocessing.current_process().pid,
    "name": lambda: int(multiprocessing.current_process().name[1:]) + 1,
    "thread": threading.get_ident,
    "current": lambda: threading.current_thread().ident,
}


@pytest.mark.parametrize("ask", WHO)
def test_each_process_is_somebody(ask) -> None:
    found = explore(
        [(elects, ask)] * 3,
        shared=dict(leader=Atomic(0), leaders=Atomic(0)),
        final=lambda memory, results: memory.leaders == 1 and len(set(results)) == 3,
    )
    assert found.ok, found


def all_but_the_first_add(buf, ask):
    buf.leader.compare_and_swap(0, WHO[ask]())
    if buf.leader.load() != WHO[ask]():
        buf.leaders.store(buf.leaders.load() + 1)


def test_a_race_among_processes_that_tell_themselves_apart_is_found_and_replayed() -> None:
    found = explore(
        [(all_but_the_first_add, "pid")] * 3,
        shared=dict(leader=Atomic(0), leaders=Atomic(0)),
        final=lambda memory, _: memory.leaders == 2,
    )
    assert found.fault == "invariant" and found.replay(real=False).ok
    assert found.replay(real=True).ok


# --- conditions -----------------------------------------------------------------------------------------------------


def draws(buf):
    number = buf.x
    buf.x = number + 1
    return [number]


def nobody_twice(memory, results):
    seen = set()
    for own in results:
        while own:
            number = own.pop()
            if number in seen:
                return f"ticket {number} was given twice"
            seen.add(number)
    return True


def test_a_condition_may_do_with_its_results_what_it_likes() -> None:
    assert explore([draws] * 2, shared=X, final=nobody_twice).reason == "ticket 0 was given twice"


def test_a_condition_that_counts_or_throws_dice_is_refused() -> None:
    asked = []

    def counts(memory, results):
        asked.append(memory.x)
        return True

    for final in (counts, lambda memory, results: random.random() < 0.5):
        with pytest.raises(explorer_errors.ExplorerError, match=r"final changes the variable `asked`|random.random"):
            explore([draws] * 2, shared=X, final=final)
    with pytest.raises(explorer_errors.ExplorerError, match="the invariant changes"):
        explore([draws] * 2, shared=X, invariant=lambda memory: counts(memory, ()))
    assert not asked or len(asked) < 3


def test_a_condition_that_ends_the_program_is_refused() -> None:
    with pytest.raises(explorer_errors.NotDeterministic, match="ends the program"):
        explore([draws], shared=X, invariant=lambda memory: sys.exit())


def test_a_condition_may_print(capsys) -> None:
    assert explore([draws], shared=X, final=lambda memory, results: print(results)).ok
    assert "[[0]]" in capsys.readouterr().out


# --- who has no part in it --------------------------------------------------------------------------------------------


def idles(buf):
    return sum([1, 2])


def test_a_process_that_never_touches_buf_is_pointed_out() -> None:
    assert "P1 never touches buf" in explore([draws, idles], shared=X).summary
    assert "never touch" not in explore([draws, draws], shared=X).summary
    assert "never touch" not in str(explore(p.put_semaphores, p.get_semaphores))
