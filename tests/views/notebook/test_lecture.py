"""The lecture's view, without a browser: one thing is shown at a time, and nothing is left of the one before."""

from collections.abc import Iterator

import pytest

from shmlab import labs
from shmlab.course.lecture import ASK, BEATS, MINUTES, NOTICE, SHOW, OnScales, OnStepper, stations
from shmlab.views.notebook.comparison_view import LiveComparison
from shmlab.views.notebook.lecture_view import LAST, Lecture
from shmlab.views.notebook.live import LiveLab
from shmlab.views.notebook.stepper import Stepper
from tests.apparatus import eventually

pytestmark = pytest.mark.usefixtures("leaves_no_widget", "leaves_nothing")


@pytest.fixture
def lecture() -> Iterator[Lecture]:
    made = Lecture()
    yield made
    made.close()


def number_of(kind: type) -> int:
    return next(n for n, station in enumerate(stations) if isinstance(station.shown, kind))


def go(lecture: Lecture, number: int, part: int) -> None:
    lecture.go(number * BEATS + part)
    eventually(lambda: lecture.beat == number * BEATS + part and (part == ASK or lecture.stage.children))


def test_it_asks_before_it_shows_and_explains_last(lecture: Lecture) -> None:
    first = stations[0]
    assert lecture.shown is None and first.question in lecture.board.value and first.notice not in lecture.board.value
    lecture.next.click()
    eventually(lambda: lecture.stage.children)
    assert isinstance(lecture.shown, LiveLab) and lecture.shown.lab.running
    shown = lecture.shown
    assert first.notice not in lecture.board.value
    lecture.next.click()
    eventually(lambda: first.notice in lecture.board.value)
    assert lecture.shown is shown and shown.lab.running
    lecture.next.click()
    eventually(lambda: stations[1].question in lecture.board.value)
    assert lecture.shown is None and shown.closed and not lecture.stage.children


def test_each_kind_of_station_shows_its_own_thing(lecture: Lecture) -> None:
    for kind, view in ((OnStepper, Stepper), (OnScales, LiveComparison)):
        go(lecture, number_of(kind), SHOW)
        assert isinstance(lecture.shown, view)


def test_a_stepper_s_goal_can_be_found(lecture: Lecture) -> None:
    go(lecture, number_of(OnStepper), SHOW)
    assert isinstance(lecture.shown, Stepper)
    lecture.shown.request("find")
    eventually(lambda: isinstance(lecture.shown, Stepper) and lecture.shown.stepping.ahead)


def test_of_many_hasty_clicks_the_last_one_counts(lecture: Lecture) -> None:
    for _ in range(9):
        lecture.next.click()
    eventually(lambda: lecture.keys.value == 9)  # drawn once it is there
    assert lecture.beat == 9 and str(lecture).startswith(f"4 of {len(stations)}")


def test_a_station_s_button_goes_to_its_question(lecture: Lecture) -> None:
    lecture.buttons[5].click()
    eventually(lambda: stations[5].question in lecture.board.value)
    assert "here" in lecture.buttons[5]._dom_classes and "here" not in lecture.buttons[0]._dom_classes
    assert f"of {MINUTES}" in lecture.head.value


def test_keys_move_a_beat_and_the_ends_are_ends(lecture: Lecture) -> None:
    lecture.keys.value = LAST
    eventually(lambda: lecture.beat == LAST and lecture.next.disabled)
    lecture.go(LAST + 7)
    lecture.go(-3)
    eventually(lambda: lecture.beat == 0 and lecture.back.disabled)
    assert NOTICE == LAST % BEATS


def test_what_cannot_be_started_is_told_and_the_lecture_goes_on(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("shmlab.views.notebook.lecture_view.opened", refuse)
    lecture.next.click()
    eventually(lambda: "OSError: no room" in lecture.board.value)
    monkeypatch.undo()
    lecture.next.click()
    eventually(lambda: lecture.shown is not None)
    assert "no room" not in lecture.board.value


def test_close_ends_what_is_shown_and_the_text_is_fixed() -> None:
    lecture = Lecture()
    go(lecture, 0, SHOW)
    shown = lecture.shown
    assert repr(lecture) == lecture._repr_mimebundle_()["text/plain"] == "<Lecture: 10 stations, 45 minutes>"
    lecture.close()
    lecture.close()
    assert shown and shown.closed
    assert lecture._repr_mimebundle_() == {"text/plain": repr(lecture)}


def test_labs_lecture_is_one_line_and_run_again_it_begins_anew() -> None:
    shown = [labs.lecture() for _ in range(2)]
    assert shown[0].closed and not shown[1].closed
    labs.close()
    assert shown[1].closed
