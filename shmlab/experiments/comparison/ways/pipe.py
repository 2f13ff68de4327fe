"""A pipe: bytes go into the kernel with `write` and come out, in the same order, with `read`.

A write of up to 4,096 bytes (PIPE_BUF) is atomic, so several processes may share the two ends. Above
that, only one writer and one reader can tell where an item begins.
Source: POSIX.1-2017, write(); Linux man-pages, pipe(7).
"""

import contextlib
import fcntl
import os
import select
from functools import partial

from shmlab.experiments.comparison.way import Receive, Send, Way


class This(Way):
    title = "os.pipe"
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.out, self.in_ = os.pipe()
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(self.in_, fcntl.F_SETPIPE_SZ, 1 << 20)  # the unprivileged maximum: fewer waits

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if size > select.PIPE_BUF and producers + consumers > 2:
            return f"only up to {select.PIPE_BUF:,} bytes does a pipe keep the items of several writers apart"
        return ""

    def sender(self, number: int) -> Send:
        if self.size <= select.PIPE_BUF:
            return partial(os.write, self.in_)
        return partial(write_all, self.in_)

    def receiver(self, number: int) -> Receive:
        if self.size <= select.PIPE_BUF:
            return partial(os.read, self.out, self.size)  # writes are atomic, so a read never gets part of an item
        return partial(read_all, self.out, self.size)

    def close(self) -> None:
        os.close(self.out)
        os.close(self.in_)


def write_all(fd: int, item: bytes) -> None:
    """Write the whole item; one `write` may take less."""
    rest = memoryview(item)
    while rest:
        rest = rest[os.write(fd, rest) :]


def read_all(fd: int, size: int) -> bytearray:
    """Return exactly `size` bytes; one `read` may return fewer."""
    item = bytearray(size)
    rest = memoryview(item)
    while rest:
        rest = rest[os.readv(fd, [rest]) :]
    return item
