"""A POSIX message queue: the kernel keeps whole messages, up to a number and a size that the system sets.

Its name is unlinked at once: the processes inherit the open queue.
Source: POSIX.1-2017, mq_open(); Linux man-pages, mq_overview(7).
"""

import importlib
import os
from pathlib import Path
from typing import Any

from shmlab.experiments.comparison.way import Receive, Send, Way

LIMITS = Path("/proc/sys/fs/mqueue")


def limit(name: str) -> int:
    """Return a system limit: `msg_max` messages, `msgsize_max` bytes in one; 0 if there are no such queues."""
    try:
        return int((LIMITS / name).read_text())
    except OSError:
        return 0


class This(Way):
    title = "POSIX message queue"
    package = module = "posix_ipc"
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        posix_ipc: Any = importlib.import_module(self.module)
        self.queue = posix_ipc.MessageQueue(
            f"/shmlab-{os.urandom(8).hex()}",
            posix_ipc.O_CREX,
            0o600,
            max_messages=min(10, limit("msg_max")),
            max_message_size=size,
        )
        self.queue.unlink()

    @classmethod
    def refuses(cls, size: int, producers: int, consumers: int) -> str:
        most = limit("msgsize_max")
        if not most:
            return "this system has no POSIX message queues"
        return f"the system allows messages of {most:,} bytes (fs.mqueue.msgsize_max)" if size > most else ""

    def sender(self, number: int) -> Send:
        send: Send = self.queue.send
        return send

    def receiver(self, number: int) -> Receive:
        receive = self.queue.receive
        return lambda: receive()[0]

    def close(self) -> None:
        self.queue.close()
