"""Measurements in real processes: they come out as theory says, can be cancelled, and leave nothing."""

import csv
import io
import math
import statistics
import threading
from dataclasses import replace
from typing import Any

import pytest

from shmlab import Lab
from shmlab.experiments.queueing import exponential
from shmlab.experiments.queueing.littles_law import watch
from shmlab.experiments.queueing.occupancy import RATIOS, SHARES, OccupancyMeasurement, OccupancyResult, Point, point
from shmlab.memory.errors import ArgumentError, LabStopped
from tests.apparatus import eventually
from tests.test_architecture import after
from tests.views.notebook.scene import snapshot, worker

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.mark.parametrize("pattern", ["constant", "poisson", "bursty"])
def test_each_pattern_has_the_mean_that_was_asked_for(pattern: str) -> None:
    pauses = [exponential.pause(pattern, 0.25, number) for number in range(20_000)]
    assert statistics.fmean(pauses) == pytest.approx(0.25, rel=0.05)
    varied = {"constant": 0.0, "poisson": 1.0, "bursty": 3.0}[pattern]  # standard deviation / mean
    assert statistics.pstdev(pauses) / 0.25 == pytest.approx(varied, rel=0.05)


@pytest.mark.slow
def test_a_measurement_fills_in_pattern_by_pattern_and_agrees_with_theory() -> None:
    measuring, parts = OccupancyMeasurement(slots=4, seconds=4), []
    for measured in measuring:
        parts.append(measured.done)
    assert parts == sorted(parts) and parts[-1] == pytest.approx(1)
    assert set(measuring.measured.points) == {(pattern, ratio) for pattern in SHARES for ratio in RATIOS}
    steady, chance, bursts = (
        {point.asked: point.mean for point in measuring.measured.of(pattern)}
        for pattern in ("constant", "poisson", "bursty")
    )
    assert steady[0.5] < 0.5 and steady[2.0] > 3.5
    assert chance[0.5] < chance[1.0] < chance[2.0]  # not how close: other programs have the processors, too
    assert steady[0.5] < bursts[0.5]


@pytest.mark.slow
def test_cancel_ends_it_and_keeps_what_was_measured() -> None:
    measuring = OccupancyMeasurement(slots=2, seconds=60)
    for measured in measuring:
        assert measured.points
        threading.Thread(target=measuring.cancel).start()
    assert 0 < measuring.measured.done < 1 and measuring.cancelled
    assert {pattern for pattern, _ in measuring.measured.points} == {"poisson"}


@pytest.mark.parametrize("arguments", [{"slots": 1}, {"slots": 65}, {"seconds": 0}, {"seconds": math.nan}])
def test_a_bad_argument_is_refused_before_anything_starts(arguments: dict[str, float]) -> None:
    with pytest.raises(ArgumentError):
        OccupancyMeasurement(**arguments)  # type: ignore[arg-type]


def seen(occupied: list[int], produced: int = 0, blocked: float = 0.0, consumed: int = 0) -> list[Any]:
    """Snapshots with so many of four slots occupied, one second from the first to the last."""
    shown = [snapshot([2] * n + [0] * (4 - n)) for n in occupied]
    workers = (worker(items=0, blocked=0.0), worker(1, "consumer", name="C0", items=0, blocked=0.0))
    shown[0] = replace(shown[0], time=0.0, workers=workers)
    workers = (replace(workers[0], items=produced, blocked=blocked), replace(workers[1], items=consumed))
    shown[-1] = replace(shown[-1], time=1.0, workers=workers)
    return shown


def test_the_error_of_a_mean_is_that_of_its_batches() -> None:
    steady, moving = point("poisson", 1, seen([3] * 80)), point("poisson", 1, seen([0] * 40 + [4] * 40))
    assert (steady.mean, steady.error) == (3, 0)
    assert moving.mean == 2 and moving.error == pytest.approx(2 * math.sqrt(8 / 7) / math.sqrt(8))
    assert math.isnan(point("poisson", 1, seen([3, 3])).error)


def test_the_ratio_is_that_of_the_items_per_second_not_blocked() -> None:
    found = point("poisson", 1.4, seen([1, 2], produced=90, blocked=0.25, consumed=100))
    assert (found.asked, found.ratio) == (1.4, pytest.approx(1.2))
    assert point("poisson", 1.4, seen([1, 2])).ratio == 1.4  # nothing moved: what was asked


def test_the_table_and_the_file_have_every_point() -> None:
    measured = OccupancyResult(8)
    assert math.isnan(measured.farthest) and len(str(measured).splitlines()) == 1
    measured.points["poisson", 1.0] = Point("poisson", 1.0, 1.0, 4.5, 0.25)
    measured.points["constant", 1.0] = Point("constant", 1.0, 0.9, 8.0, 0.0)
    assert measured.farthest == pytest.approx(0.5)
    assert " 1.00   poisson     1.00    4.50 ± 0.25   4.00" in str(measured).splitlines()
    assert str(measured).endswith(" 1.00   constant    0.90    8.00 ± 0.00")
    rows = list(csv.DictReader(io.StringIO(measured.csv())))
    assert [(row["pattern"], row["ratio"]) for row in rows] == [("poisson", "1.0000"), ("constant", "0.9000")]
    assert [row["theory"] for row in rows] == ["4.0000", ""]


@pytest.mark.slow
def test_littles_law_holds_on_a_running_lab() -> None:
    with Lab(slots=8, produce_rate=120, consume_rate=100, pattern="poisson") as lab:
        eventually(lambda: lab.snapshot().consumed > 20)
        watched = watch(lab, 3)
    assert watched.number == pytest.approx(watched.expected, rel=0.2)
    assert 50 < watched.rate < 150
    assert f"rate x W = {watched.expected:.2f}" in str(watched)


def test_where_nothing_comes_through_the_time_is_no_number() -> None:
    with Lab(producers=0) as lab:
        watched = watch(lab, 0.1)
        assert (watched.number, watched.rate) == (0, 0) and math.isnan(watched.time)
        with pytest.raises(ArgumentError):
            watch(lab, 0)
    with pytest.raises(LabStopped):
        watch(lab, 1)


def test_a_worker_that_paces_itself_loads_no_lab() -> None:
    """Fourteen of them start at a time."""
    loaded = after("import shmlab.experiments.queueing.exponential")
    assert not {"shmlab.lab.lab", "shmlab.observe.observer", "subprocess"} & loaded
