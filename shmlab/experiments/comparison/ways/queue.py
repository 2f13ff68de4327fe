"""`multiprocessing.Queue`: `put` hands the item to a thread, which pickles it and writes it into a pipe.

A semaphore bounds how many items are in transit.
Source: Python Library Reference, multiprocessing.Queue.
"""

import multiprocessing

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way


class This(Way):
    title = "multiprocessing.Queue"

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.queue: multiprocessing.Queue[bytes] = multiprocessing.get_context("fork").Queue(way.slots(size))

    def sender(self, number: int) -> Send:
        return self.queue.put

    def receiver(self, number: int) -> Receive:
        return self.queue.get

    def close(self) -> None:
        self.queue.close()
