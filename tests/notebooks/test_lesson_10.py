"""Lesson 10's exercise compares an answer with a real segment."""

import pytest

from tests.notebooks.test_exercises import printed

OPEN = "dict(count=0, putters_waiting=0, getters_waiting=0, not_full=0, not_empty=0, mutex=0)"
RIGHT = "dict(count=used, putters_waiting=0, getters_waiting=0, not_full=0, not_empty=0, mutex=1)"

pytestmark = pytest.mark.slow


def said(answer: str) -> str:
    changes = ((OPEN, answer),) if answer != OPEN else ()
    return printed("10_when_a_process_dies", "exercise", "exercise-run", changes=changes)


def test_the_right_values_are_accepted() -> None:
    assert said(RIGHT) == "Solved.\n"


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (OPEN, "with 1 full count is 1"),
        (RIGHT.replace("used", "1"), "with 2 full count is 2"),
        (RIGHT.replace("mutex=1", "mutex=0"), "with 1 full mutex is 1"),
        (RIGHT.replace("not_empty=0", "not_empty=used"), "with 1 full not_empty is 0"),
    ],
)
def test_a_wrong_one_is_told_what_stands_in_the_segment(answer: str, wrong: str) -> None:
    assert said(answer).startswith(f"Not yet solved: {wrong}.")
