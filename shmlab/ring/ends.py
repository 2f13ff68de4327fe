"""One process's end of a ring: its views of the shared words, and the steps of an operation.

Each operation has three steps: wait for the turn and for room, move items, store the counter and leave. For single
items, each protocol function does all three (protocol.py); batches and items in place are built from `start` and
`finish`.
"""

import contextlib
import os
from functools import partial
from time import monotonic
from types import TracebackType

from shmlab.memory import layout as at
from shmlab.memory.errors import ArgumentError, RingClosed, RingTaken, RingTimeout, SegmentNotFound
from shmlab.memory.fences import WEAK
from shmlab.memory.posix_semaphore import sleep
from shmlab.ring import membarrier, ordering, seats
from shmlab.ring.ordering import FENCED
from shmlab.ring.protocol import wait, wake
from shmlab.ring.ring_layout import offset
from shmlab.ring.turns import INSIDE, abandon, sit_down, step_outside, wait_for_turn, with_guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring.peer import OpenRing

TABLE = 1 << 14  # most slots whose slices are cached: 1.7 MB; a lookup takes half as long as making one
RUN = 1 << 10  # slots whose slices are made at a time
CLOSED_HERE = "this ring was closed in this process: create or attach one, and use it before close()."


class SlotPlaces(dict[int, slice]):
    """The slice of the segment for each slot of a long ring, made on demand for a run of slots at a time."""

    __slots__ = ("_base", "_size")

    def __init__(self, base: int, size: int) -> None:
        self._base, self._size = base, size

    def __missing__(self, slot: int) -> slice:
        if len(self) >= TABLE:
            self.clear()
        self.update(enumerate(_places(self._base + slot * self._size, RUN, self._size), slot))
        return self[slot]


def places(base: int, slots: int, size: int) -> SlotPlaces | list[slice]:
    """Return the slice of the segment for each slot: a complete table for a short ring."""
    return SlotPlaces(base, size) if slots > TABLE else _places(base, slots, size)


def _places(base: int, slots: int, size: int) -> list[slice]:
    starts = list(range(base, base + slots * size + 1, size))
    return [*map(slice, starts, starts[1:])]


class End:
    """A seat in a ring, and everything that its protocol accesses. Raises RingTaken, SegmentNotFound.

    Each word of the segment is a view of its own: `in_[0]` is a load, `in_[0] = 1` a store.
    """

    __slots__ = (
        "acquire",
        "acquire_within",
        "barrier",
        "base",
        "bound",
        "data",
        "failures",
        "fence_acquire",
        "fence_release",
        "in_",
        "in_place",
        "in_turn",
        "locks",
        "lost",
        "memory",
        "mine",
        "nap",
        "other_sleeps",
        "other_wakeup",
        "out",
        "places",
        "reach",
        "release",
        "ring",
        "row",
        "rows",
        "size",
        "sleeps",
        "slots",
        "theirs",
        "turn",
        "turns",
        "views",
    )
    role: str
    mine: memoryview  # the counter that this side advances
    theirs: memoryview  # the counter that it waits for
    reach: int  # how far `mine` may be ahead of `theirs`

    def __init__(self, ring: "OpenRing", rows: range, wakeup: str, mutex: str, other: str, other_wakeup: str) -> None:
        segment = ring.segment
        self.ring = ring
        try:
            self.locks = seats.open_locks(ring.name, rows, mutex)
        except FileNotFoundError:
            raise SegmentNotFound(ring.name) from None  # its owner has just closed the ring
        row = seats.take(self.locks, rows)
        if row is None:
            seats.close_locks(self.locks)
            raise RingTaken(
                f"the ring '{ring.name}' has {len(rows)} {self.role}{'s' * (len(rows) > 1)} already, and was made for "
                f"no more: let one leave, or create it with {self.role}s={len(rows) + 1}."
            )
        try:
            names = (mutex, wakeup, other_wakeup)
            lock, own_wakeup, self.other_wakeup = (ordering.semaphore(ring.name, each) for each in names)
            fence = ordering.fence(ring.name, row)
        except FileNotFoundError:
            seats.close_locks(self.locks)
            raise SegmentNotFound(ring.name) from None
        self.row, self.rows = row, [other for other in rows if other != row]
        self.memory, self.data = segment.mapping, segment.data
        self.slots, self.size, self.base = ring.slots, ring.item, segment.layout.slots_at
        self.places = places(self.base, self.slots, self.size)
        self.bound, self.failures, self.in_place = 0, 0, False
        self.views: list[memoryview] = []
        self.in_, self.out = self._word(offset("in_")), self._word(offset("out"))
        self.sleeps, self.other_sleeps = (self._word(offset(f"{side}_sleeps")) for side in (self.role, other))
        self.lost = self._word(offset(f"{self.role}s_lost"))
        self.turn = self._word(at.row_word(row, at.TURN))
        self.turns = [self._word(at.row_word(other, at.TURN)) for other in self.rows]
        self.fence_release, self.fence_acquire = fence.release, fence.acquire
        self.release, self.acquire, self.acquire_within = lock.release, lock.acquire, partial(sleep, lock)
        self.nap = partial(sleep, own_wakeup)
        self.barrier = membarrier.barrier if membarrier.register() and not WEAK else self.fence
        self.in_turn = len(rows) > 1
        with_guard(self, sit_down, wait=True)
        self._word(at.row_word(row, at.PID))[0] = os.getpid()

    def _word(self, at_byte: int) -> memoryview:
        view = self.data[at_byte : at_byte + at.WORD].cast("Q")
        self.views.append(view)
        return view

    def stand_up(self) -> None:
        """Release the seat."""
        self._word(at.row_word(self.row, at.PID))[0] = 0
        seats.unlock(self.locks, self.row)

    def forget(self) -> None:
        """Release the memory and the locks; any later use of this end is an error."""
        seats.close_locks(self.locks)
        while self.views:
            self.views.pop().release()

    # --- the steps -----------------------------------------------------------------------------------------------

    def free(self) -> None:
        """Check that an operation may start. Raises ArgumentError inside a `with` block of claim or peek."""
        if self.in_place:
            raise ArgumentError(f"this {self.role} works in place already: leave that `with` block first.")

    def start(self, most: int, deadline: float | None) -> tuple[int, int]:
        """Wait for the turn and room or items; return (next number, how many may move), or (0, 0) after `deadline`."""
        if self.in_turn:
            self.turn[0] = INSIDE
            if WEAK:
                self.fence()  # order the turn before the mutex
            if not self.acquire(False) and not wait_for_turn(self, deadline):
                step_outside(self)
                return 0, 0
        index = self.mine[0]
        if index + most > self.bound:
            if not wait(self, index, deadline):
                self.leave()
                return 0, 0
            most = min(most, self.bound - index)
        return index, most

    def finish(self, counter: int) -> None:
        """Store `counter`, by which the items take effect, and end the turn."""
        if WEAK:
            self.fence()  # order the items before the counter
        self.mine[0] = counter
        if self.in_turn:
            self.release()  # also a fence: orders the counter before the check below
            if WEAK:
                self.fence()
            self.turn[0] = counter + 1
        elif FENCED:
            self.fence()  # order the counter before the check below
        if self.other_sleeps[0]:
            wake(self)

    def leave(self) -> None:
        """End the turn without moving any item."""
        if self.in_turn:
            self.release()
            if WEAK:
                self.fence()
            step_outside(self)

    def fence(self) -> None:
        """Order everything before this call before everything after it."""
        self.fence_release()
        self.fence_acquire(False)

    def abandon(self) -> None:
        """Leave after an exception that may have been raised at any point."""
        if self.in_turn:
            abandon(self)

    def runs(self, index: int, count: int) -> tuple[tuple[int, int], ...]:
        """Return the slots of items `index` to `index + count` as at most two contiguous runs (first slot, length)."""
        first = index % self.slots
        if first + count <= self.slots:
            return ((first, count),)
        return (first, self.slots - first), (0, first + count - self.slots)

    def place(self, slot: int, count: int) -> slice:
        """Return the slice of `count` slots from `slot` on."""
        start = self.base + slot * self.size
        return slice(start, start + count * self.size)

    # --- what can go wrong -------------------------------------------------------------------------------------

    def look_around(self) -> None:
        """Raise RingClosed if the ring no longer has an owner."""
        self.ring.look_around()

    def look_up(self) -> None:
        """Check the ring after waking a peer. Not for a consumer: it has its item and checks at its next wait."""

    def explain(self, error: BaseException, *item: object) -> None:
        """Raise the cause of an error in the protocol, if known: RingClosed or ItemRefused."""
        if not self.views:
            raise RingClosed(CLOSED_HERE) from None

    def late(self, timeout: float | None) -> RingTimeout:
        """Return the error for a wait that exceeded `timeout`. Raises RingClosed."""
        self.look_around()
        return RingTimeout(self.why_not(timeout))

    def why_not(self, timeout: float | None) -> str:
        """Return a message that says what did not arrive within `timeout`, and what to do."""
        raise NotImplementedError

    def in_slot(self, slot: int) -> memoryview:
        """Return a view of the slot itself, for claim or peek."""
        return self.data[self.place(slot, 1)]


class InPlace:
    """Access to an item in its slot for the duration of a `with` block; see Ring.claim and Ring.peek."""

    __slots__ = ("_end", "_index", "_timeout", "_view")

    def __init__(self, end: End, timeout: float | None) -> None:
        self._end, self._timeout = end, timeout

    def __enter__(self) -> memoryview:
        end = self._end
        end.free()
        deadline = self._timeout and monotonic() + self._timeout
        try:
            self._index, count = end.start(1, deadline)
            if count:
                end.in_place = True
                self._view = end.in_slot(self._index % end.slots)
                return self._view
        except BaseException as error:
            end.abandon()
            end.explain(error)
            raise
        raise end.late(self._timeout)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        end = self._end
        try:
            end.in_place = False
            if end.mine[0] != self._index:
                raise ArgumentError(f"inside the `with` block this {end.role} moved another item: one at a time.")
            if kind is None:
                end.finish(self._index + 1)
            else:
                end.leave()
        except BaseException:
            end.abandon()
            raise
        with contextlib.suppress(BufferError):  # an array still uses the view, and will see the slot's next item
            self._view.release()
