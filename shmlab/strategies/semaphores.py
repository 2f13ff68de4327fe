"""The bounded buffer with three semaphores, as the textbooks have it.

`empty` counts free slots, `full` counts filled ones, `mutex` guards the indices and the slot.
While nobody is inside put or get: empty + full == capacity.
Source: Dijkstra, Cooperating Sequential Processes (1965), section 4; Silberschatz, Galvin, Gagne,
Operating System Concepts, "The Bounded-Buffer Problem".
"""

from shmlab.memory.semaphores import Semaphore

TITLE = "three semaphores: empty, full, mutex"


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(in_=0, out=0, empty=Semaphore(capacity), full=Semaphore(0), mutex=Semaphore(1))


def at_rest(capacity: int, used: int) -> dict[str, int]:
    return dict(empty=capacity - used, full=used, mutex=1)


def put(buf, item):
    buf.empty.acquire()  # wait for a free slot; before mutex: waiting while holding it would deadlock
    with buf.mutex:  # critical section
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()  # one more item


def get(buf):
    buf.full.acquire()  # wait for an item
    with buf.mutex:  # critical section
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()  # one more free slot
    return item


def warning(producers: int, consumers: int) -> str | None:
    return None
