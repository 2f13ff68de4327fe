"""A buffer without end: consumers wait for items, and producers never wait for room.

Source: Downey, The Little Book of Semaphores, 2nd edition, 4.1.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore


def producer(buf):
    with buf.mutex:
        buf.stored += 1
    buf.items.release()


def consumer(buf):
    buf.items.acquire()
    with buf.mutex:
        assert buf.stored > 0, "took an item where there was none"
        buf.stored -= 1


def waits_with_the_mutex(buf):
    with buf.mutex:
        buf.items.acquire()  # BROKEN: the producer needs the mutex to bring an item
        buf.stored -= 1


def tells_too_soon(buf):
    buf.items.release()  # BROKEN: before the item is there
    with buf.mutex:
        buf.stored += 1


ASKED = dict(shared=dict(stored=0, items=Semaphore(0), mutex=Semaphore(1)))
PROBLEM = Problem(
    "Producers and consumers with an endless buffer",
    "Downey, The Little Book of Semaphores, 4.1",
    "Producers store items at any time. A consumer that finds none waits until there is one.",
    right("a semaphore counts the items", [producer, producer, consumer, consumer], **ASKED),
    (
        wrong(
            "waiting with the mutex",
            "deadlock",
            "Whoever waits for an item while it holds the mutex keeps the producer from bringing it.",
            [producer, waits_with_the_mutex],
            **ASKED,
        ),
        wrong(
            "telling before storing",
            "exception",
            "The semaphore says that an item is there, so it may be released only when that is true.",
            [tells_too_soon, consumer],
            **ASKED,
        ),
    ),
    "The semaphore and the number of stored items agree whenever nobody is inside.",
)
