"""`zeroq`: slots of a fixed size in shared memory, in Rust, for many producers and consumers.

Source: pypi.org/project/zeroq
"""

import importlib
import os

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way
from shmlab.processes import scratch_folder


class This(Way):
    title = "zeroq"
    package, module = "zeroq", "zeroq"
    shared_memory = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        made = importlib.import_module(self.module).Queue
        name = os.urandom(6).hex()
        self.queue = made(name, size, way.slots(size))
        scratch_folder.forget(name)  # at once: the processes inherit the mapping, so nothing can be left behind

    def sender(self, number: int) -> Send:
        send: Send = self.queue.put
        return send

    def receiver(self, number: int) -> Receive:
        receive: Receive = self.queue.get
        return receive
