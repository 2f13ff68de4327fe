"""Write code: a bounded buffer with two indices and nothing else."""

from shmlab.course.exercises.code import Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.tasks.buffers import PUT_GET, case, room


def shared(capacity: int) -> dict[str, int]:
    return dict(in_=0, out=0)


INDEX_BUFFER = Code(
    "index_buffer",
    "A buffer with two indices",
    """Write `put` and `get` for one producer and one consumer. You have `buf.slots`, `buf.capacity`, and two shared
variables that start at 0: `buf.in_`, the slot that is filled next, and `buf.out`, the slot that is emptied next.
Nothing else, so whoever has to wait asks again and again. When the two are equal the buffer is empty. One slot may
stay unused.""",
    PUT_GET,
    """
def put(buf, item):
    pass


def get(buf):
    pass
""",
    """
def put(buf, item):
    while (buf.in_ + 1) % buf.capacity == buf.out:
        pass  # full: ask again
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity


def get(buf):
    while buf.in_ == buf.out:
        pass  # empty: ask again
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    return item
""",
    (
        case(shared, capacity=2, items=1, sleeps=False),
        case(shared, capacity=2, items=3, sleeps=False),
        case(shared, capacity=3, items=4, sleeps=False),
        room(shared, capacity=3, items=2),
    ),
    RealRun(shared, slots=256),  # whoever asks again and again has a processor to itself only now and then
    (
        "The producer alone stores into `in_`, the consumer alone into `out`. So neither can lose an update.",
        "Full looks like empty if all slots are used. Keep one free: it is full when the slot after `in_` is `out`.",
        "put: wait while (in_ + 1) % capacity == out; fill slots[in_]; only then move in_. get: the same with out.",
    ),
    "Moving the index is what hands the slot over. So it comes last: the slot is filled, or emptied, before.",
)
