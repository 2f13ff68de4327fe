"""Build the exercise pages from the tasks: `python -m shmlab.course.building.exercise_pages 06 07`, or all.

So a task reads the same in its notebook and in `check`, and exercises and solutions have the same numbers. A page has
the name of its lesson, in the folders `exercises` and `solutions` beside it.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from shmlab import course
from shmlab.course.building.saved_outputs import METADATA, renew
from shmlab.course.exercises import check, tasks
from shmlab.course.exercises.code import Code
from shmlab.course.exercises.progress import VARIABLE
from shmlab.course.exercises.puzzle import Puzzle
from shmlab.course.exercises.size import Size
from shmlab.course.exercises.task import Task

HOW = """Work from top to bottom. A cell with `None` waits for your answer; run it, and the check below it, as often as
you like. A check says **passed**, or **what** goes wrong and **where**: nothing can break.

If you are stuck: `check.<task>.hint()` (three times), then `check.<task>.solution()`. How far you are:
`check.progress()`. If your teacher gave you a number, put it behind your answer wherever `seed` is mentioned:
`check.<task>(answer, seed=7)`; `check.<task>(seed=7)` tells you your variant."""
SOLVED = "The same numbers as in the exercises. Every right answer is one of many: the check takes any."


def name(number: str) -> str:
    """Return the file name of a lesson, and of its page in both folders. Raises CourseMissing."""
    (lesson,) = (course.place() / "notebooks").glob(f"{number}_*.ipynb")
    return lesson.name


def page(number: str, solved: bool) -> Any:
    """Return the page of a lesson: its tasks and its quiz."""
    title = Path(name(number)).stem.partition("_")[2].replace("_", " ").replace(" os", " OS")
    heading = f"# {'Solutions' if solved else 'Exercises'} {number}: {title}"
    link = f"\n\nThe lesson: [{number}](../{name(number)})."
    other = "exercises" if solved else "solutions"
    cells = [
        new_markdown_cell(
            f"{heading}\n\n{SOLVED if solved else HOW}{link} [{other.title()}](../{other}/{name(number)})."
        ),
        new_code_cell("from shmlab import check"),
    ]
    cells[0].id, cells[1].id = "title", "imports"
    for task in check.lesson(number):
        cells += of_task(task, solved)
    cells += of_quiz(number, solved)
    return new_notebook(cells=cells, metadata=METADATA)


def of_task(task: Task, solved: bool) -> list[Any]:
    """Return a task's cells: the question, something to try it with, the answer, the check."""
    seed = " (`seed` makes another variant)" if task.seeded else ""
    cells = [new_markdown_cell(f"## {task.title}\n\n*{task.kind}*{seed}\n\n{task.text()}")]
    if isinstance(task, Puzzle) and not solved:
        cells.append(new_code_cell(f"stepper = check.{task.name}.stepper()\nstepper"))
        cells[-1].id = f"{task.name}-stepper"
    cells.append(new_code_cell(task.answered() if solved else task.starter))
    measured = isinstance(task, (Code, Size)) and solved  # its output may depend on the machine
    cells.append(new_code_cell(f"print({task.call}.state)" if measured else task.call))
    if solved:
        cells.append(new_markdown_cell(f"**Why:** {task.because()}"))
        cells[-1].id = f"{task.name}-why"
    cells[0].id = task.name
    answers = [cell for cell in cells if cell.cell_type == "code" and cell.id != f"{task.name}-stepper"]
    answers[0].id, answers[1].id = f"{task.name}-answer", f"{task.name}-check"
    return cells


def of_quiz(number: str, solved: bool) -> list[Any]:
    """Return the quiz: clickable in the exercises, as text in the solutions."""
    cells = [new_markdown_cell("## Quiz"), new_code_cell(f'quiz = check.quiz("{number}")\nquiz')]
    if solved:
        quiz = tasks.quiz(number)
        letters = " ".join("abcdef"[question.right] for question in quiz.questions)
        cells.append(new_code_cell("print(quiz)"))
        cells.append(new_code_cell(f'quiz.answer("{letters}")'))
    for place, cell in enumerate(cells):
        cell.id = f"quiz-{place}"
    return cells


def write(numbers: Sequence[str] = tasks.NUMBERS) -> list[Path]:
    """Write the pages of the lessons with these `numbers`, without outputs. Raises CourseMissing."""
    written = []
    for number in numbers:
        for kind, solved in (("exercises", False), ("solutions", True)):
            folder = course.place() / "notebooks" / kind
            folder.mkdir(exist_ok=True)
            book = page(number, solved)
            nbformat.validate(book)
            path = folder / name(number)
            nbformat.write(book, path)
            written.append(path)
    return written


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = str(Path(folder, "progress.json"))  # these are not the reader's own answers
        for path in write(sys.argv[1:] or tasks.NUMBERS):
            print(f"running {path.parent.name}/{path.name} ...", flush=True)
            renew(path)
