"""A file: the producer appends, the consumer reads on and polls when there is nothing new.

A file offers no way to wait for data, and reading removes nothing, so it grows. It has no name, so it disappears with
the processes.
"""

import os
import tempfile
from functools import partial

from shmlab.experiments.comparison.way import Receive, Send, Way

WHOLE = 4096  # bytes of an append that is seen as a whole or not at all


class This(Way):
    title = "file"
    copies_on_send = True
    most_bytes = 64 << 20  # the file grows

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        descriptor, path = tempfile.mkstemp(prefix="shmlab-")
        try:
            self.in_ = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        finally:
            os.unlink(path)
        self.out = descriptor

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if producers + consumers > 2:
            return "without a lock two readers of a file cannot agree who takes what"
        return ""

    def sender(self, number: int) -> Send:
        return partial(os.write, self.in_) if self.size <= WHOLE else partial(_append, self.in_)

    def receiver(self, number: int) -> Receive:
        return partial(_next, self.out, self.size)

    def close(self) -> None:
        os.close(self.in_)
        os.close(self.out)


def _append(fd: int, item: bytes) -> None:
    rest = memoryview(item)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _next(fd: int, size: int) -> bytes:
    item = os.read(fd, size)
    while len(item) < size:  # end of file for now
        if not (more := os.read(fd, size - len(item))):
            os.sched_yield()
        item += more
    return item
