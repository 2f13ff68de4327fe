"""A barrier that can be passed again and again: two turnstiles, of which one is shut while the other is open.

Source: Downey, The Little Book of Semaphores, 2nd edition, 3.7.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

ALL, ROUNDS = 2, 2


def walker(buf):
    for turn in range(ROUNDS):
        buf.rounds.fetch_add(1)
        with buf.mutex:
            buf.count += 1
            if buf.count == ALL:
                buf.second.acquire()
                buf.first.release()
        buf.first.acquire()
        buf.first.release()
        assert buf.rounds.load() >= ALL * (turn + 1), "passed before all had come"
        with buf.mutex:
            buf.count -= 1
            if buf.count == 0:
                buf.first.acquire()
                buf.second.release()
        buf.second.acquire()
        buf.second.release()


def one_turnstile(buf):
    for turn in range(ROUNDS):
        buf.rounds.fetch_add(1)
        with buf.mutex:
            buf.count += 1
            if buf.count == ALL:
                buf.first.release()
        buf.first.acquire()
        buf.first.release()
        assert buf.rounds.load() >= ALL * (turn + 1), "passed before all had come"
        with buf.mutex:
            buf.count -= 1
            if buf.count == 0:
                buf.first.acquire()  # BROKEN: a fast process may have come round and passed by then


ASKED = dict(shared=dict(count=0, rounds=Atomic(0), mutex=Semaphore(1), first=Semaphore(0), second=Semaphore(1)))
PROBLEM = Problem(
    "Reusable barrier",
    "Downey, The Little Book of Semaphores, 3.7",
    "Processes in a loop meet at the same barrier in each round. A fast one must not be a round ahead.",
    right("two turnstiles", [walker] * ALL, **ASKED),
    (
        wrong(
            "one turnstile, shut by the last",
            "exception",
            "A process that is fast passes the turnstile a second time before the last one has shut it.",
            [one_turnstile] * ALL,
            **ASKED,
        ),
    ),
    "Exactly one of the two turnstiles is open whenever nobody holds the mutex.",
)
