"""Wait until something is true, at most so long: the one loop for it, so that every wait has an overall deadline.

Deadlines count on the monotonic clock. Several waits that follow each other share one `Deadline`, so that their times
do not add up. Where the operating system can wake us (a lock, a pipe, `poll`), that is better: give it `deadline.left`.
"""

import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes a worker 3 ms to load
    from typing import TypeVar

    Found = TypeVar("Found")

LOOK = 0.002  # seconds between two looks, unless asked otherwise


class Deadline:
    """The moment, so many seconds from now, at which waiting ends."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end


def until(true: "Callable[[], Found]", at_most: float | Deadline, every: float = LOOK) -> "Found":
    """Call `true` again and again until it gives something true, and give that; what it gave last if time is up.

    at_most: seconds, or a Deadline that other waits share. every: seconds between two looks. It looks at least once,
    and once more when the time is up, so that a machine that was busy meanwhile changes no answer.
    """
    deadline = at_most if isinstance(at_most, Deadline) else Deadline(at_most)
    while True:
        last_look = deadline.over
        found = true()
        if found or last_look:
            return found
        time.sleep(min(every, deadline.left))
