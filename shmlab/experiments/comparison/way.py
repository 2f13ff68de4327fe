"""One way of bringing items from producers to consumers, and what each has to tell about itself.

A way is opened once, by the program that measures, before the processes begin: a forked process inherits all that is
open, so hardly anything needs a name. What does, lies in a scratch folder, which goes with its owner. Each process then
takes its own end of the way.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

Send = Callable[[Any], object]  # an item: bytes, or whatever shows its bytes
Receive = Callable[[], Any]
Fill = Callable[[memoryview, int], object]  # write item number k into this memory
View = Callable[[Any], object]  # look at an item

SMALL_SLOTS = 1024  # how many small items a buffer of fixed slots holds,
ROOM = 4 << 20  # and how many bytes at most it takes, but never less than two slots: a cache holds it


def slots(size: int) -> int:
    """How many slots a buffer gets: the same for every way that has slots."""
    return max(2, min(SMALL_SLOTS, ROOM // size))


def item(size: int) -> bytes:
    """The item that everyone sends: `size` bytes that count from 0 to 255 again and again."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class Way:
    """A way of communicating, opened for items of `size` bytes between so many processes.

    A file in `ways/` has one class `This`, which opens in `__init__` and says how one end sends and the other receives.
    """

    title = ""  # as people call it
    package = ""  # what has to be installed from PyPI, and
    module = ""  # under which name it is imported
    shared_memory = False
    trips = True  # whether a round trip says something; not where items go in bundles
    most_bytes = 1 << 40  # that may be sent in one go
    copies_on_send = False  # whether send keeps a copy, so that the sender may at once write into its memory again

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        self.size, self.producers, self.consumers = size, producers, consumers

    @classmethod
    def missing(cls) -> str:
        """What is not installed, as a sentence; empty when nothing is missing."""
        if cls.module and importlib.util.find_spec(cls.module) is None:
            return f"{cls.package} is not installed: pip install {cls.package}"
        return ""

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        """Why this way cannot carry such items between so many processes; empty when it can."""
        return ""

    def sender(self, number: int) -> Send:
        """The sending end of producer `number`: a function of one item."""
        raise NotImplementedError

    def receiver(self, number: int) -> Receive:
        """The receiving end of consumer `number`: a function that gives the next item."""
        raise NotImplementedError

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        """What producer `number` does: send this item so many times."""
        send = self.sender(number)

        def produce(count: int) -> None:
            for _ in range(count):
                send(item)

        return produce

    def consumer(self, number: int) -> Callable[[int], bytes]:
        """What consumer `number` does: take so many items; gives the last one."""
        receive = self.receiver(number)

        def consume(count: int) -> bytes:
            last = b""
            for _ in range(count):
                last = receive()
            return last

        return consume

    def filler(self, number: int, fill: Fill) -> Callable[[int], object]:
        """Producer `number` when each item is new: `fill` writes it into memory of the producer, which is then sent."""
        send, copies = self.sender(number), self.copies_on_send
        frame = memoryview(bytearray(self.size))

        def produce(count: int) -> None:
            for k in range(count):
                fill(frame, k)
                send(frame if copies else bytes(frame))

        return produce

    def viewer(self, number: int, view: View) -> Callable[[int], object]:
        """Consumer `number` when each item is looked at."""
        receive = self.receiver(number)

        def consume(count: int) -> None:
            for _ in range(count):
                view(receive())

        return consume

    def close(self) -> None:
        """Give back what was opened."""


class InPlaceWay(Way):
    """A way whose items are written and read where they lie: a subclass has `filler` and `viewer`."""

    shared_memory = True

    def producer(self, number: int, item: bytes) -> Callable[[int], object]:
        def copy(memory: memoryview, _k: int) -> None:
            memory[:] = item

        return self.filler(number, copy)

    def consumer(self, number: int) -> Callable[[int], bytes]:
        first = bytearray(1)

        def touch(memory: memoryview) -> None:
            first[0] = memory[0]  # the others stay where they are: that is the point

        consume = self.viewer(number, touch)

        def run(count: int) -> bytes:
            consume(count)
            return bytes(first)

        return run
