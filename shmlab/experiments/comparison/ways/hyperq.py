"""`hyperq`: a ring of bytes in shared memory, in C++, guarded by a mutex and condition variables.

Source: pypi.org/project/hyperq
"""

import importlib
import os

from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way
from shmlab.processes import scratch_folder

LENGTH = 16  # bytes of overhead allowed per item


class This(Way):
    title = "hyperq"
    package, module = "hyperq", "hyperq"
    shared_memory = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        room = max(1 << 16, way.slots(size) * (size + LENGTH))
        name = os.urandom(6).hex()
        self.queue = importlib.import_module(self.module).BytesHyperQ(room, name=name)
        scratch_folder.forget(name)  # at once: the processes inherit the mapping, so nothing can be left behind

    def sender(self, number: int) -> Send:
        send: Send = self.queue.put
        return send

    def receiver(self, number: int) -> Receive:
        receive: Receive = self.queue.get
        return receive
