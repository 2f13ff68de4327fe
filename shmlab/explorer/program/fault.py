"""The possible faults of a concurrent program, each named by one word."""

from collections.abc import Callable
from dataclasses import dataclass

WORDS = (
    "lost",
    "duplicated",
    "reordered",
    "invented",
    "overwrite",
    "empty-read",
    "deadlock",
    "mutual-exclusion",
    "livelock",
    "starvation",
    "exception",
    "invariant",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """`word` is one of WORDS, `reason` explains it in a sentence; `process` is the culprit, -1 if there is none.

    `waiting`: the processes in a deadlock.
    """

    word: str
    reason: str
    process: int = -1
    waiting: tuple[int, ...] = ()


def judged(ask: Callable[[], object], what: str) -> Fault | None:
    """Return the answer of a user's invariant or final condition as a fault; None if it holds."""
    try:
        answer = ask()
    except AssertionError as error:
        answer = str(error) or False
    if isinstance(answer, str):
        return Fault("invariant", answer)
    return None if answer is None or answer else Fault("invariant", f"{what} does not hold")
