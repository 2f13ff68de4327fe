"""Predict a number, a word, an order or a set, before running the code."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shmlab.course.exercises.judgement import Judgement, passed, wrong
from shmlab.course.exercises.task import Task

Truth = object | Callable[[], object]


@dataclass(frozen=True)
class Prediction:
    """One variant: the question, the right answer (or what computes it), and why common wrong ones are wrong.

    The right answer is a number, a word, a tuple (an order) or a frozenset (the order does not matter). `because`
    says why it is right; `look` says how to find out, for answers that are none of `traps`.
    """

    question: str
    truth: Truth
    because: str
    look: str
    traps: Mapping[object, str] = field(default_factory=dict)
    written: str = ""  # the right answer as Python text, if it is not a literal


class Predict(Task):
    """A prediction. `asked(seed)` is a variant; without a seed everybody gets the same."""

    kind = "predict"

    def __init__(
        self,
        name: str,
        title: str,
        asked: Callable[[int | None], Prediction],
        hints: tuple[str, str, str],
        seeded: bool = False,
    ) -> None:
        self.asked, self.seeded = asked, seeded
        super().__init__(name, title, hints, "", "")

    def text(self, seed: int | None = None) -> str:
        return self.asked(seed).question

    def judge(self, answers: tuple[object, ...], seed: int | None, **more: object) -> Judgement:
        asked = self.asked(seed)
        truth, answer = found(asked.truth), plain(answers[0])
        if same(answer, truth):
            return passed(asked.because)
        for trap, why in asked.traps.items():
            if same(answer, trap):
                return wrong(why)
        return wrong(f"{difference(answer, truth)} {asked.look}")

    def answered(self, seed: int | None = None) -> str:
        asked = self.asked(seed)
        return f"answer = {asked.written or literal(found(asked.truth))}"

    def because(self, seed: int | None = None) -> str:
        return self.asked(seed).because


def found(truth: Truth) -> object:
    """Return the right answer, computing it if necessary."""
    return truth() if callable(truth) else truth


def plain(answer: object) -> object:
    """Normalise an answer for comparison: words without case and outer spaces, lists as tuples, integers as int."""
    if isinstance(answer, str):
        return " ".join(answer.lower().split())
    if isinstance(answer, (list, tuple)):
        return tuple(plain(part) for part in answer)
    if isinstance(answer, (set, frozenset)):
        return frozenset(plain(part) for part in answer)
    if isinstance(answer, (bool, int, float)) or answer is None:
        return answer
    try:
        return operator.index(answer)  # type: ignore[arg-type]  # an integer type of another library
    except TypeError:
        return repr(answer)


def same(answer: object, truth: object) -> bool:
    """Return whether an answer is right. A set may be given in any order; True does not count as 1."""
    if isinstance(truth, frozenset) and isinstance(answer, tuple) and len(set(answer)) == len(answer):
        answer = frozenset(answer)
    numbers = isinstance(answer, (int, float)) and isinstance(truth, (int, float))
    if isinstance(answer, bool) is not isinstance(truth, bool) or not (numbers or type(answer) is type(truth)):
        return False
    return abs(answer - truth) <= 1e-6 * abs(truth) if numbers else answer == truth  # type: ignore[operator, arg-type]


def difference(answer: object, truth: object) -> str:
    """Return where an answer goes wrong, without giving away the right one."""
    if isinstance(truth, tuple):
        if not isinstance(answer, tuple):
            return f"give a list of {len(truth)}, in the right order."
        if len(answer) != len(truth):
            return f"{len(answer)} were given, and {len(truth)} are asked for."
        place = next(i for i, (a, b) in enumerate(zip(answer, truth, strict=True)) if not same(a, b))
        return f"place {place + 1} ({answer[place]!r}) is the first that is not right."
    if isinstance(truth, frozenset):
        given = (
            answer if isinstance(answer, frozenset) else frozenset(answer if isinstance(answer, tuple) else [answer])
        )
        extra, missing = given - truth, truth - given
        return f"{len(extra)} of yours do not belong there, {len(missing)} are missing."
    if type(truth) in (int, float) and type(answer) not in (int, float):
        return f"give a number, not {answer!r}."
    if isinstance(truth, str) and not isinstance(answer, str):
        return f"give a word, not {answer!r}."
    return f"it is not {answer!r}."


def literal(truth: object) -> str:
    """Return the right answer as Python text; tuples and sets as lists, as a student writes them."""
    if isinstance(truth, frozenset):
        return repr(sorted(truth, key=repr))
    return repr(list(truth)) if isinstance(truth, tuple) else repr(truth)
