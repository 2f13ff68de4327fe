"""Write code: a buffer whose slots never end."""

from collections.abc import Callable
from typing import Any

from shmlab.course.exercises.code import Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.tasks.buffers import PUT_GET, case
from shmlab.memory.semaphores import Semaphore


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(in_=0, out=0, full=Semaphore(0), mutex=Semaphore(1))


def shared_for_real(capacity: int) -> dict[str, int | Semaphore]:
    return {**shared(capacity), "room": Semaphore(capacity)}


def folded(put: Callable[..., object], get: Callable[..., object]) -> tuple[object, object]:
    """put and get over endless slots, which are folded onto those of a real segment.

    For one consumer only: of two, one may still read a slot when the other has long given back the room of later ones.
    """

    class Slots:
        def __init__(self, buf: Any) -> None:
            self.buf = buf

        def __getitem__(self, index: int) -> object:
            return self.buf.slots[index % self.buf.capacity]

        def __setitem__(self, index: int, item: object) -> None:
            self.buf.slots[index % self.buf.capacity] = item

    class Endless:
        def __init__(self, buf: Any) -> None:
            object.__setattr__(self, "_buf", buf)
            object.__setattr__(self, "slots", Slots(buf))

        def __getattr__(self, name: str) -> object:
            if name == "capacity":
                raise AttributeError("an endless buffer has no capacity")
            return getattr(self._buf, name)

        def __setattr__(self, name: str, value: object) -> None:
            setattr(self._buf, name, value)

    def put_for_real(buf: Any, item: object) -> None:
        buf.room.acquire()  # a real segment has an end, and the student's functions do not know of it
        put(Endless(buf), item)

    def get_for_real(buf: Any) -> object:
        item = get(Endless(buf))
        buf.room.release()
        return item

    return put_for_real, get_for_real


UNBOUNDED = Code(
    "unbounded",
    "A buffer without an end",
    """Write `put` and `get` for a buffer whose slots never end: `buf.slots[i]` exists for every `i` from 0 on, and no
slot is used twice. Several producers and several consumers use it. You have `buf.in_` and `buf.out` (both start at
0), the semaphores `buf.full` (starts at 0) and `buf.mutex` (starts at 1). Who waits sleeps.""",
    PUT_GET,
    """
def put(buf, item):
    pass


def get(buf):
    pass
""",
    """
def put(buf, item):
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ += 1
    buf.full.release()


def get(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out]
        buf.out += 1
    return item
""",
    (
        case(shared, None, items=1),
        case(shared, None, items=3),
        case(shared, None, producers=2, consumers=1, items=2),
        case(shared, None, producers=1, consumers=2, items=3),
        case(shared, None, producers=2, consumers=2, items=2),
    ),
    RealRun(shared_for_real, folded, slots=256, producers=2),
    (
        "A producer never waits for room. So which of the three semaphores of the bounded buffer is not needed?",
        "A consumer still waits for an item, and the indices are still changed by several processes.",
        "put: the slot and `in_ += 1` under `mutex`, then full.release(). get: full.acquire(), then the same with out.",
    ),
    "Without an end there is no `empty`, and no `%`. What grows instead is the memory.",
)
