"""Write code: the bounded buffer of one producer and one consumer who sleep while they wait."""

from shmlab.course.exercises.code import Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.tasks.buffers import PUT_GET, case, room
from shmlab.memory.semaphores import Semaphore


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(in_=0, out=0, empty=Semaphore(capacity), full=Semaphore(0), mutex=Semaphore(1))


STARTER = """
def put(buf, item):
    # who waits, and for what?
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity


def get(buf):
    # who waits, and for what?
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    return item
"""

SEMAPHORES = Code(
    "semaphores",
    "Sleep instead of asking",
    """Make this buffer right for **one** producer and **one** consumer, and nobody may ask again and again: who has to
wait sleeps. You have the semaphores `buf.empty` (starts at the number of slots), `buf.full` (starts at 0) and
`buf.mutex` (starts at 1). You do not need all three. All slots are to be used.""",
    PUT_GET,
    STARTER,
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
    (
        case(shared, capacity=2, items=1),
        case(shared, capacity=1, items=3),  # the third finds out who gives a slot back twice
        case(shared, capacity=2, items=3),
        case(shared, capacity=3, items=4),
        room(shared, capacity=3, items=3),
    ),
    RealRun(shared),
    (
        "A semaphore counts something. Say in words what `empty` counts, and what `full` counts.",
        "A producer needs a free slot before it stores, and has one more item to show for it afterwards.",
        "put: empty.acquire() first, full.release() last. get is the mirror image.",
    ),
    "Each slot is either the producer's or the consumer's, and the semaphores hand it over. Nothing is changed by "
    "both, "
    "so no mutex is needed for one of each.",
)
