"""A quiz: a few multiple-choice questions, with an explanation of why each wrong choice is wrong.

quiz = check.quiz("06")
quiz                     # in a notebook: clickable
print(quiz)              # as text
quiz.answer("b a c")     # also as text
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Protocol

from shmlab.course.exercises import content
from shmlab.course.exercises.judgement import Judgement, not_yet, passed, wrong
from shmlab.course.exercises.progress import Progress

LETTERS = "abcdef"
FILES = Path(__file__).with_name("quizzes")
QUESTIONS = (1, 10)  # in a quiz
CHOICES = (2, len(LETTERS))  # of a question


@dataclass(frozen=True)
class Choice:
    """A possible answer, and the feedback for choosing it."""

    text: str
    said: str
    right: bool = False


@dataclass(frozen=True)
class QuizQuestion:
    """A question with one right choice."""

    text: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """The number of the right choice, from 0."""
        return next(number for number, choice in enumerate(self.choices) if choice.right)

    def mixed(self) -> QuizQuestion:
        """Return the same question with its choices in another order, always the same one."""
        return replace(self, choices=tuple(Random(self.text).sample(self.choices, len(self.choices))))

    def said(self, number: int) -> str:
        """Return the feedback for a choice."""
        choice = self.choices[number]
        return f"{'Right' if choice.right else 'No'}. {choice.said}"


def questions(number: str, folder: Path = FILES) -> tuple[QuizQuestion, ...]:
    """Return the questions of a lesson, "01" to "12", from its file. Raises ContentRefused."""
    whole = content.read(folder / f"quiz_{number}.toml").only("question")
    return tuple(_question(part.only("text", "choice")) for part in whole.tables("question", *QUESTIONS))


def _question(part: content.Table) -> QuizQuestion:
    choices = tuple(
        Choice(one.text("text"), one.text("feedback"), one.flag("right"))
        for one in (each.only("text", "feedback", "right") for each in part.tables("choice", *CHOICES))
    )
    if sum(choice.right for choice in choices) != 1:
        part.refuse("choice", "needs one choice with `right = true`, and no more")
    return QuizQuestion(part.text("text"), choices)


class Closable(Protocol):
    """A view, as far as a quiz needs it."""

    def close(self) -> None: ...


class Quiz:
    """The questions of a lesson. The latest choices are in `chosen` (None: nothing yet)."""

    def __init__(self, number: str, questions: tuple[QuizQuestion, ...]) -> None:
        self.number, self.questions = number, tuple(question.mixed() for question in questions)
        self.chosen: list[int | None] = [None] * len(questions)
        self._progress = Progress()
        self.view: Closable | None = None  # where it is shown

    def choose(self, question: int, choice: int) -> str:
        """Make a choice; return whether it is right, and why."""
        self.chosen[question] = choice
        if all(number is not None for number in self.chosen):
            self._progress.note(f"quiz_{self.number}", self.right == len(self.questions))
        return self.questions[question].said(choice)

    @property
    def right(self) -> int:
        """The number of right choices."""
        return sum(number == question.right for number, question in zip(self.chosen, self.questions, strict=True))

    def answer(self, letters: str | None = None) -> Judgement:
        """Judge answers given as text, with one of the `letters` for each question: `quiz.answer("b a c")`."""
        given = re.findall(r"\w", (letters or "").lower())
        if not given:
            return not_yet(f"nothing tried. Give one letter for each question, such as {self._example()!r}.")
        if len(given) != len(self.questions):
            return wrong(f"there are {len(self.questions)} questions, and you gave {len(given)} letters.")
        numbers = [LETTERS.find(letter) for letter in given]
        for place, (number, question) in enumerate(zip(numbers, self.questions, strict=True), 1):
            if not 0 <= number < len(question.choices):
                most = LETTERS[len(question.choices) - 1]
                return wrong(f"question {place} has the choices a to {most}, not {given[place - 1]!r}.")
        lines = [f"{place}. {self.choose(place - 1, number)}" for place, number in enumerate(numbers, 1)]
        said = f"{self.right} of {len(self.questions)}\n" + "\n".join(lines)
        return passed(said) if self.right == len(self.questions) else wrong(said)

    def _example(self) -> str:
        return " ".join("a" * len(self.questions))

    def close(self) -> None:
        """Close its view, if there is one."""
        view, self.view = self.view, None
        if view:
            view.close()

    def __str__(self) -> str:
        parts = []
        for place, question in enumerate(self.questions, 1):
            choices = [f"   {letter}) {c.text}" for letter, c in zip(LETTERS, question.choices, strict=False)]
            parts.append("\n".join([f"{place}. {question.text}", *choices]))
        return "\n\n".join([*parts, f'Answer with quiz.answer("{self._example()}")'])

    def __repr__(self) -> str:
        return f"<Quiz {self.number}: {len(self.questions)} questions>"

