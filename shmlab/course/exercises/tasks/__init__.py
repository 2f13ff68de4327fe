"""The tasks, lesson by lesson: `lesson_NN` has TASKS, and longer tasks have a file of their own."""

import importlib
from types import ModuleType

from shmlab.course.exercises.quiz import Quiz, questions

NUMBERS = tuple(f"{number:02}" for number in range(1, 13))


def lesson(number: str) -> ModuleType:
    """The module of a lesson, "01" to "12"."""
    return importlib.import_module(f"{__name__}.lesson_{number}")


def quiz(number: str) -> Quiz:
    """The quiz of a lesson, with nothing chosen yet. Its questions are in `quizzes/quiz_NN.toml`."""
    return Quiz(number, questions(number))
