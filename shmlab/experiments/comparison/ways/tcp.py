"""TCP over loopback: the one way that could also reach another machine.

Small items are sent at once, not collected (TCP_NODELAY), the usual setting for request and reply.
Source: Linux man-pages, tcp(7).
"""

import socket
from functools import partial

from shmlab.experiments.comparison.way import Receive, Send, Way


class This(Way):
    title = "TCP, loopback"
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.in_ = socket.create_connection(server.getsockname())
            self.out, _ = server.accept()
        self.in_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if producers + consumers > 2:
            return "a connection has one sender and one receiver: a stream does not keep items apart"
        return ""

    def sender(self, number: int) -> Send:
        return self.in_.sendall

    def receiver(self, number: int) -> Receive:
        return partial(self.out.recv, self.size, socket.MSG_WAITALL)

    def close(self) -> None:
        self.in_.close()
        self.out.close()
