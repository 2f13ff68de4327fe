"""The quiz as a widget: what a click shows, and that nothing is left of it."""

from pathlib import Path

import pytest

from shmlab.course.exercises import check
from shmlab.course.exercises.progress import VARIABLE
from shmlab.views.notebook.display_hooks import shown
from shmlab.views.notebook.quiz_view import QuizView, prose


@pytest.fixture(autouse=True)
def _own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))


def test_a_click_explains_the_choice_and_may_be_changed(leaves_no_widget: None) -> None:
    quiz = check.quiz("06")
    view = QuizView(quiz)
    question = quiz.questions[0]
    bad = (question.right + 1) % 3
    view.buttons[0][bad].click()
    assert 'class="wrong"' in view.said[0].value and prose(question.choices[bad].said) in view.said[0].value
    assert view.buttons[0][bad].description.startswith("✕ ")
    view.buttons[0][question.right].click()
    assert 'class="right"' in view.said[0].value
    assert view.buttons[0][question.right].description.startswith("✓ ")
    assert not view.buttons[0][bad].description.startswith("✕ ")
    assert view.score.value == "1 right, 3 still to answer"
    view.close()


def test_all_right_is_kept_as_progress(leaves_no_widget: None) -> None:
    quiz = check.quiz("06")
    view = QuizView(quiz)
    for question, buttons in zip(quiz.questions, view.buttons, strict=True):
        buttons[question.right].click()
    assert view.score.value == "4 right, 0 still to answer"
    assert quiz._progress.passed("quiz_06")
    view.close()


def test_in_a_notebook_it_shows_itself_and_as_text_always_the_same(leaves_no_widget: None) -> None:
    quiz = check.quiz("07")
    bundle = shown(quiz)
    assert bundle["text/plain"] == "<Quiz 07: 4 questions>"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    shown(quiz)  # again: the first view is closed
    quiz.close()


def test_prose_is_escaped_and_marked() -> None:
    assert prose("`a < b` is *not* <b>") == "<code>a &lt; b</code> is <em>not</em> &lt;b&gt;"
