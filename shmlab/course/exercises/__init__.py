"""Exercises: each check names the fault and the step, gives hints, and is strict.

    from shmlab import check

A `task` is of one kind: `predict`, `puzzle` (be the scheduler), `code`, `find` (the fault in given code), `size`; each
judges an answer and returns a `judgement`. The tasks of a lesson are in `tasks/`, with a right answer beside each
question; its `quiz` is a file in `quizzes/`, read by `content`. `exercise_book` is `check`.

`program_text` compiles programs that are given as text, `real_run` runs a student's functions in real processes,
`handed_in` records what was handed in, `progress` keeps track of what was passed.
"""


from shmlab.course.exercises.exercise_book import ExerciseBook
from shmlab.course.exercises.judgement import Judgement
from shmlab.course.exercises.quiz import Quiz

__all__ = ["ExerciseBook", "Judgement", "Quiz", "check"]

check = ExerciseBook()
