"""The reduced search gives the answer of the whole one, from fewer states."""

import itertools
from collections.abc import Callable

import pytest

from shmlab import explore, strategies
from shmlab.explorer.model.build import Program, of_buffer, of_processes
from shmlab.explorer.model.model import Model
from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.explorer.search import reduced
from shmlab.explorer.search.search import search
from shmlab.memory.semaphores import Semaphore
from tests.explorer import programs as p, reducing

SOUND = ("semaphores", "unbounded")
SIZES = [(1, 1, 3), (2, 1, 2), (1, 2, 2), (2, 2, 2)]


def answers(program: Program) -> tuple[bool, bool]:
    """Whether the whole search finds a fault, and whether the reduced one does."""
    whole = search(program.system())
    assert whole.complete
    parts = program.reducible()
    assert parts is not None
    found = reduced.search(*parts)
    assert found.complete, found.stopped
    assert found.states <= len(whole)
    return bool(whole.faults), found.fault is not None


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("capacity", (1, 2, 3))
@pytest.mark.parametrize("pair", (p.S, p.WRONG, p.NO_MUTEX), ids=("right", "wrong order", "no mutex"))
def test_buffers_are_judged_as_by_the_whole_search(
    pair: tuple[Callable[..., object], Callable[..., object]], capacity: int, size: tuple[int, int, int]
) -> None:
    whole, few = answers(of_buffer(*pair, capacity, *size))
    assert few == whole


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUND)
def test_three_producers_and_three_consumers_are_finished_with(name: str) -> None:
    program = strategies.find(name)
    parts = of_buffer(program.put, program.get, 2, 3, 3, 2).reducible()
    assert parts
    found = reduced.search(*parts)
    assert found.complete and found.fault is None
    assert found.states < 10_000  # the whole search takes 674,494


def add(buf, lock, times):
    for _ in range(times):
        with getattr(buf, lock):
            buf.total += 1


def add_without_lock(buf):
    buf.total += 1


def add_now_and_then_without_lock(buf):
    if buf.flag:
        buf.total += 1
    else:
        with buf.a:
            buf.total += 1


def raise_flag(buf):
    buf.flag = 1


def give_back_what_another_took(buf):
    buf.a.release()
    buf.total += 1


def take_and_keep(buf):
    buf.a.acquire()
    buf.total += 1


def take_if(buf):
    taken = buf.flag
    if taken:
        buf.a.acquire()
    del taken
    buf.total += 1
    if buf.again:
        buf.a.release()


def trade(buf, first, second):
    with getattr(buf, first), getattr(buf, second):
        buf.total += 1


def count_up(buf):
    with buf.critical:
        buf.spins.fetch_add(1)


def divide(buf):
    with buf.a:
        buf.total = 1 // buf.flag


SHARED = dict(total=0, flag=0, again=0)
CASES: dict[str, tuple[list[object], dict[str, object]]] = {
    "one lock": ([(add, "a", 2)] * 3, dict(a=Semaphore(1))),
    "two locks for one variable": ([(add, "a", 1), (add, "b", 1), (add, "a", 1)], dict(a=Semaphore(1), b=Semaphore(1))),
    "one of three without the lock": ([(add, "a", 2), (add, "a", 1), add_without_lock], dict(a=Semaphore(1))),
    "without the lock on one path": ([(add, "a", 1), add_now_and_then_without_lock, raise_flag], dict(a=Semaphore(1))),
    "given back by another": ([take_and_keep, give_back_what_another_took, take_and_keep], dict(a=Semaphore(1))),
    "kept": ([take_and_keep, take_and_keep, (add, "a", 1)], dict(a=Semaphore(1))),
    "taken on one path": ([take_if, raise_flag, (add, "a", 1)], dict(a=Semaphore(1))),
    "crosswise": ([(trade, "a", "b"), (trade, "b", "a"), (add, "a", 1)], dict(a=Semaphore(1), b=Semaphore(1))),
    "critical section": ([count_up] * 3, dict(critical=Critical(), spins=Atomic(0))),
    "an exception by one interleaving": ([divide, raise_flag, (add, "a", 1)], dict(a=Semaphore(1))),
}


@pytest.mark.parametrize("name", CASES)
def test_every_end_and_fault_of_the_whole_search_is_met(name: str) -> None:
    processes, own = CASES[name]
    program = of_processes(processes, {**SHARED, **own})  # type: ignore[dict-item]
    assert reducing.ends(program, few=True) == reducing.ends(program, few=False)
    whole, few = answers(program)
    assert few == whole


@pytest.mark.slow
def test_an_order_that_only_one_consumer_sees_is_judged() -> None:
    def put(buf, item):
        buf.empty.acquire()
        with buf.mutex:
            buf.slots[buf.in_] = item
            buf.in_ = (buf.in_ + 1) % buf.capacity
        buf.full.release()

    def get_the_newest(buf):
        buf.full.acquire()
        with buf.mutex:
            buf.in_ = (buf.in_ - 1) % buf.capacity
            item = buf.slots[buf.in_]
        buf.empty.release()
        return item

    for producers, consumers in itertools.product((1, 2), (1, 2)):
        whole, few = answers(of_buffer(put, get_the_newest, 2, producers, consumers, 2))
        assert few == whole == (producers >= consumers)  # a consumer of one item sees no order


def test_what_the_reduced_search_finds_can_be_played_step_by_step() -> None:
    program = p.buffer(*p.NO_MUTEX, 3, 3, 2)
    parts = program.reducible()
    assert parts
    found = reduced.search(*parts)
    assert found.fault
    model = Model(program.system())
    for actor in found.schedule:
        if model.fault:
            break
        model.step(actor)
    assert model.fault


@pytest.mark.slow
def test_a_large_right_program_gets_its_verdict() -> None:
    verdict = explore("semaphores", producers=3, consumers=3, items=3)
    assert verdict.ok and verdict.reduced and verdict.paths is None
    assert "each of which stands for many" in str(verdict)


@pytest.mark.slow
def test_whoever_stops_the_reduced_search_has_stopped_the_whole() -> None:
    told: list[int] = []

    def progress(states: int, _: float) -> bool:
        told.append(states)
        return len(told) < 3

    verdict = explore("semaphores", producers=4, consumers=4, items=6, progress=progress)
    assert len(told) == 3
    assert not verdict.ok and not verdict.complete and "it was stopped" in str(verdict)


def test_a_small_program_is_looked_at_state_by_state() -> None:
    verdict = explore("semaphores", producers=2, consumers=2, items=2)
    assert verdict.ok and not verdict.reduced and verdict.paths


def test_a_loop_without_end_is_left_to_the_whole_search() -> None:
    parts = p.buffer(*p.IN_OUT, 1, 1, 3).reducible()
    assert parts
    found = reduced.search(*parts)
    assert not found.complete and "loop" in found.stopped


@pytest.mark.parametrize("asked", ("invariant", "final"))
def test_whoever_looks_at_every_step_or_at_results_gets_the_whole_search(asked: str) -> None:
    program = of_buffer(*p.S, 2, 2, 2, 2, **{asked: lambda *_: True})
    assert program.reducible() is None
