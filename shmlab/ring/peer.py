"""Types only: the parts of an end that the protocol accesses, and the parts of a ring that an end accesses.

They let the protocol's source stay below the classes that use it, and be explored without them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from shmlab.memory.segment import Segment


class OpenRing(Protocol):
    """A ring as seen by one process; see `Ring`."""

    name: str
    slots: int
    item: int
    producers: int
    consumers: int
    segment: Segment

    @property
    def closed(self) -> bool: ...
    def look_around(self) -> None: ...


class Peer(Protocol):
    """One end of a ring, with its seat; see `End`. A memoryview is a word of the segment: `in_[0] = 1` is a store."""

    bound: int
    failures: int
    in_place: bool
    reach: int
    slots: int
    in_: memoryview
    out: memoryview
    theirs: memoryview
    sleeps: memoryview
    other_sleeps: memoryview
    lost: memoryview
    turn: memoryview
    turns: list[memoryview]
    rows: list[int]
    views: list[memoryview]
    locks: Any
    memory: Any
    other_wakeup: Any
    fence_acquire: Callable[..., Any]
    fence_release: Callable[..., Any]

    @property
    def places(self) -> Mapping[int, slice] | list[slice]: ...
    @property
    def acquire(self) -> Callable[..., bool]: ...
    @property
    def acquire_within(self) -> Callable[..., bool]: ...
    @property
    def release(self) -> Callable[[], None]: ...
    @property
    def nap(self) -> Callable[..., bool]: ...
    @property
    def barrier(self) -> Callable[[], Any]: ...
    def free(self) -> None: ...
    def look_around(self) -> None: ...
    def look_up(self) -> None: ...
    def explain(self, error: BaseException, *item: object) -> None: ...
    def late(self, timeout: float | None) -> BaseException: ...
