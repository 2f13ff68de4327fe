"""A few at a time: at most so many processes are inside.

Source: Downey, The Little Book of Semaphores, 2nd edition, 3.5.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

MOST = 2


def visitor(buf):
    buf.room.acquire()
    buf.inside.fetch_add(1)
    buf.inside.fetch_add(-1)
    buf.room.release()


def counts_by_hand(buf):
    while buf.inside.load() == MOST:  # BROKEN: several may look before one of them has gone in
        pass
    buf.inside.fetch_add(1)
    buf.inside.fetch_add(-1)


def room_for_all(memory):
    return memory.inside <= MOST or f"{memory.inside} are inside"


ASKED = dict(shared=dict(inside=Atomic(0), room=Semaphore(MOST)), invariant=room_for_all)
PROBLEM = Problem(
    "Multiplex",
    "Downey, The Little Book of Semaphores, 3.5",
    "Any number of processes want to go into a room with space for two.",
    right("a semaphore that starts at 2", [visitor] * 4, **ASKED),
    (
        wrong(
            "it starts at 3",
            "invariant",
            "A semaphore lets in as many as its initial value.",
            [visitor] * 4,
            **(ASKED | dict(shared=dict(inside=Atomic(0), room=Semaphore(MOST + 1)))),
        ),
        wrong(
            "look at the number, then go in",
            "invariant",
            "Each step is atomic, and the two together are not: two may look while there is space for one.",
            [counts_by_hand] * 3,
            **ASKED,
        ),
    ),
    "The value of the semaphore is the number of free places.",
)
