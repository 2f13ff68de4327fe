"""Write code: the bounded buffer of several producers and several consumers."""

from shmlab.course.exercises.code import Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.tasks.buffers import PUT_GET, case, room
from shmlab.course.exercises.tasks.semaphores import shared

TWO_PRODUCERS = Code(
    "two_producers",
    "Two producers, two consumers",
    """Below is a buffer that is right for one producer and one consumer. Make it right for two of each. `buf.mutex` is
a semaphore that starts at 1.""",
    PUT_GET,
    """
def put(buf, item):
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get(buf):
    buf.full.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item
""",
    """
def put(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item
""",
    (
        case(shared, capacity=1, items=3),  # the third finds out who gives a slot back twice
        case(shared, capacity=2, items=3),
        case(shared, capacity=2, producers=2, consumers=1, items=2),
        case(shared, capacity=2, producers=1, consumers=2, items=4),
        case(shared, capacity=2, producers=2, consumers=2, items=2),
        case(shared, capacity=1, producers=2, consumers=2, items=2),
        room(shared, capacity=3, items=3),
    ),
    RealRun(shared, producers=2, consumers=2),
    (
        "Which variables do two producers both change? And two consumers?",
        "From loading `in_` to storing it again, no other producer may come between: a critical section.",
        "`with buf.mutex:` around the slot and the index, in both functions; the waiting stays outside.",
    ),
    "`mutex` keeps apart those who change the same index. It is taken after the waiting: who sleeps inside lets nobody "
    "else in, not even the one that could wake it.",
)
