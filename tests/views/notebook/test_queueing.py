"""The view of a measurement: it fills in, can be cancelled, begins anew, and leaves nothing. Without a browser."""

import base64
import re
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from shmlab import labs
from shmlab.experiments.queueing.occupancy import RATIOS, OccupancyResult, Point
from shmlab.memory.errors import ArgumentError
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.queueing_view import Occupancy
from tests.apparatus import eventually


@pytest.fixture(autouse=True)
def _closed(leaves_no_widget: None, leaves_nothing: None) -> Iterator[None]:
    yield
    labs.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "shmlab-queueing"]


@pytest.fixture
def occupancy() -> Iterator[Occupancy]:
    parts = Parts()
    drawn = Occupancy(parts, 8)
    yield drawn
    parts.close(drawn.box)
    parts.close(*parts.shared)
    for widget in parts.shared:
        widget.close()


def test_what_was_measured_is_drawn_and_nothing_else(occupancy: Occupancy) -> None:
    assert not any(mark.visible for mark in [*occupancy.dots.values(), *occupancy.bars.values()])
    measured = OccupancyResult(8)
    for i, ratio in enumerate(RATIOS):
        measured.points["poisson", ratio] = Point("poisson", ratio, ratio + 0.01, float(i), 0.5 if i else float("nan"))
    occupancy.update(measured)
    assert [name for name, mark in occupancy.dots.items() if mark.visible] == ["poisson"]
    assert occupancy.dots["poisson"].y.tolist() == list(range(len(RATIOS)))
    assert occupancy.dots["poisson"].x.tolist() == [ratio + 0.01 for ratio in RATIOS]  # where it really was
    assert occupancy.bars["poisson"].y[:2].tolist() == [[0, 0], [0.5, 1.5]]


def test_the_line_is_the_theory(occupancy: Occupancy) -> None:
    at_one = np.interp(1.0, occupancy.theory.x, occupancy.theory.y)
    assert at_one == pytest.approx(4, abs=0.01) and np.all(np.diff(occupancy.theory.y) > 0)


@pytest.mark.slow
def test_it_fills_in_to_the_end_says_how_far_off_it_is_and_saves_its_figures() -> None:
    live = labs.queueing(slots=4, seconds=3)
    assert live.measuring and "measuring" in str(live)
    measured = live.wait(60)
    eventually(lambda: "100 %" in live.bar.value)
    assert re.fullmatch(r"done: 21 of 21 points in \d+ s, at most .* slots from the theory \(Poisson\)", str(live))
    assert all(mark.visible for mark in live.occupancy.dots.values())
    live.csv.click()
    (data,) = re.findall(r"base64,([^\"]+)", live.download.value)
    assert base64.b64decode(data).decode() == measured.csv()


@pytest.mark.slow
def test_cancel_stops_it_and_again_begins_anew() -> None:
    live = labs.queueing(slots=4, seconds=60)
    live.cancel.click()
    live.wait(30)
    eventually(lambda: not live.again.disabled)
    assert str(live).startswith("cancelled") and live.cancel.disabled
    live.again.click()
    eventually(lambda: live.measuring and live.again.disabled)


def test_an_error_on_the_way_is_told_in_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> Any:
        raise OSError("no memory")

    monkeypatch.setattr("shmlab.experiments.queueing.occupancy.Lab", broken)
    live = labs.queueing(slots=4)
    live.wait(10)
    eventually(lambda: "no memory" in live.note.value)
    assert str(live).startswith("ended early")


def test_closing_it_ends_its_processes() -> None:
    live = labs.queueing(slots=4, seconds=60)
    live.close()
    live.close()
    assert live.closed and not live.measuring
    assert live._repr_mimebundle_() == {"text/plain": "<LiveQueueing: 4 slots, 7 ratios, 3 patterns>"}


def test_bad_arguments_open_nothing() -> None:
    with pytest.raises(ArgumentError, match="slots must be from 2"):
        labs.queueing(slots=1)
