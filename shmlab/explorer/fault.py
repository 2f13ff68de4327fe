"""What can be wrong with a concurrent program, each by one word."""

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
