"""`check`: all tasks by name, the quizzes, and the student's progress.

from shmlab import check
check                      # all tasks, lesson by lesson
check.vanish               # one of them
check.quiz("06")           # the questions at the end of a lesson
check.progress()           # what is done; check.forget() deletes the file that records it
"""

from __future__ import annotations

import difflib
from functools import cached_property

from shmlab.course.exercises import tasks
from shmlab.course.exercises.judgement import Said
from shmlab.course.exercises.progress import VARIABLE, Progress
from shmlab.course.exercises.quiz import Quiz
from shmlab.course.exercises.task import Task
from shmlab.memory import limits

DONE, OPEN = "●", "○"


class ExerciseBook:
    """All tasks, each as an attribute named after it."""

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """All tasks: name -> task, in the order of the lessons."""
        return {task.name: task for number in tasks.NUMBERS for task in tasks.lesson(number).TASKS}

    def lesson(self, number: str) -> tuple[Task, ...]:
        """Return the tasks of lesson `number`, "01" to "12". Raises ArgumentError."""
        return tuple(tasks.lesson(limits.choice(number, "the lesson", tasks.NUMBERS)).TASKS)

    def quiz(self, number: str) -> Quiz:
        """Return the questions at the end of lesson `number`, "01" to "12". Raises ArgumentError, ContentRefused."""
        return tasks.quiz(limits.choice(number, "the lesson", tasks.NUMBERS))

    def progress(self) -> Said:
        """Return which tasks are done, lesson by lesson, and the path of the file that records it."""
        known = Progress()
        kept = known.tasks
        done = sum(known.passed(name) for name in self.tasks)
        lines = [f"{done} of {len(self.tasks)} tasks passed"]
        for number in tasks.NUMBERS:
            names = [task.name for task in self.lesson(number)]
            marks = "  ".join(f"{DONE if kept.get(name, {}).get('passed') is True else OPEN} {name}" for name in names)
            lines.append(f"{number}  {marks}")
        lines.append(f"Kept in {known.where} (move it, delete it, or name another in ${VARIABLE}).")
        return Said("\n".join(lines))

    def forget(self) -> Said:
        """Delete the file that records the student's progress."""
        known = Progress()
        known.forget()
        return Said(f"Nothing is kept any more: {known.where} is deleted.")

    def __getattr__(self, name: str) -> Task:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self.tasks.get(name)
        if found is None:
            close = difflib.get_close_matches(name, list(self.tasks), 1)
            meant = f" Did you mean check.{close[0]}?" if close else ""
            raise AttributeError(f"there is no task {name!r}.{meant} print(check) names all.")
        return found

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tasks]

    def __str__(self) -> str:
        lines = []
        for number in tasks.NUMBERS:
            lines.append(f"{number}")
            lines += [f"    check.{task.name:16} {task.title} ({task.kind})" for task in self.lesson(number)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)
