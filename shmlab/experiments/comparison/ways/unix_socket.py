"""A pair of Unix sockets: SOCK_SEQPACKET, which keeps items apart, up to 64 KiB, above that a byte stream.

Source: Linux man-pages, unix(7).
"""

import socket
from functools import partial

from shmlab.experiments.comparison.way import Receive, Send, Way

MESSAGE = 65_536  # bytes that surely fit into one message
BUFFER = 1 << 20


class This(Way):
    title = "Unix socket"
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.kind = socket.SOCK_SEQPACKET if size <= MESSAGE else socket.SOCK_STREAM
        self.in_, self.out = socket.socketpair(socket.AF_UNIX, self.kind)
        self.in_.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if size > MESSAGE and producers + consumers > 2:
            return f"only up to {MESSAGE:,} bytes does the socket keep the items of several senders apart"
        return ""

    def sender(self, number: int) -> Send:
        return self.in_.send if self.kind == socket.SOCK_SEQPACKET else self.in_.sendall

    def receiver(self, number: int) -> Receive:
        if self.kind == socket.SOCK_SEQPACKET:
            return partial(self.out.recv, self.size)
        return partial(self.out.recv, self.size, socket.MSG_WAITALL)

    def close(self) -> None:
        self.in_.close()
        self.out.close()
