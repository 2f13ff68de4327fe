"""A mistake in a file of the course is told with its file, its line, its field, and what to write."""

import re
from pathlib import Path

import pytest

from shmlab.course.exercises import tasks
from shmlab.course.exercises.content import ContentRefused
from shmlab.course.exercises.quiz import FILES, questions
from tests.clone import ROOT

GOOD = """\
# The quiz of a lesson.

[[question]]
text = "What changes?"

[[question.choice]]
text = "Nothing."
feedback = "The buffer gets longer."

[[question.choice]]
text = "The buffer."
feedback = "It gets longer."
right = true

[[question]]
text = "And now?"

[[question.choice]]
text = "Yes."
feedback = "It is so."
right = true

[[question.choice]]
text = "No."
feedback = "Look again."
"""


def read(tmp_path: Path, text: str) -> object:
    (tmp_path / "quiz_01.toml").write_text(text, encoding="utf-8")
    return questions("01", tmp_path)


def test_every_lesson_has_its_file_and_no_other_lies_there() -> None:
    assert sorted(path.name for path in FILES.iterdir()) == [f"quiz_{number}.toml" for number in tasks.NUMBERS]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    first, second = read(tmp_path, GOOD)  # type: ignore[misc]
    assert (first.text, first.right, second.right) == ("What changes?", 1, 0)
    assert first.choices[0].said == "The buffer gets longer."


def test_the_example_on_the_page_for_teachers_is_a_good_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/exercises.md").read_text(), re.DOTALL)
    assert read(tmp_path, example)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('text = "And now?"', 'text = ""', "quiz_01.toml, line 16: `text` of [[question]] has to be a text"),
        ('text = "And now?"', "", "line 15: `text` of [[question]] has to be a text"),
        ('feedback = "It is so."', "feedback = 3", "line 20: `feedback` of [[question.choice]] has to be a text"),
        ('feedback = "It is so."', 'why = "It is so."', "line 20: `why` of [[question.choice]] is not a field here"),
        ('"Look again."', '"Look again."\nright = true', "line 15: `choice` of [[question]] needs one choice with"),
        ("right = true", 'right = "yes"', "line 13: `right` of [[question.choice]] is true or left out"),
        ('"And now?"', '"And now?', "quiz_01.toml: Illegal character '\\n' (at line 16"),
        ("# The quiz of a lesson.", 'title = "Races"', "line 1: `title` is not a field here. The fields are: q"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    assert was in GOOD
    with pytest.raises(ContentRefused) as refused:
        read(tmp_path, GOOD.replace(was, becomes, 1))
    assert says in str(refused.value)


def test_a_file_that_is_missing_or_is_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentRefused, match=r"there is no quiz_09\.toml in "):
        questions("09", tmp_path)
    (tmp_path / "quiz_09.toml").write_bytes(b'text = "\xff"')
    with pytest.raises(ContentRefused, match="not UTF-8, from byte 8 on"):
        questions("09", tmp_path)


def test_a_question_without_choices_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentRefused, match=r"line 3: `choice` of \[\[question\]\] stands under 2 to 6 headings"):
        read(tmp_path, '# one\n\n[[question]]\ntext = "What?"\n')
