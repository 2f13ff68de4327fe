"""Exercises: each check names the fault and the step, gives hints, and is strict.

    from shmlab import check

The kinds: `predict`, `puzzle` (be the scheduler), `code`, `find` (the fault in given code), `size`. The tasks
themselves are data, in `tasks`: a right answer stands beside its question.
"""

from shmlab.course.exercises.exercise_book import ExerciseBook
from shmlab.course.exercises.judgement import Judgement
from shmlab.course.exercises.quiz import Quiz

__all__ = ["ExerciseBook", "Judgement", "Quiz", "check"]

check = ExerciseBook()
