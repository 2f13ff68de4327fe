"""`faster-fifo`: a ring of bytes in shared memory, in C++, guarded by one mutex and two condition variables.

Source: github.com/alex-petrenko/faster-fifo
"""

import importlib

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way

LENGTH = 64  # bytes of overhead allowed per item
TIMEOUT = 30.0  # seconds; without it the queue gives up after ten


class This(Way):
    title = "faster-fifo"
    package, module = "faster-fifo", "faster_fifo"
    shared_memory = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        room = max(1 << 16, way.slots(size) * (size + LENGTH))
        made = importlib.import_module(self.module).Queue
        self.queue = made(max_size_bytes=room, loads=bytes, dumps=bytes)  # bytes as they are, without pickle

    def sender(self, number: int) -> Send:
        send: Send = self.queue.put
        return send

    def receiver(self, number: int) -> Receive:
        receive: Receive = self.queue.get
        return receive
