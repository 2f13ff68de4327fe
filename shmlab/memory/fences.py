"""Whether this machine needs fences, and a fence that pure Python can make.

x86 processors keep loads in order and stores in order; only a load may overtake an earlier store. Others, such as ARM,
may reorder any two accesses to different addresses (`WEAK`) unless there is a fence between them. `fence()` makes
one: all loads and stores before it take effect before all that come after it.

It releases a private lock and acquires it again. A release keeps everything before it from moving behind it.
An acquire keeps everything after it from moving in front of it. And an acquire that reads what the same processor's
release has written waits for that write. Together, nothing passes in either direction.
Source: Arm Architecture Reference Manual, B2.3, "barrier-ordered-before" and "atomic-ordered-before".
"""

import _thread
import os
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    class Worded(Protocol):
        """An object with words, such as a segment."""

        @property
        def words(self) -> memoryview: ...

    Has = TypeVar("Has", bound=Worded)

MACHINE = os.uname().machine
WEAK = MACHINE not in ("x86_64", "i686")  # may this processor reorder more than a load before an earlier store?


def private_fence() -> Callable[[], None]:
    """Return a function that makes a fence; only one thread at a time may call it."""
    lock = _thread.allocate_lock()
    lock.acquire()
    release, acquire = lock.release, lock.acquire

    def fence() -> None:
        release()
        acquire()  # does not block: nothing else uses this lock

    return fence


class InOrder:
    """The words of a segment, where each store takes effect after everything its process did before."""

    __slots__ = ("_fence", "_segment")

    def __init__(self, segment: "Worded") -> None:
        self._segment, self._fence = segment, private_fence()

    @property
    def words(self) -> "InOrder":
        return self

    def __getitem__(self, index: int) -> int:
        value: int = self._segment.words[index]
        return value

    def __setitem__(self, index: int, value: int) -> None:
        self._fence()
        self._segment.words[index] = value


def in_order(segment: "Has") -> "Has":
    """Return an object with the same `words` and a fence before each store if the machine is weak; else the segment."""
    return InOrder(segment) if WEAK else segment  # type: ignore[return-value]  # only its words are used
