"""`multiprocessing.Pipe`: a pipe that sends each item's length first, which preserves item boundaries.

One sender and one receiver: two that use the same end at the same time would interleave their bytes.
Source: Python Library Reference, multiprocessing.Pipe, Connection.send_bytes.
"""

import multiprocessing

from shmlab.experiments.comparison.way import Receive, Send, Way


class This(Way):
    title = "multiprocessing.Pipe"
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.out, self.in_ = multiprocessing.Pipe(duplex=False)

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        if producers + consumers > 2:
            return "a Pipe is for one sender and one receiver: others would mix their bytes with theirs"
        return ""

    def sender(self, number: int) -> Send:
        return self.in_.send_bytes

    def receiver(self, number: int) -> Receive:
        return self.out.recv_bytes

    def close(self) -> None:
        self.out.close()
        self.in_.close()
