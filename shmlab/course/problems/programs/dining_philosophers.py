"""Philosophers at a round table need both forks beside them.

Source: Dijkstra, Hierarchical Ordering of Sequential Processes (1971).
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore

SEATS = 3


def philosopher(buf, me):
    first, second = sorted((me, (me + 1) % SEATS))  # everybody takes the fork with the lower number first
    buf.fork[first].acquire()
    buf.fork[second].acquire()
    buf.meals[me] += 1
    buf.fork[second].release()
    buf.fork[first].release()


def left_then_right(buf, me):
    buf.fork[me].acquire()  # BROKEN: all may have their left fork
    buf.fork[(me + 1) % SEATS].acquire()
    buf.meals[me] += 1
    buf.fork[(me + 1) % SEATS].release()
    buf.fork[me].release()


def puts_back(buf, me):
    buf.fork[me].acquire()
    while not buf.fork[(me + 1) % SEATS].acquire(False):
        buf.fork[me].release()  # BROKEN: all may take and put back for ever, at the same pace
        buf.fork[me].acquire()
    buf.meals[me] += 1
    buf.fork[(me + 1) % SEATS].release()
    buf.fork[me].release()


ASKED = dict(shared=dict(meals=[0] * SEATS, fork=[Semaphore(1)] * SEATS))
PROBLEM = Problem(
    "Dining philosophers",
    "Dijkstra (1971)",
    "Three philosophers sit at a round table with a fork between every two. Each needs both forks beside it to eat.",
    right("the lower fork first", [(philosopher, me) for me in range(SEATS)], **ASKED),
    (
        wrong(
            "left, then right",
            "deadlock",
            "If all take their left fork, each waits for one that its neighbour holds.",
            [(left_then_right, me) for me in range(SEATS)],
            **ASKED,
        ),
        wrong(
            "put it back and try again",
            "livelock",
            "Nobody waits with a fork, but all may try at the same pace for ever.",
            [(puts_back, me) for me in range(SEATS)],
            **ASKED,
        ),
    ),
    "In the deadlock every fork is held. With the lower fork first, two neighbours reach for the same one first.",
)
