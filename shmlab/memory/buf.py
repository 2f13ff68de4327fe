"""The object a protocol text operates on: `buf`, whose attributes live in the shared segment.

`buf.in_`, `buf.count`, ... are shared variables, `buf.slots[i]` a slot, `buf.mutex` a semaphore,
`buf.capacity` a constant. Each load, store and semaphore operation is one step. `bind` builds
`buf` for a real process: each access goes straight to mapped memory. With `before`, a function
called ahead of every step, the caller controls the pace: slow motion, or a person stepping by hand.

The shared variables have no fences of their own on any machine: the protocol must ensure the order it needs.
What the slots record for the observer is stored in order everywhere (`fences.in_order`).
"""

import time
from collections.abc import Callable, Mapping

from shmlab.memory import item as items, layout as at
from shmlab.memory.fences import in_order
from shmlab.memory.segment import Segment
from shmlab.memory.semaphore_rules import LabSemaphore
from shmlab.memory.semaphores import WorkerSemaphore

Before = Callable[[str, str], None]  # the kind of step ("load", "store", "acquire", "release") and of what


class Buf:
    """The base class of every `buf`."""

    __slots__ = ()


class BufSlots:
    """`buf.slots`: storing puts an item into a slot, loading copies it out and empties the slot.

    The slot's state shows what is happening to it, and this worker's row records which slot it is accessing
    and which item it has dequeued, so that anyone can see both, even after the worker has died.
    """

    __slots__ = ("_before", "_length", "_mine", "_ordered", "_segment")

    def __init__(self, segment: Segment, row: int, before: Before | None = None) -> None:
        self._segment, self._mine, self._before = segment, at.row(row) // at.WORD, before
        self._length, self._ordered = segment.layout.payload, in_order(segment)

    def __len__(self) -> int:
        return self._segment.capacity

    def __setitem__(self, index: int, item: items.Item | None) -> None:
        slot = self._slot(index)
        words = self._ordered.words
        if item is None:  # the student's code clears the slot
            words[slot] = at.EMPTY
            return
        if type(item) is not items.Item:
            raise TypeError(f"a slot holds the item that put received (or None), not {item!r}")
        words[self._mine + at.SLOT] = index
        was = words[slot]
        words[slot] = at.FILLING
        if self._before:
            self._before("store", f"slots[{index}]")
        words[slot + at.SLOT_TICKET] = item.ticket
        words[slot + at.SLOT_TIME] = item.time
        words[slot + at.SLOT_CHECKSUM] = item.checksum
        words[slot + at.SLOT_LENGTH] = self._length
        start = slot * at.WORD + at.SLOT_PAYLOAD
        self._segment.data[start : start + self._length] = item.payload
        if was == at.FULL or was == at.OVERWRITTEN:
            words[self._mine + at.OVERWRITTEN_ITEMS] += 1
            words[slot] = at.OVERWRITTEN
        else:
            words[slot] = at.FULL

    def __getitem__(self, index: int) -> items.Item:
        slot = self._slot(index)
        words, mine = self._ordered.words, self._mine
        if words[slot] == at.EMPTY:
            words[mine + at.EMPTY_READS] += 1
        words[mine + at.SLOT] = index
        words[slot] = at.DRAINING
        if self._before:
            self._before("load", f"slots[{index}]")
        ticket = words[slot + at.SLOT_TICKET]
        words[mine + at.HAND] = ticket  # before the slot is empty: a snapshot sees the item here or there
        start = slot * at.WORD + at.SLOT_PAYLOAD
        payload = bytes(self._segment.data[start : start + self._length])
        item = items.Item(ticket, payload, words[slot + at.SLOT_TIME], words[slot + at.SLOT_CHECKSUM])
        words[slot] = at.EMPTY
        return item

    def _slot(self, index: int) -> int:
        segment = self._segment
        if not 0 <= index < segment.capacity:
            raise IndexError(f"there is no slot {index}: the buffer has slots 0 to {segment.capacity - 1}")
        return (segment.layout.slots_at + index * segment.layout.stride) // at.WORD


class EndlessSlots(BufSlots):
    """The slots of an unbounded buffer: any index >= 0. Storing past the end of its memory makes it grow.

    Item i is in slot i modulo capacity. When the capacity doubles, the items whose slot is now in the
    new half move there. Both producers and consumers must hold the buffer's mutex, as its protocol does.
    """

    __slots__ = ("_out",)

    def __init__(self, segment: Segment, row: int, before: Before | None = None) -> None:
        super().__init__(segment, row, before)
        self._out = at.variable(segment.layout.variables.index("out")) // at.WORD

    def _slot(self, index: int) -> int:
        segment = self._segment
        capacity = segment.words[at.CAPACITY // at.WORD]
        if capacity != segment.capacity:  # another producer has grown it
            segment.map()
        if index >= segment.signed[self._out] + segment.capacity:
            self._double()
        return (segment.layout.slots_at + index % segment.capacity * segment.layout.stride) // at.WORD

    def _double(self) -> None:
        segment, stride = self._segment, self._segment.layout.stride
        old = segment.capacity
        segment.grow()
        out = segment.signed[self._out]
        for i in range(out, out + old):
            here, there = segment.layout.slot(i % old), segment.layout.slot(i % segment.capacity)
            if here != there:
                segment.data[there : there + stride] = segment.data[here : here + stride]
                self._ordered.words[here // at.WORD] = at.EMPTY


def bind(
    segment: Segment, row: int, before: Before | None = None, conditions: Mapping[str, str] | None = None
) -> Buf:
    """Return `buf` for worker `row` of this segment; `before` is called ahead of every step.

    `conditions` maps each condition variable to the name of its lock.
    """
    layout = segment.layout
    body: dict[str, object] = {"__slots__": (), "capacity": property(lambda _: segment.capacity)}
    for i, name in enumerate(layout.variables):
        body[name] = _variable(segment.signed, at.variable(i) // at.WORD, name, before)
    for name in layout.semaphores:
        semaphore = WorkerSemaphore(segment, row, name)
        body[name] = semaphore if before is None else _Gated(semaphore, before)
    body["slots"] = (EndlessSlots if layout.unbounded else BufSlots)(segment, row, before)
    if conditions:
        from shmlab.memory.condition_variable import (
            LabCondition,  # imported here: few protocols have any, and a worker starts faster without
        )

        body |= {name: LabCondition(name, lock, body) for name, lock in conditions.items()}
    kind: type[Buf] = type(Buf.__name__, (Buf,), body)
    return kind()


def _variable(words: memoryview, index: int, name: str, before: Before | None) -> property:
    def load(_: Buf) -> int:
        return words[index]

    def store(_: Buf, value: int) -> None:
        words[index] = value

    if before is None:
        return property(load, store)

    def slow_load(_: Buf) -> int:
        before("load", name)
        return words[index]

    def slow_store(_: Buf, value: int) -> None:
        before("store", name)
        words[index] = value

    return property(slow_load, slow_store)


class _Gated(LabSemaphore):
    """A semaphore that calls `before` ahead of every operation."""

    def __init__(self, semaphore: WorkerSemaphore, before: Before) -> None:
        self._semaphore, self._before, self.name = semaphore, before, semaphore.name

    def acquire(self, blocking: bool = True, timeout: float | None = None, block: bool = True) -> bool:
        self._before("acquire", self._semaphore.name)
        return self._semaphore.acquire(blocking, timeout, block=block)

    def release(self, n: int = 1) -> None:
        self._before("release", self._semaphore.name)
        self._semaphore.release(n)

    @property
    def value(self) -> int:
        self._before("load", self._semaphore.name)
        return self._semaphore.value

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    wait = P = down = acquire
    signal = V = up = release


def slow(seconds: float) -> Before:
    """Return a `before` for slow motion: it sleeps for 0.5 to 1.5 times `seconds` before every step.

    Without this jitter, two processes with the same loop would run in lockstep, and interleavings that
    are common under a real scheduler would never occur.
    """
    import random  # imported here: a worker at full speed does not need it

    def wait(_kind: str, _name: str) -> None:
        time.sleep(seconds * (0.5 + random.random()))

    return wait
