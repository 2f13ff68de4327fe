"""When a frame is drawn, dropped, probed; when the drawing rests. Time is a number here."""

import threading
from collections.abc import Iterator

import pytest

from shmlab.views.notebook import frames
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.frames import Frames

pytestmark = pytest.mark.usefixtures("leaves_no_widget")


class Stage:
    """A drawing that counts, a browser that answers when told."""

    def __init__(self) -> None:
        self.now, self.drawn, self.calm, self.resting, self.moves = 1000.0, 0, False, [], True
        self.errors: list[Exception] = []
        self.frames = Frames(
            self.draw,
            30,
            threading.RLock(),
            lambda: self.calm,
            self.resting.append,
            self.errors.append,
            clock=lambda: self.now,
        )

    def draw(self, now: float) -> bool:
        self.drawn += 1
        return self.moves

    def step(self, seconds: float = 1 / 30) -> float | None:
        self.now += seconds
        return self.frames.step(self.now)

    def answer(self) -> None:
        self.frames.ack.value = self.frames.seq.value


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    close_tree(*made.frames.widgets)


def test_every_third_frame_asks_for_an_answer(stage: Stage) -> None:
    asked = []
    for _ in range(6):
        stage.step()
        stage.answer()
        asked.append(stage.frames.seq.value)
    assert asked == [0, 0, 3, 3, 3, 6]


def test_frames_are_dropped_while_the_browser_lags_and_come_back_with_its_answer(stage: Stage) -> None:
    for _ in range(30):
        stage.step(0.01)
    assert stage.drawn == frames.LAG + 1 and stage.frames.dropped == 30 - stage.drawn
    stage.answer()
    stage.step()
    assert stage.drawn == frames.LAG + 2


def test_without_an_answer_it_probes_ever_more_rarely(stage: Stage) -> None:
    for _ in range(frames.LAG + 1):
        stage.step(0.01)
    assert stage.step(1.1) == frames.PROBE and stage.frames.probes == 1
    assert stage.step(frames.SILENCE) == frames.SELDOM and stage.frames.probes == 2
    drawn = stage.drawn
    stage.answer()
    stage.step()
    assert stage.drawn == drawn + 1


def test_a_frame_that_changes_nothing_is_not_counted(stage: Stage) -> None:
    stage.moves = False
    for _ in range(100):
        assert stage.step() is None
    assert stage.frames.sent == 0 and stage.frames.dropped == 0


def test_a_paused_lab_is_looked_at_rarely(stage: Stage) -> None:
    stage.calm, stage.moves = True, False
    assert stage.step() is None
    assert stage.step(frames.FRESH) == frames.CALM


def test_after_ten_minutes_without_a_touch_the_drawing_rests_and_a_touch_wakes_it(stage: Stage) -> None:
    assert stage.step(frames.IDLE + 1) == float("inf") and stage.resting == [True] and stage.drawn == 0
    stage.frames.touch()
    assert stage.step() is None and stage.resting == [True, False] and stage.drawn == 1


def test_a_drawing_that_fails_is_reported_and_the_thread_lives(stage: Stage) -> None:
    def fail(now: float) -> bool:
        raise ValueError("no paper")

    stage.frames.draw = fail
    assert stage.step() == frames.PROBE and [str(error) for error in stage.errors] == ["no paper"]


def test_the_thread_ends_with_close(stage: Stage) -> None:
    stage.frames.start()
    stage.frames.close()
    assert not stage.frames.thread.is_alive()
