"""Write code: the bounded buffer as a monitor, with conditions to sleep on."""

from shmlab.course.exercises.code import Case, Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.course.exercises.tasks.buffers import PUT_GET, case, room
from shmlab.explorer.program.cells import View
from shmlab.memory.semaphores import Semaphore


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(
        in_=0,
        out=0,
        count=0,
        putters_waiting=0,
        getters_waiting=0,
        mutex=Semaphore(1),
        not_full=Semaphore(0),
        not_empty=Semaphore(0),
    )


def tidy(memory: View, _: object) -> object:
    """Nobody waits any more, so nobody may be noted, and no wake-up may be left."""
    for name in ("putters_waiting", "getters_waiting"):
        if memory[name]:
            return f"all have ended, and {name} is still {memory[name]}"
    for name in ("not_full", "not_empty"):
        if memory[name]:
            return f"all have ended, and {name} is still {memory[name]}: somebody was woken who was not there"
    return True


def monitored(capacity: int, producers: int = 1, consumers: int = 1, items: int = 2) -> Case:
    return case(shared, capacity, producers, consumers, items, final=tidy)


MONITOR = Code(
    "monitor",
    "A monitor",
    """In a monitor one process at a time is inside (`buf.mutex`). Who cannot go on notes that it waits, leaves, and
sleeps on a condition; who makes the condition true wakes one sleeper. Below, `get` is whole. Write the rest of `put`.

`buf.count` is the number of items, `buf.putters_waiting` and `buf.getters_waiting` how many sleep on `buf.not_full` and
`buf.not_empty` (semaphores that start at 0). `get` expects that each woken process has been taken off its count by the
one that wakes it.""",
    PUT_GET,
    """
def put(buf, item):
    buf.mutex.acquire()
    # while it is full: note it, leave, sleep, come back
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1
    # does somebody wait for an item?
    buf.mutex.release()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    if buf.putters_waiting > 0:
        buf.putters_waiting -= 1
        buf.not_full.release()
    buf.mutex.release()
    return item
""",
    """
def put(buf, item):
    buf.mutex.acquire()
    while buf.count == buf.capacity:
        buf.putters_waiting += 1
        buf.mutex.release()
        buf.not_full.acquire()
        buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1
    if buf.getters_waiting > 0:
        buf.getters_waiting -= 1
        buf.not_empty.release()
    buf.mutex.release()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    if buf.putters_waiting > 0:
        buf.putters_waiting -= 1
        buf.not_full.release()
    buf.mutex.release()
    return item
""",
    (
        monitored(2, items=1),
        monitored(1, items=2),
        monitored(2, items=3),
        monitored(1, 2, 1, 2),
        monitored(1, 1, 2, 3),
        monitored(2, 1, 2, 2),  # two items come while both consumers sleep: each needs a wake-up of its own
        monitored(1, 2, 2, 1),
        room(shared, capacity=2, items=2),
    ),
    RealRun(shared, producers=2, consumers=2),
    (
        "`put` is the mirror image of `get`. What does each line of `get` say about its own condition, and what about "
        "the other one?",
        "Between being woken and being inside again, another producer may have been faster. So look again: `while`.",
        "While count == capacity: putters_waiting += 1, release mutex, acquire not_full, acquire mutex. At the end: if "
        "getters_waiting > 0, take one off and release not_empty.",
    ),
    "A wake-up is a hint that the condition was true, not a promise that it still is. Source: Lampson and Redell, "
    "Experience with Processes and Monitors in Mesa (1980).",
)
