"""The view of a comparison: it fills in, can be cancelled, begins anew, and leaves nothing. Without a browser."""

import base64
import re
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from shmlab import labs
from shmlab.experiments.comparison import ways
from shmlab.experiments.comparison.plan import THROUGHPUT, Plan, planned
from shmlab.memory.errors import ArgumentError
from shmlab.views.notebook.comparison_view import BYTES, LiveComparison
from shmlab.views.notebook.curves import LETTERS, Curves
from shmlab.views.notebook.plain_widgets import Parts
from tests.apparatus import eventually
from tests.experiments.comparison.figures import comparison, figures

pytestmark = pytest.mark.usefixtures("leaves_no_widget")
SMALL = planned(["pipe", "textbook"], [8, 4096], [(1, 1), (2, 2)], rounds=1, seconds=1.5)
LONG = planned(["pipe", "queue"], rounds=100, seconds=600)


@pytest.fixture
def show() -> Iterator[Any]:
    shown: list[LiveComparison] = []

    def make(plan: Plan) -> LiveComparison:
        shown.append(LiveComparison(plan))
        return shown[-1]

    yield make
    for one in shown:
        one.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "shmlab-comparison"]


@pytest.fixture
def curves() -> Iterator[Any]:
    """Draws a comparison; gives the curves."""
    made: list[tuple[Parts, Curves]] = []

    def draw(known: Any, in_bytes: bool = False) -> Curves:
        parts = Parts()
        made.append((parts, Curves(parts, known)))
        made[-1][1].update(known, (1, 1), in_bytes)
        return made[-1][1]

    yield draw
    for parts, drawn in made:
        parts.close(drawn.box)
        parts.close(*drawn.lines, drawn.marks)
        for widget in parts.shared:
            widget.close()


@pytest.mark.slow
def test_it_fills_in_to_the_end_and_then_says_why(show: Any) -> None:
    live = show(SMALL)
    known = live.wait(30)
    assert known.done == known.total and str(live).startswith("done") and "100 %" in live.bar.value
    assert all(mark.visible for mark in live.curves.lines)
    assert "os.pipe" in live.table.value and words_of(live.note.value)
    assert live.cancel.disabled and not live.again.disabled


def words_of(text: str) -> str:
    return re.sub(r"<[^>]+>", " ", text)


@pytest.mark.slow
def test_cancel_ends_it_soon_and_keeps_the_figures_and_again_begins_anew(show: Any) -> None:
    live = show(LONG)
    eventually(lambda: live.comparison.done > 2)
    live.cancel.click()
    eventually(lambda: not live.measuring)
    first = live.comparison
    assert str(live).startswith("cancelled") and first.result("pipe", 8).rate
    live.again.click()
    eventually(lambda: live.comparison is not first and live.comparison.done > 1)
    assert live.measuring
    live.again.click()  # while it measures, nothing more begins
    assert sum(thread.name == "shmlab-comparison" for thread in threading.enumerate()) == 1


def test_a_callback_returns_at_once_and_the_page_can_close_at_any_moment(show: Any) -> None:
    live = show(LONG)
    live.close()
    live.close()
    assert live._repr_mimebundle_() == {"text/plain": repr(live)}
    assert not live._thread.is_alive()


@pytest.mark.slow
def test_the_figures_are_handed_to_the_browser_as_a_file(show: Any) -> None:
    live = show(SMALL)
    live.wait(30)
    live.csv.click()
    match = re.search(r"base64,([^\"]+)", live.download.value)
    assert match and b"items_per_second" in base64.b64decode(match[1])


@pytest.mark.slow
def test_bytes_instead_of_items_and_other_processes_are_shown_at_once(show: Any) -> None:
    live = show(SMALL)
    live.wait(30)
    before = live.table.value
    live.unit.value = BYTES
    assert "bytes per second" in live.table.value and live.table.value != before
    live.between.value = (2, 2)
    assert live.curves.y_scale.max > live.curves.y_scale.min


def test_what_goes_wrong_in_the_thread_is_shown(show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no program today")

    monkeypatch.setattr("shmlab.experiments.comparison.measuring.supervisor.start", broken)
    live = show(SMALL)
    eventually(lambda: "no program today" in live.note.value)


def test_the_text_of_the_view_is_fixed(show: Any) -> None:
    live = show(SMALL)
    bundle = live._repr_mimebundle_()
    assert bundle["text/plain"] == repr(live) == "<LiveComparison: 2 ways, 2 sizes>"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_curve_has_a_point_for_each_figure_and_a_letter_at_each(curves: Any) -> None:
    drawn = curves(comparison({("pipe", 8): [2e6], ("pipe", 64): [1e6], ("textbook", 8): [5e5]}))
    letters = {name: letter for letter, name in zip(LETTERS, drawn.names, strict=False)}
    assert set(drawn.marks.text) == set(letters.values())
    assert len(drawn.marks.x) == 3 + 1  # the last one twice
    ours, system = drawn.lines
    assert np.array_equal(system.y, [2e6, 1e6]) and np.array_equal(ours.y, [5e5, 5e5])
    assert np.isfinite(system.x).all() and ours.line_style == system.line_style != "dashed"


def test_letters_that_would_lie_on_each_other_step_aside(curves: Any) -> None:
    drawn = curves(comparison({("pipe", 8): [1e6], ("textbook", 8): [1e6], ("queue", 8): [1e6]}))
    assert len(set(drawn.marks.x)) == 3


def test_in_bytes_a_curve_is_as_high_as_items_times_their_size(curves: Any) -> None:
    drawn = curves(comparison({("pipe", 8): [1e6], ("pipe", 4096): [1e6]}), in_bytes=True)
    assert np.array_equal(drawn.lines[-1].y, [8e6, 4096e6])
    assert drawn.y_scale.min <= 8e6 and drawn.y_scale.max >= 4096e6


def test_a_single_figure_and_none_at_all_can_be_drawn(curves: Any) -> None:
    empty = comparison({("pipe", 8): []})
    assert not curves(empty).marks.visible
    empty.add(figures(THROUGHPUT, "pipe", 8, rate=1e6, cpu=1e-6))
    assert curves(empty).marks.visible


def test_every_way_has_a_letter_of_its_own(curves: Any) -> None:
    drawn = curves(comparison({(name, 8): [1e6] for name in ways.names}))
    assert len(set(drawn.letters.values())) == len(drawn.names)
    assert len(set(drawn.colours.values())) == len(drawn.names)


def test_labs_compare_shows_it_at_the_place_of_the_call() -> None:
    live = labs.compare(["pipe"], [8], [(1, 1)], rounds=1, seconds=0.5)
    try:
        assert live.wait(30).result("pipe", 8).rate
        with pytest.raises(ArgumentError, match="Ways"):
            labs.compare(["carrier pigeon"])
    finally:
        labs.close()
    assert live.closed
