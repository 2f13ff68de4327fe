"""The bounded buffer of the course: `put` and `get` of strategy `semaphores`, verbatim, on a real segment.

Only the items are raw: a slot holds just the payload, without ticket, time or checksum. The names are
unlinked at once: the processes inherit the mapping and the open semaphores.
"""

import ctypes
import os
from functools import partial

from shmlab import strategies
from shmlab.experiments.comparison import way
from shmlab.experiments.comparison.way import Receive, Send, Way
from shmlab.memory import layout as at, segment, semaphores
from shmlab.memory.layout import Layout
from shmlab.memory.posix_semaphore import Named, open_named
from shmlab.memory.segment import Segment

STRATEGY = strategies.find("semaphores")
_acquire = Named.acquire


class This(Way):
    title = "textbook: three semaphores"
    shared_memory = True
    copies_on_send = True

    def __init__(self, size: int, producers: int, consumers: int) -> None:
        super().__init__(size, producers, consumers)
        count = way.slots(size)
        initial = STRATEGY.shared(count)
        values = {name: value.value for name, value in initial.items() if isinstance(value, semaphores.Semaphore)}
        variables = tuple(name for name in initial if name not in values)
        file = segment.create(
            Layout(STRATEGY.name, variables, values, count, count, size, 1),
            lambda file: semaphores.create_all(file.name, values),
        )
        try:
            self.segment = Segment(file.name, file.fd, file.layout)
            opened = {name: open_named(f"/{file.name}.{name}", _Semaphore) for name in values}
        finally:
            segment.unlink(file.name)  # and its semaphores
        self.buf = _buf(self.segment, opened)

    def sender(self, number: int) -> Send:
        return partial(STRATEGY.put, self.buf)

    def receiver(self, number: int) -> Receive:
        return partial(STRATEGY.get, self.buf)

    def close(self) -> None:
        del self.buf
        self.segment.close()


class _Semaphore(Named):
    """A named semaphore that waits like the course's: retry a few times, then sleep."""

    def acquire(self) -> None:
        if not _acquire(self, False):
            self._wait()

    def _wait(self) -> None:
        for _ in range(semaphores.YIELDS):
            os.sched_yield()
            if _acquire(self, False):
                return
        _acquire(self)

    __enter__ = acquire


class _Slots:
    """`buf.slots`: stores and loads the payload, nothing else."""

    __slots__ = ("_data", "_places")

    def __init__(self, segment: Segment) -> None:
        layout = segment.layout
        starts = [layout.slot(i) + at.SLOT_PAYLOAD for i in range(layout.capacity)]
        self._data, self._places = segment.data, [slice(start, start + layout.payload) for start in starts]

    def __setitem__(self, index: int, item: bytes) -> None:
        self._data[self._places[index]] = item

    def __getitem__(self, index: int) -> bytes:
        return bytes(self._data[self._places[index]])


def _buf(segment: Segment, opened: dict[str, _Semaphore]) -> object:
    """Return `buf`: its shared variables are words of the segment, two cache lines apart."""
    fields: list[tuple[str, type]] = []
    for i, name in enumerate(segment.layout.variables):
        fields += [(name, ctypes.c_uint64), (f"_{i}", ctypes.c_char * (at.LINE - at.WORD))]
    body = {"_fields_": fields, "capacity": segment.capacity, "slots": _Slots(segment), **opened}
    kind: type[ctypes.Structure] = type("Raw", (ctypes.Structure,), body)
    return kind.from_buffer(segment.data, at.variable(0))
