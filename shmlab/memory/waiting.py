"""Wait until a condition is true, up to a deadline: the one polling loop, so that every wait has an overall deadline.

Deadlines count on the monotonic clock. Consecutive waits share one `Deadline`, so that their times
do not add up. If the operating system can wake us (a lock, a pipe, `poll`), that is better: pass it `deadline.left`.
"""

import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing takes a worker 3 ms
    from typing import TypeVar

    Found = TypeVar("Found")

LOOK = 0.002  # default seconds between two checks


class Deadline:
    """The moment, a given number of seconds from now, at which waiting ends."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._end


def until(true: "Callable[[], Found]", at_most: float | Deadline, every: float = LOOK) -> "Found":
    """Call `true` until it returns something true, and return that; once time is up, return its last result.

    at_most: seconds, or a Deadline shared with other waits. every: seconds between two checks. It checks at least once,
    and once more after the deadline, so that a machine that was busy meanwhile does not change the result.
    """
    deadline = at_most if isinstance(at_most, Deadline) else Deadline(at_most)
    while True:
        last_look = deadline.over
        found = true()
        if found or last_look:
            return found
        time.sleep(min(every, deadline.left))
