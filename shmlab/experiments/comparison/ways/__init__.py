"""The ways of communicating that are compared, by name: each file shows how to use one of them.

To add one, copy a file and add its name here.
"""

import importlib

from shmlab.experiments.comparison.way import Way
from shmlab.memory.errors import ArgumentError

names = (
    "textbook",
    "ring",
    "ring_many",
    "ring_packed",
    "ring_in_place",
    "pipe",
    "connection",
    "simple_queue",
    "queue",
    "unix_socket",
    "tcp",
    "message_queue",
    "file",
    "faster_fifo",
    "faster_fifo_many",
    "zeromq",
    "hyperq",
)
more = ("zeroq", "iceoryx2")  # only when asked for by name


def find(name: object) -> type[Way]:
    """Return the way of that name. Raises ArgumentError, which lists the names that exist."""
    if not isinstance(name, str) or name not in names + more:
        raise ArgumentError(f"there is no way {name!r}. Ways: {', '.join(names + more)}.")
    found: type[Way] = importlib.import_module(f"{__name__}.{name}").This
    return found
