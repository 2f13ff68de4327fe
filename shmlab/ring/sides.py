"""Producer and consumer ends: single items (the protocol's functions), batches, or an item in its slot."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from time import monotonic
from types import MethodType

from shmlab.memory.errors import ArgumentError, ItemRefused
from shmlab.memory.fences import WEAK
from shmlab.ring import protocol
from shmlab.ring.ends import End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring.peer import OpenRing

Bytes = bytes | bytearray | memoryview
SMALL = 1024  # bytes: smaller items are joined and copied at once, larger ones one by one
CHUNK = 64  # items that are unpacked at once, each into an object of its own


class Producer(End):
    """The producer's end."""

    __slots__ = ("put",)
    role = "producer"
    put: Callable[..., None]

    def __init__(self, ring: "OpenRing") -> None:
        super().__init__(ring, range(ring.producers), "space", "put_mutex", "consumer", "items")
        self.mine, self.theirs, self.reach = self.in_, self.out, self.slots
        self.put = MethodType(protocol.put_in_turn if self.in_turn else protocol.put, self)

    def put_many(self, items: Bytes | Sequence[Bytes], timeout: float | None = None) -> int:
        """Put items in order, as many at a time as there are free slots; return how many went in."""
        if self.in_place:
            self.free()
        deadline = timeout and monotonic() + timeout
        data, count = self._whole(items)
        done = 0
        try:
            while done < count:
                index, room = self.start(count - done, deadline)
                if not room:
                    break
                first = index % self.slots
                if room == count and first + room <= self.slots and not isinstance(data, list):
                    start = self.base + first * self.size
                    self.memory[start : start + room * self.size] = data  # one contiguous copy
                else:
                    self._fill(data, done, index, room)
                done += room
                self.finish(index + room)
        except BaseException as error:
            self.abandon()
            self.explain(error)
            raise
        if count and not done:
            raise self.late(timeout)
        return done

    def _whole(self, items: Bytes | Sequence[Bytes]) -> tuple[Bytes | list[Bytes], int]:
        """Return the items as one buffer, or as a list if they are large, and their number. Raises ItemRefused."""
        if isinstance(items, (list, tuple)):
            count = len(items)
            try:
                if self.size > SMALL and all(memoryview(item).nbytes == self.size for item in items):
                    return list(items), count
                sizes, data = [*map(len, items)], b"".join(items)
            except TypeError as error:
                self.explain(error, *items)
                raise
            if sizes.count(self.size) != count or len(data) != count * self.size:  # an array counts its elements
                self.explain(ValueError(), *items)
            return data, count
        try:
            view = memoryview(items).cast("B")  # type: ignore[arg-type]
        except TypeError:
            raise ItemRefused(
                f"put_many takes a list of items or a contiguous buffer (bytes, memoryview, array), not {items!r:.60}."
            ) from None
        count, rest = divmod(view.nbytes, self.size)
        if rest:
            raise ItemRefused(f"a buffer of {view.nbytes:,} bytes is no whole number of items of {self.size:,} bytes.")
        return view, count

    def _fill(self, data: Bytes | list[Bytes], done: int, index: int, room: int) -> None:
        """Copy items `done` to `done + room` of `data` into the slots from item number `index` on."""
        if isinstance(data, list):
            for i in range(room):
                self.memory[self.places[(index + i) % self.slots]] = data[done + i]
            return
        view = memoryview(data)
        for slot, length in self.runs(index, room):
            self.memory[self.place(slot, length)] = view[done * self.size : (done + length) * self.size]
            done += length

    def look_up(self) -> None:
        if WEAK:
            self.fence()  # order the flag before the closed check: see Ring.close
        if self.ring.closed:
            self.other_sleeps[0] = 1  # so that the next producer checks, too
            self.look_around()

    def explain(self, error: BaseException, *items: object) -> None:
        super().explain(error)
        for item in items if isinstance(error, (IndexError, TypeError, ValueError)) else ():
            try:
                size = memoryview(item).nbytes  # type: ignore[arg-type]
            except TypeError:
                raise ItemRefused(f"an item is bytes, not {type(item).__name__}: {item!r:.60}.") from None
            if size != self.size:
                raise ItemRefused(f"an item of this ring has exactly {self.size:,} bytes, not {size:,}.") from None

    def why_not(self, timeout: float | None) -> str:
        return (
            f"no free slot in '{self.ring.name}' within {timeout:g} s: its {self.slots:,} slots are full, or another "
            "producer has its turn. Let consumers take items, or wait longer."
        )


class Consumer(End):
    """The consumer's end."""

    __slots__ = ("get",)
    role = "consumer"
    get: Callable[..., bytes]

    def __init__(self, ring: "OpenRing") -> None:
        rows = range(ring.producers, ring.producers + ring.consumers)
        super().__init__(ring, rows, "items", "get_mutex", "producer", "space")
        self.mine, self.theirs, self.reach = self.out, self.in_, 0
        self.get = MethodType(protocol.get_in_turn if self.in_turn else protocol.get, self)

    def get_many(self, most: int, timeout: float | None = None) -> list[bytes]:
        """Take the available items, at least one and at most `most`."""
        if most < 1:
            raise ArgumentError(f"most must be at least 1, not {most!r}.")
        if self.in_place:
            self.free()
        items: list[bytes] = []
        try:
            index, count = self.start(most, timeout and monotonic() + timeout)
            done = 0
            while done < count:
                slot = (index + done) % self.slots
                length = min(count - done, self.slots - slot, CHUNK)
                items += _items(self.size, length).unpack_from(self.memory, self.base + slot * self.size)
                done += length
            if count:
                self.finish(index + count)
        except BaseException as error:
            self.abandon()
            self.explain(error)
            raise
        if not count:
            raise self.late(timeout)
        return items

    def get_into(self, buffer: Bytes, timeout: float | None = None) -> int:
        """Take the available items, at least one, into `buffer`, as many as fit; return how many."""
        try:
            view = memoryview(buffer).cast("B")
        except TypeError:
            raise ArgumentError(f"get_into takes a writable contiguous buffer, not {buffer!r:.60}.") from None
        if view.readonly or view.nbytes < self.size:
            raise ArgumentError(f"get_into needs a writable buffer of at least one item, {self.size:,} bytes.")
        if self.in_place:
            self.free()
        try:
            index, count = self.start(view.nbytes // self.size, timeout and monotonic() + timeout)
            if count:
                done = 0
                for slot, length in self.runs(index, count):
                    end = done + length * self.size
                    view[done:end] = self.data[self.place(slot, length)]
                    done = end
                self.finish(index + count)
        except BaseException as error:
            self.abandon()
            self.explain(error)
            raise
        if not count:
            raise self.late(timeout)
        return count

    def in_slot(self, slot: int) -> memoryview:
        return super().in_slot(slot).toreadonly()

    def why_not(self, timeout: float | None) -> str:
        return (
            f"no item in '{self.ring.name}' within {timeout:g} s: it is empty, or another consumer has its turn. "
            "Let producers put items, or wait longer."
        )


@cache
def _items(size: int, count: int) -> struct.Struct:
    """Return the Struct that unpacks `count` bytes objects of `size` bytes each."""
    return struct.Struct(f"{size}s" * count)
