"""`Ring`: create a ring or attach to one, put and get items, close it."""

import atexit
import fcntl
import os
import weakref
from collections.abc import Sequence
from types import TracebackType

from shmlab.memory import layout as at, limits, name_claim, segment as segments, semaphores
from shmlab.memory.errors import NoRoom, RingClosed, SegmentRefused
from shmlab.ring import ring_layout
from shmlab.ring.ends import CLOSED_HERE, InPlace
from shmlab.ring.sides import Bytes, Consumer, Producer

SLOTS = (2, 1 << 20)
ITEM = (1, at.RING_ITEM)  # bytes
SEATS = (1, 64)  # producers, or consumers
ROLES = ("producer", "consumer")


class Ring:
    """A ring as seen by one process. Made by `create` or `attach`; closed by `close` or at the end of a `with`.

    An item is exactly `item` bytes; items come out in FIFO order. Each of the `producers` and `consumers` seats belongs
    to at most one process, for as long as that lives or until it closes the ring. With one producer (consumer), that
    side needs no mutex. Each method below that waits takes `timeout`, in seconds: 0 does not wait, None waits for ever;
    when it expires, the method raises RingTimeout. On a ring without an owner it raises RingClosed instead of waiting.

    Each process, including a forked child, must attach for itself; only one thread at a time may use an end.

    `segment` is the mapped segment; `owned` is given only in the process that created it. Raises SegmentRefused for the
    segment of a lab.
    """

    def __init__(self, segment: segments.Segment, owned: segments.SegmentFile | None = None) -> None:
        layout = segment.layout
        expected = ring_layout.VARIABLES, ring_layout.SEMAPHORES
        if not layout.producers or (layout.variables, layout.semaphores) != expected:
            segment.close()
            raise SegmentRefused(
                f"'{segment.name}' is no ring but a lab that runs '{layout.strategy}': look at it with "
                "shmlab.Observer(name), or create a ring with shmlab.Ring.create()."
            )
        self.segment, self._owned = segment, owned
        self.name, self.slots, self.item = segment.name, layout.capacity, layout.payload
        self.producers, self.consumers = layout.producers, layout.rows - layout.producers
        self._producer: Producer | None = None
        self._consumer: Consumer | None = None
        self._open = True
        _of_this_process.add(self)

    @classmethod
    def create(cls, slots: int = 1024, item: int = 64, producers: int = 1, consumers: int = 1) -> "Ring":
        """Create a ring that this process owns: it is removed when this process closes it or ends.

        slots: capacity in items, 2 to 1,048,576. item: bytes per item, 1 to 268,435,456. producers, consumers:
        how many processes may attach in that role, 1 to 64. Raises ArgumentError, NoRoom.
        """
        slots, item = limits.whole(slots, "slots", *SLOTS), limits.whole(item, "item", *ITEM)
        producers = limits.whole(producers, "producers", *SEATS)
        consumers = limits.whole(consumers, "consumers", *SEATS)
        segments.sweep()
        fences = {f"fence{row}": 0 for row in range(producers + consumers)}
        file = segments.create(
            ring_layout.layout(slots, item, producers, consumers),
            lambda file: semaphores.create_all(file.name, ring_layout.SEMAPHORES | fences),
        )
        try:
            ring = cls(segments.attach(file.name), file)
        except BaseException as error:
            segments.unlink(file.name)
            file.close()
            if isinstance(error, OSError):
                raise NoRoom(error.errno, f"cannot open the new ring: {error.strerror}.") from error
            raise
        atexit.register(ring.close)
        return ring

    @classmethod
    def attach(cls, name: str, role: str | None = None) -> "Ring":
        """Attach to the ring called `name`. With a `role`, "producer" or "consumer", also take such a seat at once.

        Raises ArgumentError, SegmentNotFound, SegmentRefused, RingTaken.
        """
        if role is not None:
            limits.choice(role, "role", ROLES)
        ring = cls(segments.attach(name))
        try:
            if role == "producer":
                ring._as_producer()
            elif role == "consumer":
                ring._as_consumer()
        except BaseException:
            ring.close()
            raise
        return ring

    # --- one item ----------------------------------------------------------------------------------------------

    def put(self, item: Bytes, timeout: float | None = None) -> None:
        """Wait for a free slot and put one item. Raises ItemRefused, RingTimeout, RingClosed."""
        self._as_producer().put(item, timeout)

    def get(self, timeout: float | None = None) -> bytes:
        """Wait for an item and take the oldest. Raises RingTimeout, RingClosed.

        An item that a consumer has taken is lost if that consumer dies. With `peek`, the item stays in the ring.
        """
        return self._as_consumer().get(timeout)

    # --- many items --------------------------------------------------------------------------------------------

    def put_many(self, items: Bytes | Sequence[Bytes], timeout: float | None = None) -> int:
        """Put a list of items, or a contiguous buffer of whole items; wait until all are in; return how many went in.

        Raises ItemRefused, RingClosed; RingTimeout only if no item went in.
        """
        return self._as_producer().put_many(items, timeout)

    def get_many(self, most: int, timeout: float | None = None) -> list[bytes]:
        """Take the available items, at least one and at most `most`. Raises RingTimeout, RingClosed."""
        return self._as_consumer().get_many(most, timeout)

    def get_into(self, buffer: Bytes, timeout: float | None = None) -> int:
        """Take the available items, at least one, into a writable contiguous buffer; return how many.

        Raises ArgumentError, RingTimeout, RingClosed.
        """
        return self._as_consumer().get_into(buffer, timeout)

    # --- an item in its slot -----------------------------------------------------------------------------------

    def claim(self, timeout: float | None = None) -> InPlace:
        """`with ring.claim() as slot:` gives the next slot itself, to write the item into; the item is put when the
        block ends, unless the block raises. Other producers wait meanwhile. Do not keep the slot.
        """
        return InPlace(self._as_producer(), timeout)

    def peek(self, timeout: float | None = None) -> InPlace:
        """`with ring.peek() as item:` gives the oldest item in its slot, to read; it is taken when the block ends,
        but stays if the block raises or the process dies. Other consumers wait meanwhile. Do not keep the item.
        """
        return InPlace(self._as_consumer(), timeout)

    # --- life --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return how many items are in the ring now. Raises RingClosed."""
        self._check()
        out, in_ = self.word("out")[0], self.word("in_")[0]  # in this order, so that in_ >= out
        return min(self.slots, in_ - out)

    def __bool__(self) -> bool:
        return True  # even when empty

    @property
    def closed(self) -> bool:
        """Whether the ring was closed, here or by its owner."""
        return not self._open or self.segment.words[at.STATE // at.WORD] == at.STOPPED

    def close(self) -> None:
        """Release the seats and the memory. Closing it in the owner closes and unlinks the ring for every process.

        Attached processes can still take the items that are left. Idempotent.
        """
        if not self._open:
            return
        for end in (self._producer, self._consumer):
            if end:
                end.stand_up()
        if self._owned:
            self.segment.words[at.STATE // at.WORD] = at.STOPPED
            segments.unlink(self.name)
            # This flag makes the next producer that puts check the ring and find it closed; a sleeping one checks after
            # its nap. The system calls of unlink acquire and release locks, which orders the state before this flag.
            self.word("consumer_sleeps")[0] = 1
            atexit.unregister(self.close)
        self.forget()

    def forget(self) -> None:
        """Release only the memory and descriptors: all that a forked child has to do."""
        self._open = False
        for end in (self._producer, self._consumer):
            if end:
                end.forget()
        for method in ("put", "put_many", "get", "get_many", "get_into"):
            vars(self).pop(method, None)
        self.segment.close()
        if self._owned:
            self._owned.close()

    def __enter__(self) -> "Ring":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{len(self):,} of {self.slots:,} slots full"
        return f"<ring '{self.name}': {state}, items of {self.item:,} bytes>"

    # --- inside ------------------------------------------------------------------------------------------------

    def word(self, name: str) -> memoryview:
        """Return the shared variable called `name`: `ring.word("in_")[0]`. Only the protocol may write it."""
        at_byte = ring_layout.offset(name)
        return self.segment.data[at_byte : at_byte + at.WORD].cast("Q")

    def look_around(self) -> None:
        """Raise RingClosed if the ring no longer has an owner; if the owner died, unlink it first."""
        if self._open and not self.closed and not self._owned and self._orphaned():
            segments.unlink(self.name)
            self.segment.words[at.STATE // at.WORD] = at.STOPPED
        if self.closed:
            raise RingClosed(f"the ring '{self.name}' was closed, or its owner has ended: nobody waits here any more.")

    def _orphaned(self) -> bool:
        """Return whether the owner's lock is free, that is, the owner is dead."""
        try:
            fd = os.open(f"/proc/self/fd/{self.segment.fd}", os.O_RDONLY | os.O_CLOEXEC)  # works even after unlink
        except OSError:
            # without /proc, rely on the name, which is unlinked only if the owner is dead
            return not name_claim.ours(f"{segments.DIRECTORY}/{self.name}") or segments.owner_is_dead(self.name)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False
        finally:
            os.close(fd)

    def _check(self) -> None:
        if not self._open:
            raise RingClosed(CLOSED_HERE)

    def _as_producer(self) -> Producer:
        self._check()
        if not self._producer:
            self._producer = end = Producer(self)
            vars(self).update(put=end.put, put_many=end.put_many)  # later calls skip this method
        return self._producer

    def _as_consumer(self) -> Consumer:
        self._check()
        if not self._consumer:
            self._consumer = end = Consumer(self)
            vars(self).update(get=end.get, get_many=end.get_many, get_into=end.get_into)
        return self._consumer


_of_this_process: "weakref.WeakSet[Ring]" = weakref.WeakSet()


def _forget_all() -> None:
    """Drop the parent's seats in a forked child: they must not outlive the parent."""
    for ring in list(_of_this_process):
        if ring._open:
            ring.forget()


os.register_at_fork(after_in_child=_forget_all)
