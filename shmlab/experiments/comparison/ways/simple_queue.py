"""`multiprocessing.SimpleQueue`: a pipe with a lock at each end; items are pickled. Its capacity is the pipe's.

Source: Python Library Reference, multiprocessing.SimpleQueue.
"""

import multiprocessing

from shmlab.experiments.comparison.way import Receive, Send, Way


class This(Way):
    title = "multiprocessing.SimpleQueue"

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        self.queue: multiprocessing.SimpleQueue[bytes] = multiprocessing.get_context("fork").SimpleQueue()

    def sender(self, number: int) -> Send:
        return self.queue.put

    def receiver(self, number: int) -> Receive:
        return self.queue.get

    def close(self) -> None:
        self.queue.close()
