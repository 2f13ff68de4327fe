"""Child care, and nobody is kept out by an adult who waits to go: it gives its places back when a child wants one.

Source: Downey, The Little Book of Semaphores, 2nd edition, 7.2.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore

PER_ADULT = 2


def child(buf):
    comes(buf)
    goes(buf)


def goes(buf):
    with buf.mutex:
        buf.children -= 1
        if buf.leaving and buf.children <= PER_ADULT * (buf.adults - 1):
            buf.leaving -= 1
            buf.adults -= 1
            buf.may_go.release()


def comes(buf):
    """Wait at the door, if there are not enough adults; whoever lets a child in has counted it already."""
    buf.mutex.acquire()
    if buf.children < PER_ADULT * buf.adults:
        buf.children += 1
        buf.mutex.release()
    else:
        buf.waiting += 1
        buf.mutex.release()
        buf.may_come.acquire()


def adult(buf):
    with buf.mutex:
        buf.adults += 1
        let_in = min(PER_ADULT, buf.waiting)
        buf.waiting -= let_in
        buf.children += let_in
        for _ in range(let_in):
            buf.may_come.release()
    buf.mutex.acquire()
    if buf.children <= PER_ADULT * (buf.adults - 1):
        buf.adults -= 1
        buf.mutex.release()
    else:
        buf.leaving += 1
        buf.mutex.release()
        buf.may_go.acquire()


def child_that_tells_nobody(buf):
    comes(buf)
    with buf.mutex:
        buf.children -= 1  # BROKEN: an adult may be waiting for that


def child_that_counts_itself(buf):
    comes(buf)
    with buf.mutex:
        buf.children += 1  # BROKEN: it was counted when it was let in
    goes(buf)


def looked_after(memory):
    fine = memory.mutex == 0 or memory.children <= PER_ADULT * memory.adults  # inside the mutex they change in turn
    return fine or f"{memory.children} children and {memory.adults} adults"


ASKED = dict(
    shared=dict(
        children=0, adults=0, waiting=0, leaving=0, mutex=Semaphore(1), may_come=Semaphore(0), may_go=Semaphore(0)
    ),
    invariant=looked_after,
    must_finish=[0, 1],
)
PROBLEM = Problem(
    "Extended child care",
    "Downey, The Little Book of Semaphores, 7.2",
    "Child care again; now a child must never wait while there are enough adults, even if one of them wants to go.",
    right("count, and let the right one through", [adult] * 2 + [child] * 3, **ASKED),
    (
        wrong(
            "a child tells nobody that it goes",
            "deadlock",
            "An adult that waits to go has to be told when it may.",
            [adult] * 2 + [child_that_tells_nobody] * 3,
            **ASKED,
        ),
        wrong(
            "a child is counted twice",
            "invariant",
            "Whoever lets a child in counts it, so that nobody slips in between; the child must not do so again.",
            [adult] * 2 + [child_that_counts_itself] * 3,
            **ASKED,
        ),
    ),
    "Whoever is woken finds its change already made: `children` and `adults` are right before it takes another step.",
)
