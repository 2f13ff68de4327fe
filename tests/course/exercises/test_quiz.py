"""Quizzes: every question has one right choice, every wrong one an explanation; text and widget say the same."""

import pytest

from shmlab.course.exercises import check, tasks
from shmlab.course.exercises.judgement import NOT_YET, PASSED, WRONG
from shmlab.course.exercises.quiz import LETTERS, Quiz

ALL = [tasks.quiz(number) for number in tasks.NUMBERS]


@pytest.mark.parametrize("quiz", ALL, ids=repr)
def test_it_has_3_to_5_questions_with_one_right_choice_each(quiz: Quiz) -> None:
    assert 3 <= len(quiz.questions) <= 5
    for question in quiz.questions:
        assert sum(choice.right for choice in question.choices) == 1
        assert 3 <= len(question.choices) <= len(LETTERS)
        assert all(choice.said and choice.said[-1] in ".?)" for choice in question.choices)
        assert len({choice.said for choice in question.choices}) == len(question.choices)


def test_the_right_choice_is_not_always_at_the_same_place() -> None:
    places = [question.right for quiz in ALL for question in quiz.questions]
    assert all(places.count(place) >= 8 for place in (0, 1, 2))


@pytest.mark.parametrize("quiz", ALL, ids=repr)
def test_as_text_it_names_every_question_and_choice(quiz: Quiz) -> None:
    text = str(quiz)
    for number, question in enumerate(quiz.questions, 1):
        assert f"{number}. {question.text}" in text
        assert all(choice.text in text for choice in question.choices)


@pytest.mark.parametrize("number", tasks.NUMBERS)
def test_answers_as_text_are_explained_and_right_ones_pass(number: str) -> None:
    quiz = check.quiz(number)
    letters = " ".join(LETTERS[question.right] for question in quiz.questions)
    assert quiz.answer(letters).state == PASSED
    said = quiz.answer(" ".join(LETTERS[(question.right + 1) % 3] for question in quiz.questions))
    assert said.state == WRONG and said.reason.startswith(f"0 of {len(quiz.questions)}")
    for question in quiz.questions:
        assert question.choices[(question.right + 1) % 3].said in said.reason


def test_nothing_chosen_is_not_yet_and_nonsense_is_told() -> None:
    quiz = check.quiz("06")
    assert quiz.answer().state == NOT_YET and quiz.answer("").state == NOT_YET
    assert "there are 4 questions, and you gave 2" in quiz.answer("a b").reason
    assert "question 2 has the choices a to c, not 'z'" in quiz.answer("a z a a").reason
    assert quiz.chosen == [None] * 4
