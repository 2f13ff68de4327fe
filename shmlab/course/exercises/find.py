"""Find the fault in given code: which line, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shmlab.course.exercises.judgement import Judgement, Said, failing, passed, wrong
from shmlab.course.exercises.program_text import compiled, numbered
from shmlab.course.exercises.task import Task
from shmlab.explorer.program.fault import WORDS
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import TASKS, Goal
from shmlab.explorer.report.question import Question
from shmlab.explorer.report.verdict import Verdict
from shmlab.memory.errors import ArgumentError

Ask = Callable[[Mapping[str, Any]], Question]


@dataclass(frozen=True)
class Faulty:
    """A program text with one wrong line.

    `lines` are the acceptable answers (if two lines are swapped, both are), `word` is what goes wrong; `repaired` is
    the correct text of the first of them or, where lines have to move, of the whole program. `near` says why some
    other lines are not to blame.
    """

    text: str
    lines: tuple[int, ...]
    word: str
    why: str
    asked: Ask
    repaired: str
    near: Mapping[int, str] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        """Return the verdict on all interleavings of the text as it is."""
        return self.asked(compiled(self.text)).verdict()

    def leads_to(self, word: str) -> bool:
        """Return whether some interleaving goes wrong in this way; most faulty programs can fail in several."""
        if word not in TASKS:
            return False
        return bool(self.asked(compiled(self.text)).find(Goal(word)).schedule)


class Find(Task):
    """A task whose answer is a line and a word: `check.name(line, "deadlock")`. `faulty(seed)` is a variant."""

    kind = "find the fault"
    parts = ("line", "word")
    seeded = True

    def __init__(
        self,
        name: str,
        title: str,
        question: str,
        faulty: Callable[[int | None], Faulty],
        hints: tuple[str, str, str],
    ) -> None:
        self.question, self.faulty = question, faulty
        super().__init__(name, title, hints, "", "", "line, word = None, None")

    def text(self, seed: int | None = None) -> str:
        body = self.faulty(seed).text.rstrip()
        return f"{self.question}\n\n```\n{numbered(body)}\n```\n\nThe words: {', '.join(WORDS)}."

    def show(self, seed: int | None = None) -> Said:
        """Return the program with line numbers."""
        return Said(numbered(self.faulty(seed).text.rstrip()))

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        faulty, (line, given) = self.faulty(seed), answers
        last = len(faulty.text.splitlines())
        if isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= last:
            raise ArgumentError(f"the first is the number of a line, 1 to {last}, not {line!r}.")
        if not isinstance(given, str) or given.lower().strip() not in WORDS:
            raise ArgumentError(f"the second is one of {', '.join(WORDS)}, not {given!r}.")
        word = given.lower().strip()
        if line in faulty.lines:
            if word == faulty.word or faulty.leads_to(word):
                return passed(faulty.why)
            return wrong(
                f"that is the line, but no interleaving leads to {word!r}. Play the program through from there."
            )
        near = faulty.near.get(line, f"line {line} is right as it stands.")
        if word == faulty.word:
            said = failing(faulty.verdict(), "as it is written")
            return Judgement(
                said.state,
                f"{word} is what happens. But {near} Its schedule may help:",
                word,
                said.step,
                said.schedule,
                said.loop,
                said.evidence,
            )
        return wrong(f"{near} And what goes wrong is not {word!r}.")

    def answered(self, seed: int | None = None) -> str:
        faulty = self.faulty(seed)
        return f'line, word = {faulty.lines[0]}, "{faulty.word}"'

    def because(self, seed: int | None = None) -> str:
        faulty = self.faulty(seed)
        return f"{faulty.why} Right is:\n\n```\n{faulty.repaired.rstrip()}\n```"


def in_size(**sizes: Any) -> Ask:
    """Return a function that explores put and get of a program text in this size."""
    return lambda functions: question.of(functions["put"], functions["get"], **sizes)
