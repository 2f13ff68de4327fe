"""The unbounded buffer: an endless array, so a producer never waits.

`full` counts the items, `mutex` guards the indices; there is no `empty`, because there is always
a free slot. Real memory ends: the segment doubles its slots when they run out, up to a cap.
Source: Dijkstra, Cooperating Sequential Processes (1965), section 4.1.
"""

from shmlab.memory.semaphores import Semaphore

TITLE = "unbounded: semaphores full and mutex, the segment grows"
UNBOUNDED = True


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(in_=0, out=0, full=Semaphore(0), mutex=Semaphore(1))


def at_rest(capacity: int, used: int) -> dict[str, int]:
    return dict(full=used, mutex=1)


def put(buf, item):
    with buf.mutex:  # critical section
        buf.slots[buf.in_] = item
        buf.in_ += 1
    buf.full.release()  # one more item


def get(buf):
    buf.full.acquire()  # wait for an item
    with buf.mutex:  # critical section
        item = buf.slots[buf.out]
        buf.out += 1
    return item


def warning(producers: int, consumers: int) -> str | None:
    return None
