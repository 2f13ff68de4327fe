"""The explorer against SPIN: as many states and steps, the same faults, the same verdicts on what never ends."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.model.build import Program
from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.explorer.search import liveness
from shmlab.explorer.search.search import search
from tests.explorer import programs as p, promela as m
from tests.explorer.spin import needs_spin, spin

pytestmark = needs_spin
Pair = tuple[Callable[[], Program], str]

PAIRS: dict[str, Pair] = {
    "lost 2x1": (lambda: p.lost_update(2, 1), m.lost_update(2, 1)),
    "lost 2x2": (lambda: p.lost_update(2, 2), m.lost_update(2, 2)),
    "lost 2x3": (lambda: p.lost_update(2, 3), m.lost_update(2, 3)),
    "lost 3x2": (lambda: p.lost_update(3, 2), m.lost_update(3, 2)),
    "in/out 1+1 3": (lambda: p.buffer(*p.IN_OUT, 1, 1, 3), m.in_out(1, 1, 3)),
    "in/out 1+1 4, 3 slots": (lambda: p.buffer(*p.IN_OUT, 1, 1, 4, 3), m.in_out(1, 1, 4, 3)),
    "in/out 2+1 1": (lambda: p.buffer(*p.IN_OUT, 2, 1, 1), m.in_out(2, 1, 1)),
    "in/out 2+1 1, 3 slots": (lambda: p.buffer(*p.IN_OUT, 2, 1, 1, 3), m.in_out(2, 1, 1, 3)),
    "in/out 2+1 2, 3 slots": (lambda: p.buffer(*p.IN_OUT, 2, 1, 2, 3), m.in_out(2, 1, 2, 3)),
    "count 1+1 1": (lambda: p.buffer(*p.COUNT, 1, 1, 1), m.counted(1, 1, 1)),
    "count 1+1 2": (lambda: p.buffer(*p.COUNT, 1, 1, 2), m.counted(1, 1, 2)),
    "count 1+1 3": (lambda: p.buffer(*p.COUNT, 1, 1, 3), m.counted(1, 1, 3)),
    "count 1+1 4": (lambda: p.buffer(*p.COUNT, 1, 1, 4), m.counted(1, 1, 4)),
    "semaphores 1+1 3": (lambda: p.buffer(*p.S, 1, 1, 3), m.semaphores(1, 1, 3)),
    "semaphores 2+1 2": (lambda: p.buffer(*p.S, 2, 1, 2), m.semaphores(2, 1, 2)),
    "semaphores 2+2 1": (lambda: p.buffer(*p.S, 2, 2, 1), m.semaphores(2, 2, 1)),
    "semaphores 2+2 2": (lambda: p.buffer(*p.S, 2, 2, 2), m.semaphores(2, 2, 2)),
    "semaphores 2+2 3": (lambda: p.buffer(*p.S, 2, 2, 3), m.semaphores(2, 2, 3)),
    "wrong order 1+1 3": (lambda: p.buffer(*p.WRONG, 1, 1, 3), m.semaphores(1, 1, 3, wrong=True)),
    "wrong order 2+2 2": (lambda: p.buffer(*p.WRONG, 2, 2, 2), m.semaphores(2, 2, 2, wrong=True)),
    "wrong order 2+2 2, 1 slot": (lambda: p.buffer(*p.WRONG, 2, 2, 2, 1), m.semaphores(2, 2, 2, 1, wrong=True)),
    "no mutex 2+1 1": (lambda: p.buffer(*p.NO_MUTEX, 2, 1, 1), m.semaphores(2, 1, 1, mutex=False)),
    "no mutex 2+1 2": (lambda: p.buffer(*p.NO_MUTEX, 2, 1, 2), m.semaphores(2, 1, 2, mutex=False)),
    "peterson x1": (lambda: p.mutual_exclusion(p.peterson, 1), m.peterson(1)),
    "peterson x3": (lambda: p.mutual_exclusion(p.peterson, 3), m.peterson(3)),
    "peterson swapped x1": (lambda: p.mutual_exclusion(p.peterson_swapped, 1), m.peterson_swapped(1)),
    "peterson swapped x2": (lambda: p.mutual_exclusion(p.peterson_swapped, 2), m.peterson_swapped(2)),
    "flags only x1": (lambda: p.mutual_exclusion(p.flags_only, 1), m.flags_only(1)),
    "flags only x2": (lambda: p.mutual_exclusion(p.flags_only, 2), m.flags_only(2)),
    "polite x1": (lambda: p.mutual_exclusion(p.polite, 1), m.polite(1)),
    "polite x2": (lambda: p.mutual_exclusion(p.polite, 2), m.polite(2)),
    "test and set 2x2": (lambda: p.locks(p.test_and_set, 2, 2), m.lock(2, 2)),
    "test and set 3x2": (lambda: p.locks(p.test_and_set, 3, 2), m.lock(3, 2)),
    "test and set 4x1": (lambda: p.locks(p.test_and_set, 4, 1), m.lock(4, 1)),
    "naive lock 2": (lambda: p.locks(p.naive_lock, 2, 1), m.lock(2, 1, False)),
    "naive lock 3": (lambda: p.locks(p.naive_lock, 3, 1), m.lock(3, 1, False)),
    "dining 3": (lambda: p.dining(p.philosopher, 3), m.dining(3)),
    "dining 5": (lambda: p.dining(p.philosopher, 5), m.dining(5)),
    "dining 5x2": (lambda: p.dining(p.philosopher, 5, 2), m.dining(5, 2)),
    "dining in order 3": (lambda: p.dining(p.philosopher_ordered, 3), m.dining(3, 1, True)),
    "dining in order 5": (lambda: p.dining(p.philosopher_ordered, 5), m.dining(5, 1, True)),
    "dining in order 3x2": (lambda: p.dining(p.philosopher_ordered, 3, 2), m.dining(3, 2, True)),
}
QUICK = ("lost 2x2", "peterson x1", "semaphores 1+1 3")
BIG = (
    "semaphores 2+2 3",
    "in/out 2+1 2, 3 slots",
    "dining 5x2",
    "no mutex 2+1 2",
    "wrong order 2+2 2",
)  # as liveness models


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PAIRS]
)
def test_as_many_states_and_steps_and_the_same_faults_as_spin(name: str, tmp_path: Path) -> None:
    make, model = PAIRS[name]
    system = make().system(absorbing=False)
    graph = search(system)
    expected = spin(model, tmp_path)
    assert graph.complete
    assert (len(graph), graph.transitions) == (expected.states, expected.transitions)
    assert bool(graph.faults or system.seen_faults) == bool(expected.errors)


@pytest.mark.parametrize(
    "name",
    [
        "peterson x1",
        *(pytest.param(name, marks=pytest.mark.slow) for name in PAIRS if name not in (*BIG, "peterson x1")),
    ],
)
def test_what_a_fair_scheduler_brings_to_an_end_as_spin_says(name: str, tmp_path: Path) -> None:
    make, model = PAIRS[name]
    graph = search(make().system(absorbing=False))
    ends = not liveness.fair(graph) and not any(fault.word == "deadlock" for fault in graph.faults.values())
    only_ends = re.sub(r"assert\([^;]*?\)(?= ::|;| }|\n)", "skip", model)
    formula = f"\nltl p {{ <> (done == {graph.system.size}) }}\n"
    assert ends == (spin(only_ends + formula, tmp_path, liveness=True).errors == 0)


@pytest.mark.slow
def test_who_is_starved_as_spin_says(tmp_path: Path) -> None:
    shared = dict(flag=[0, 0], turn=0, critical=Critical())
    peterson = explore([(p.peterson_forever, 0), (p.peterson_forever, 1)], shared=shared, must_enter=[0])
    assert peterson.ok == (spin(m.STARVED_PETERSON, tmp_path, liveness=True).errors == 0)
    lock = explore([p.test_and_set_forever] * 2, shared=dict(lock=Atomic(0), critical=Critical()), must_enter=[0])
    assert lock.ok == (spin(m.STARVED_TEST_AND_SET, tmp_path, liveness=True).errors == 0)
