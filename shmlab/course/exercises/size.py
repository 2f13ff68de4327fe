"""Choose a size: judged by a real run with that size."""

from __future__ import annotations

from collections.abc import Callable

from shmlab.course.exercises.judgement import Judgement
from shmlab.course.exercises.task import Task
from shmlab.memory import limits


class Size(Task):
    """A number in `between`. `measured(size, seed)` starts real processes with it and judges what they did."""

    kind = "choose the size"

    def __init__(
        self,
        name: str,
        title: str,
        question: Callable[[int | None], str],
        measured: Callable[[int, int | None], Judgement],
        right: Callable[[int | None], int],
        between: tuple[int, int],
        hints: tuple[str, str, str],
        why: str,
        seeded: bool = False,
    ) -> None:
        self.question, self.measured, self.right = question, measured, right
        self.between, self.seeded = between, seeded
        super().__init__(name, title, hints, "", why)

    def text(self, seed: int | None = None) -> str:
        return self.question(seed)

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        return self.measured(limits.whole(answers[0], "the answer", *self.between), seed)

    def answered(self, seed: int | None = None) -> str:
        return f"answer = {self.right(seed)}"
