"""One way of moving items from producers to consumers, and what each way declares about itself.

A way is opened once, by the program that measures, before the processes begin: a forked process inherits everything
that is open, so hardly anything needs a name. What does is in a scratch folder, removed with its owner. Each process
then opens its own end of the way.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

Send = Callable[[Any], object]  # an item: bytes, or any object with the buffer protocol
Receive = Callable[[], Any]
Fill = Callable[[memoryview, int], object]  # write item number k into this memory
View = Callable[[Any], object]  # look at an item

SMALL_SLOTS = 1024  # how many small items a buffer of fixed slots holds,
ROOM = 4 << 20  # and its maximum bytes, but never less than two slots: it fits into a cache


def slots(size: int) -> int:
    """Return how many slots a buffer gets: the same for every way that has slots."""
    return max(2, min(SMALL_SLOTS, ROOM // size))


def item(size: int) -> bytes:
    """Return the item that every way sends: `size` bytes that count from 0 to 255 repeatedly."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class Way:
    """A way of communicating, opened for items of `size` bytes between so many processes.

    A file in `ways/` has one class `This`, which opens in `__init__` and defines how the ends send and receive.
    """

    title = ""  # its usual name
    package = ""  # the PyPI package to install, and
    module = ""  # the name under which it is imported
    shared_memory = False
    trips = True  # whether a round trip is meaningful; not for items sent in batches
    most_bytes = 1 << 40  # that may be sent in one run
    copies_on_send = False  # whether send copies the item, so that the sender may overwrite its memory at once

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        self.size, self.producers, self.consumers = size, producers, consumers

    @classmethod
    def missing(cls) -> str:
        """Return what is not installed, as a sentence; empty if nothing is missing."""
        if cls.module and importlib.util.find_spec(cls.module) is None:
            return f"{cls.package} is not installed: pip install {cls.package}"
        return ""

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        """Return why this way cannot carry such items between so many processes; empty if it can."""
        return ""

    def sender(self, number: int) -> Send:
        """Return the sending end of producer `number`: a function that takes an item."""
        raise NotImplementedError

    def receiver(self, number: int) -> Receive:
        """Return the receiving end of consumer `number`: a function that returns the next item."""
        raise NotImplementedError

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        """Return the loop of producer `number`: send this item so many times."""
        send = self.sender(number)

        def produce(count: int) -> None:
            for _ in range(count):
                send(item)

        return produce

    def consumer(self, number: int) -> Callable[[int], bytes]:
        """Return the loop of consumer `number`: take so many items and return the last one."""
        receive = self.receiver(number)

        def consume(count: int) -> bytes:
            last = b""
            for _ in range(count):
                last = receive()
            return last

        return consume

    def filler(self, number: int, fill: Fill) -> Callable[[int], object]:
        """Return the loop of producer `number`: `fill` writes each item into the producer's memory, then it is sent."""
        send, copies = self.sender(number), self.copies_on_send
        frame = memoryview(bytearray(self.size))

        def produce(count: int) -> None:
            for k in range(count):
                fill(frame, k)
                send(frame if copies else bytes(frame))

        return produce

    def viewer(self, number: int, view: View) -> Callable[[int], object]:
        """Return the loop of consumer `number` that looks at each item."""
        receive = self.receiver(number)

        def consume(count: int) -> None:
            for _ in range(count):
                view(receive())

        return consume

    def close(self) -> None:
        """Release what was opened."""


class InPlaceWay(Way):
    """A way whose items are written and read in place: a subclass defines `filler` and `viewer`."""

    shared_memory = True

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        def copy(memory: memoryview, _k: int) -> None:
            memory[:] = item

        return self.filler(number, copy)

    def consumer(self, number: int) -> Callable[[int], bytes]:
        first = bytearray(1)

        def touch(memory: memoryview) -> None:
            first[0] = memory[0]  # the other bytes are never copied: that is the point

        consume = self.viewer(number, touch)

        def run(count: int) -> bytes:
            consume(count)
            return bytes(first)

        return run
