"""A barrier: all wait for the last one.

Source: Downey, The Little Book of Semaphores, 2nd edition, 3.6.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore

ALL = 3


def walker(buf):
    with buf.mutex:
        buf.count += 1
        if buf.count == ALL:
            buf.turnstile.release()
    buf.turnstile.acquire()
    buf.turnstile.release()
    assert buf.count == ALL, "passed the barrier before all had come"


def shuts_behind(buf):
    with buf.mutex:
        buf.count += 1
        if buf.count == ALL:
            buf.turnstile.release()
    buf.turnstile.acquire()  # BROKEN: the last one opened it for one process, which does not open it for the next
    assert buf.count == ALL, "passed the barrier before all had come"


def waits_inside(buf):
    with buf.mutex:
        buf.count += 1
        if buf.count == ALL:
            buf.turnstile.release()
        buf.turnstile.acquire()  # BROKEN: with the mutex, so that nobody else can be counted
        buf.turnstile.release()


ASKED = dict(shared=dict(count=0, mutex=Semaphore(1), turnstile=Semaphore(0)))
PROBLEM = Problem(
    "Barrier",
    "Downey, The Little Book of Semaphores, 3.6",
    "Three processes come to a barrier. None may pass before all three have come; then all pass.",
    right("a turnstile", [walker] * ALL, **ASKED),
    (
        wrong(
            "nobody holds the door",
            "deadlock",
            "One release wakes one process: each that passes has to let the next one pass.",
            [shuts_behind] * ALL,
            **ASKED,
        ),
        wrong(
            "waiting with the mutex",
            "deadlock",
            "A process that waits while it holds the mutex keeps the others from coming.",
            [waits_inside] * ALL,
            **ASKED,
        ),
    ),
    "The turnstile stays open once the last process has come. In a second round it would hold nobody back.",
)
