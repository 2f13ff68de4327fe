"""Producer and consumer: one item at a time (the protocol's functions), many, or one in its slot."""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from time import monotonic
from types import MethodType

from shmlab.errors import ArgumentError, ItemRefused
from shmlab.ring import protocol
from shmlab.ring.ends import End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring import Ring

Bytes = bytes | bytearray | memoryview
CHUNK = 64  # items that are taken out of memory at once, each as an object of its own
SMALL = 4096  # bytes of an item: smaller ones are joined first, which takes one copy more and one slice less


class Producer(End):
    """The end that puts."""

    __slots__ = ("put",)
    role = "producer"
    put: Callable[..., None]

    def __init__(self, ring: "Ring") -> None:
        super().__init__(ring, range(ring.producers), "space", "put_mutex", "consumer", "items")
        self.mine, self.theirs, self.reach = self.in_, self.out, self.slots
        self.put = MethodType(protocol.put_in_turn if self.in_turn else protocol.put, self)

    def put_many(self, items: Bytes | Sequence[Bytes], timeout: float | None = None) -> int:
        """Put items in order, as many at a time as there are free slots; how many went in."""
        self.free()
        deadline = timeout and monotonic() + timeout
        fill, count = self._source(items)
        done = room = 0
        try:
            while done < count and self.enter(deadline):
                index = self.in_[0]
                room = self.up_to(index, count - done, deadline)
                if room:
                    for slot, length in self.runs(index, room):
                        fill(slot, done, length)
                        done += length
                    self.move(index + room)
                self.leave()
                if not room:
                    break
        except BaseException as error:
            self.abandon()
            self.explain(error)
            raise
        if count and not done:
            raise self.late(timeout)
        return done

    def _source(self, items: Bytes | Sequence[Bytes]) -> tuple[Callable[[int, int, int], None], int]:
        """What fills `length` slots from `slot` on with items from number `first` on, and how many items there are."""
        if isinstance(items, (list, tuple)):
            try:
                if not {self.size}.issuperset(map(len, items)):
                    self.explain(ValueError(), *items)
                if self.size > SMALL:
                    return self._from_list(items), len(items)
                joined = b"".join(items)
            except TypeError as error:
                self.explain(error, *items)
                raise
            if len(joined) != len(items) * self.size:  # an array counts its elements, not its bytes
                self.explain(ValueError(), *items)
            items = joined
        try:
            data = memoryview(items).cast("B")  # type: ignore[arg-type]
        except TypeError:
            raise ItemRefused(
                f"put_many takes a list of items or a contiguous buffer (bytes, memoryview, array), not {items!r:.60}."
            ) from None
        count, rest = divmod(data.nbytes, self.size)
        if rest:
            raise ItemRefused(
                f"a buffer of {data.nbytes:,} bytes is no whole number of items of {self.size:,} bytes."
            )
        return self._from_buffer(data), count

    def _from_buffer(self, data: memoryview) -> Callable[[int, int, int], None]:
        def fill(slot: int, first: int, length: int) -> None:
            self.data[self.place(slot, length)] = data[first * self.size : (first + length) * self.size]

        return fill

    def _from_list(self, items: Sequence[Bytes]) -> Callable[[int, int, int], None]:
        def fill(slot: int, first: int, length: int) -> None:
            for i in range(length):
                self.memory[self.places[slot + i]] = items[first + i]

        return fill

    def look_up(self) -> None:
        if self.ring.closed:
            self.other_sleeps[0] = 1  # the next producer is to find out, too
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
    """The end that takes."""

    __slots__ = ("get",)
    role = "consumer"
    get: Callable[..., bytes]

    def __init__(self, ring: "Ring") -> None:
        rows = range(ring.producers, ring.producers + ring.consumers)
        super().__init__(ring, rows, "items", "get_mutex", "producer", "space")
        self.mine, self.theirs, self.reach = self.out, self.in_, 0
        self.get = MethodType(protocol.get_in_turn if self.in_turn else protocol.get, self)

    def get_many(self, most: int, timeout: float | None = None) -> list[bytes]:
        """Take what is there, at least one and at most `most` items."""
        if most < 1:
            raise ArgumentError(f"most must be at least 1, not {most!r}.")
        items: list[bytes] = []

        def take(slot: int, length: int) -> None:
            start = self.base + slot * self.size
            for first in range(0, length, CHUNK):
                chunk = _items(self.size, min(CHUNK, length - first))
                items.extend(chunk.unpack_from(self.memory, start + first * self.size))

        self._take(take, most, timeout)
        return items

    def get_into(self, buffer: Bytes, timeout: float | None = None) -> int:
        """Take what is there into a buffer, at least one item and as many as it has room for; how many."""
        try:
            data = memoryview(buffer).cast("B")
        except TypeError:
            raise ArgumentError(f"get_into takes a writable contiguous buffer, not {buffer!r:.60}.") from None
        if data.readonly or data.nbytes < self.size:
            raise ArgumentError(f"get_into needs a writable buffer of at least one item, {self.size:,} bytes.")
        done = 0

        def take(slot: int, length: int) -> None:
            nonlocal done
            data[done * self.size : (done + length) * self.size] = self.data[self.place(slot, length)]
            done += length

        self._take(take, data.nbytes // self.size, timeout)
        return done

    def _take(self, take: Callable[[int, int], None], most: int, timeout: float | None) -> None:
        self.free()
        deadline = timeout and monotonic() + timeout
        count = 0
        try:
            if self.enter(deadline):
                index = self.out[0]
                count = self.up_to(index, most, deadline)
                if count:
                    for slot, length in self.runs(index, count):
                        take(slot, length)
                    self.move(index + count)
                self.leave()
        except BaseException as error:
            self.abandon()
            self.explain(error)
            raise
        if not count:
            raise self.late(timeout)

    def in_slot(self, slot: int) -> memoryview:
        return super().in_slot(slot).toreadonly()

    def why_not(self, timeout: float | None) -> str:
        return (
            f"no item in '{self.ring.name}' within {timeout:g} s: it is empty, or another consumer has its turn. "
            "Let producers put items, or wait longer."
        )


@cache
def _items(size: int, count: int) -> struct.Struct:
    """What makes `count` bytes objects of `size` bytes each."""
    return struct.Struct(f"{size}s" * count)
