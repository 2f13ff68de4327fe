"""What can be wrong with a concurrent program, each by one word."""

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
    """`word` is one of WORDS, `reason` says it as a sentence; `process` is who did it, -1 where nobody alone did.

    `waiting`: who is in a deadlock.
    """

    word: str
    reason: str
    process: int = -1
    waiting: tuple[int, ...] = ()


def judged(ask: Callable[[], object], what: str) -> Fault | None:
    """The answer of a user's invariant or final condition as a fault, or None where all is well."""
    try:
        answer = ask()
    except AssertionError as error:
        answer = str(error) or False
    if isinstance(answer, str):
        return Fault("invariant", answer)
    return None if answer is None or answer else Fault("invariant", f"{what} does not hold")
