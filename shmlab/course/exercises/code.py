"""Write code: judged over all interleavings, in several sizes, and by real processes.

Some faults show only with two producers, some only with a single slot, some only with the third item. So each task
has several cases, the smallest first; the first that fails is reported, with its schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType

from shmlab.course.exercises import program_text
from shmlab.course.exercises.judgement import Judgement, failing, passed, wrong
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.task import Task
from shmlab.explorer.report.question import Question

MOST_STATES, MOST_SECONDS = 400_000, 60.0  # for programs that are far from the solution, on a busy machine


@dataclass(frozen=True)
class Case:
    """One size in which code is explored: in words, and as a question about the student's functions.

    `sleeps`: waiting processes have to sleep.
    """

    words: str
    ask: Callable[..., Question]
    sleeps: bool = False

    def judged(self, functions: tuple[FunctionType, ...]) -> Judgement | None:
        """Return what is wrong in this case; None if nothing is."""
        verdict = self.ask(*functions).verdict(MOST_STATES, MOST_SECONDS)
        if verdict.fault:
            return failing(verdict, self.words)
        if not verdict.complete:
            return wrong(f"{self.words}: {verdict.summary}")
        if self.sleeps and verdict.paths is None:
            return wrong(
                f"every interleaving is right {self.words}, but somebody asks again and again instead of sleeping. "
                "Wait for a semaphore.",
                "busy waiting",
            )
        return None


@dataclass(frozen=True)
class Possible:
    """What has to be possible, such as two readers at once. `missing` is the message if it is not."""

    words: str
    shown: Callable[..., bool]
    missing: str
    fault: str

    def judged(self, functions: tuple[FunctionType, ...]) -> Judgement | None:
        """Return None if it is possible, otherwise what is wrong."""
        return None if self.shown(*functions) else wrong(f"{self.missing} ({self.words})", self.fault)


class Code(Task):
    """Functions to be written. `signatures` are their names and arguments: ("put", "buf, item"), ..."""

    kind = "write code"

    def __init__(
        self,
        name: str,
        title: str,
        question: str,
        signatures: tuple[tuple[str, str], ...],
        starter: str,
        answer: str,
        cases: tuple[Case | Possible, ...],
        run: RealRun | Callable[..., tuple[str, Judgement | None]],
        hints: tuple[str, str, str],
        why: str,
    ) -> None:
        self.question, self.signatures, self.cases, self.run = question, signatures, cases, run
        self.parts = tuple(name for name, _ in signatures)
        super().__init__(name, title, hints, answer.strip(), why, starter.strip())

    def text(self, seed: int | None = None) -> str:
        return self.question

    def tried(self, answers: tuple[object, ...]) -> bool:
        return not all(program_text.untouched(answer, self.starter) for answer in answers)

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        given = zip(answers, self.signatures, strict=True)
        functions = tuple(program_text.function(answer, name, arguments) for answer, (name, arguments) in given)
        for case in self.cases:
            found = case.judged(functions)
            if found:
                return found
        went, found = self.run.judged(functions) if isinstance(self.run, RealRun) else self.run(*functions)
        explored = sum(isinstance(case, Case) for case in self.cases)
        return found or passed(f"every interleaving is right in {explored} cases, and {went}.")
