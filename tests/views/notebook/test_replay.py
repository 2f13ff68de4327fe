"""A recorded run in the view of the live lab, without a browser."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shmlab import ArgumentError, RecordingRefused, labs
from shmlab.views.notebook.replay_view import ReplayedLab
from tests.observe.recording.runs import file, recorded, story
from tests.observe.recording.test_elsewhere import without_posix

pytestmark = pytest.mark.usefixtures("leaves_no_widget")
MOMENTS = 40


class Clock:
    """The time of `time.monotonic`, set by hand."""

    now = 1e9  # after all that was drawn before it was set


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr("shmlab.views.notebook.replay_view.time.monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def view(tmp_path: Path) -> Iterator[ReplayedLab]:
    shown = labs.replay(file(tmp_path, recorded(MOMENTS)))
    yield shown
    labs.close()


def ticks(view: ReplayedLab, clock: type[Clock], *seconds: float) -> None:
    """The browser asks for a frame each so many seconds."""
    for passed in seconds:
        clock.now += passed
        view.ticks.value += 1


def written(view: ReplayedLab) -> str:
    return re.sub(r"<[^>]*>", " ", "".join(card.text.value for card in view.cards.cards.values()))


def test_any_moment_is_drawn_as_it_was(view: ReplayedLab) -> None:
    for n in (30, 4, 39, 0, 8):
        view.slider.value = n / 10 + 0.02
        snapshot, _, output = story(MOMENTS)[n]
        assert view.snapshot() == snapshot
        assert html.escape(snapshot.slots.letters) in view.line.value
        assert view.slots.form and view.slots.form.count == snapshot.capacity
        assert f"{snapshot.produced:,}" in view.values.counts.value and snapshot.state in view.head.value
        assert len(view.cards.cards) == len(snapshot.workers) and ("ValueError" in written(view)) is (n == 8)
        assert f"moment {n // 3 * 3} " in view.events.log.value and html.escape(output) in view.events.output.value
        view.panes.selected_index = 1
        assert snapshot.slots.raw[:8].hex(" ") in view.bytes.box.value
        view.panes.selected_index = 0


def test_the_view_says_that_it_was_recorded_and_where(view: ReplayedLab) -> None:
    assert "recorded on a test; no process runs here" in view.note.value and "recorded" in view.head.value
    assert repr(view) == "<ReplayedLab: semaphores, 8 slots, 1 producer, 1 consumer, 3.9 s>"
    assert str(view).startswith("0.0 s: unbounded (running)")
    assert view._repr_mimebundle_()["text/plain"] == repr(view)


def test_time_passes_with_the_browsers_frames_at_the_speed_that_is_set(view: ReplayedLab, clock: type[Clock]) -> None:
    ticks(view, clock, 0.1, 0.1)
    assert view.position == 0  # nobody pressed play
    view.button.click()
    assert view.playing and "pause" in view.button.description
    ticks(view, clock, 0.25, 0.25)
    assert view.position == pytest.approx(0.5) and view.slider.value == pytest.approx(0.5)
    view.speeds.value = 4.0
    ticks(view, clock, 0.25)
    assert view.position == pytest.approx(1.5)
    view.speeds.value = 0.5
    ticks(view, clock, 30)  # the kernel or the browser was busy: nothing is passed over unseen
    assert view.position == pytest.approx(2.0)
    view.button.click()
    ticks(view, clock, 0.2)
    assert not view.playing and view.position == pytest.approx(2.0)


def test_it_stops_at_the_last_moment_and_plays_again_from_the_first(view: ReplayedLab, clock: type[Clock]) -> None:
    view.seek(3.5)
    view.play()
    ticks(view, clock, 0.3, 0.3)
    assert not view.playing and view.position == pytest.approx(3.9) and view.snapshot().state == "stopped"
    view.play()
    assert view.playing and view.position == 0


def test_the_slider_may_be_moved_while_it_plays(view: ReplayedLab, clock: type[Clock]) -> None:
    view.play()
    view.slider.value = 3.0
    ticks(view, clock, 0.2)
    assert view.playing and view.position == pytest.approx(3.2)
    view.first.click()
    assert view.position == 0


def test_the_charts_show_the_minute_before_the_moment(view: ReplayedLab) -> None:
    view.seek(3.0)
    occupied = [snapshot.occupancy for snapshot, _, _ in story(MOMENTS)]
    assert np.nansum(np.isnan(view.charts.occupied)) == len(view.charts.occupied) - 16  # five a second, from 0 on
    assert view.charts.occupied[-1] == occupied[30] and view.charts.occupied[-2] == occupied[28]
    assert view.charts.rates[0][-1] == pytest.approx(10_000, rel=0.1)  # a thousand more in each tenth of a second


def test_a_moment_that_is_looked_at_does_not_glow(view: ReplayedLab) -> None:
    view.seek(1.0)
    assert view.slots.form
    fills = view.slots.form.slots.fill_colors  # type: ignore[union-attr]
    assert all(fill.endswith("-5)") for fill in fills)


def test_a_cut_recording_says_so_in_the_view(tmp_path: Path) -> None:
    shown = labs.replay(file(tmp_path, recorded(end=None)[:-30]))
    assert "it was cut off. It is played up to there, 1.0 s" in shown.note.value
    labs.close()


def test_what_cannot_be_played_is_refused_before_anything_is_shown(tmp_path: Path) -> None:
    with pytest.raises(RecordingRefused):
        labs.replay(file(tmp_path, b"nothing"))
    for speed in (0, -1, float("nan"), "fast"):
        with pytest.raises(ArgumentError):
            labs.replay(file(tmp_path), speed=speed)  # type: ignore[arg-type]


def test_a_closed_view_ignores_what_comes_late(view: ReplayedLab) -> None:
    view.play()
    view.close()
    view.close()
    view._tick(None)
    view.seek(1)
    view.play()
    view.pause()
    assert view.position == 0


@pytest.mark.slow
def test_it_is_shown_where_there_is_no_shared_memory_and_no_thread(tmp_path: Path) -> None:
    program = """
import threading, warnings
def refuse(self): raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
warnings.filterwarnings("ignore", "metadata .* was set from the constructor", DeprecationWarning)
from shmlab import labs
view = labs.replay(sys.argv[1])
view.play()
view.ticks.value += 1
view.seek(0.5)
print(view)
"""
    assert without_posix(program, tmp_path).startswith("0.5 s: unbounded (running)")


def test_the_button_says_last_that_time_has_stopped(view: ReplayedLab) -> None:
    """Whoever reads it may take the slider: no moment that was on its way moves that back."""
    view.play()
    told: list[str] = []
    for widget, trait in ((view.slider, "value"), (view.clock, "value"), (view.button, "description")):
        widget.observe(lambda change: told.append(change["name"]), trait)
    view.position = 1.5
    view.pause()
    assert told[-1] == "description" and told.count("description") == 1 and told.count("value") > 0
    view.play()
    view.position = view.recording.seconds
    told.clear()
    view._tick(None)
    assert told[-1] == "description" and not view.playing
