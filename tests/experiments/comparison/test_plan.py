"""What is measured, in which order; and what is refused before anything starts."""

import threading
from typing import Any

import pytest

import shmlab
from shmlab.experiments.comparison import plan
from shmlab.experiments.comparison.plan import CALLS, THROUGHPUT, TRIP, planned

FEW = {"ways": ["pipe", "textbook"], "sizes": [8, 64]}


@pytest.mark.parametrize(
    "bad",
    [
        {"ways": ["pigeon"]},
        {"ways": "pipe"},
        {"ways": []},
        {"ways": 3},
        {"sizes": [0]},
        {"sizes": [8.5]},
        {"sizes": [True]},
        {"sizes": [1 << 40]},
        {"sizes": 8},
        {"between": [(0, 1)]},
        {"between": [(1, 9)]},
        {"between": [1, 1]},
        {"between": [(1, 1, 1)]},
        {"rounds": 0},
        {"rounds": 2.5},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"seconds": "5"},
    ],
)
def test_bad_arguments_are_refused_before_anything_starts(bad: dict[str, Any]) -> None:
    threads = threading.active_count()
    with pytest.raises(shmlab.ArgumentError) as error:
        shmlab.compare(**bad)
    assert threading.active_count() == threads
    assert "must" in str(error.value) or "there is no way" in str(error.value)


def test_rounds_come_outermost_and_all_ways_take_one_size_before_the_next() -> None:
    tasks = [task for task in planned(**FEW, between=[(1, 1)], rounds=2).tasks() if task.kind == THROUGHPUT]
    once = [(8, "pipe"), (8, "textbook"), (64, "pipe"), (64, "textbook")]
    assert [(task.size, task.way) for task in tasks] == once * 2
    assert [task.round for task in tasks] == [0] * 4 + [1] * 4


def test_system_calls_are_counted_once_and_round_trips_in_every_round() -> None:
    kinds = [task.kind for task in planned(**FEW, rounds=3).tasks()]
    assert kinds.count(TRIP) == 2 * 3
    assert kinds.count(CALLS) in (0, 2 * 2)  # none without strace


def test_what_a_way_refuses_is_not_tried() -> None:
    tasks = planned(["tcp"], [8], [(1, 1), (2, 2)]).tasks()
    assert tasks and all(task.producers == 1 for task in tasks)


def test_sizes_and_ways_are_taken_once_each_sizes_in_order() -> None:
    made = planned(["pipe", "file", "pipe"], [64, 8, 64])
    assert made.ways == ("pipe", "file") and made.sizes == (8, 64)


def test_a_plan_comes_back_from_plain_values() -> None:
    made = planned(**FEW, between=[(1, 2)], rounds=2, seconds=3)
    assert plan.read({**made.plain(), "between": [[1, 2]], "ways": list(made.ways), "sizes": [8, 64]}) == made


@pytest.mark.parametrize(("quick", "most"), [(False, 60), (True, 10)])
def test_the_whole_of_it_is_planned_to_fit_the_time_that_was_promised(quick: bool, most: float) -> None:
    made = planned(quick=quick)
    assert made.seconds * 1.1 < most
    assert made.time() * len(made.tasks()) < made.seconds or made.time() == plan.TIME[0]
