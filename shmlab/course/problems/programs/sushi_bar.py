"""Whoever comes to a full bar waits until all who sit there together have gone.

Source: Reek, Design Patterns for Semaphores (2004); Downey, The Little Book of Semaphores, 2nd edition, 7.1.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

SEATS = 2


def customer(buf):
    buf.mutex.acquire()
    if buf.must_wait:
        buf.waiting += 1
        buf.mutex.release()
        buf.block.acquire()  # whoever wakes this one has given it a seat
    else:
        buf.eating += 1
        buf.must_wait = buf.eating == SEATS
        buf.mutex.release()
    sit(buf)
    with buf.mutex:
        buf.eating -= 1
        if buf.eating == 0:
            number = min(SEATS, buf.waiting)
            buf.waiting -= number
            buf.eating += number
            buf.must_wait = buf.eating == SEATS
            for _ in range(number):
                buf.block.release()


def sit(buf):
    buf.seated.fetch_add(1)
    buf.seated.fetch_add(-1)


def seats_itself(buf):
    buf.mutex.acquire()
    if buf.must_wait:
        buf.waiting += 1
        buf.mutex.release()
        buf.block.acquire()
        buf.mutex.acquire()  # BROKEN: others, who have just come, may get the mutex first, and the seats
        buf.waiting -= 1
    buf.eating += 1
    buf.must_wait = buf.eating == SEATS
    buf.mutex.release()
    sit(buf)
    with buf.mutex:
        buf.eating -= 1
        if buf.eating == 0:
            for _ in range(min(SEATS, buf.waiting)):
                buf.block.release()
            buf.must_wait = False


def takes_any_seat(buf):
    buf.mutex.acquire()
    if buf.eating == SEATS:
        buf.waiting += 1
        buf.mutex.release()
        buf.block.acquire()
    else:
        buf.eating += 1
        buf.mutex.release()
    sit(buf)
    with buf.mutex:
        buf.eating -= 1
        if buf.waiting:
            buf.waiting -= 1
            buf.block.release()  # BROKEN: the seat is given on, and not counted


def seats_for_all(memory):
    return memory.seated <= SEATS or f"{memory.seated} sit on {SEATS} seats"


ASKED = dict(
    shared=dict(eating=0, waiting=0, must_wait=0, seated=Atomic(0), mutex=Semaphore(1), block=Semaphore(0)),
    invariant=seats_for_all,
)
PROBLEM = Problem(
    "Sushi bar",
    "Reek (2004); Downey, The Little Book of Semaphores, 7.1",
    "A bar has two seats. Whoever finds a free one may sit down. If all are taken, those who sit there are a party: "
    "whoever "
    "comes then waits until all of them have gone.",
    right("whoever wakes seats, too", [customer] * 4, **ASKED),
    (
        wrong(
            "the woken seat themselves",
            "invariant",
            "Until those who were woken have the mutex, newcomers find the bar empty and take the seats.",
            [seats_itself] * 5,
            **ASKED,
        ),
        wrong(
            "a seat is passed on and not counted",
            "invariant",
            "Whoever is woken sits, so that the number has to stay; else newcomers are let in beside it.",
            [takes_any_seat] * 5,
            **ASKED,
        ),
    ),
    "Whoever leaves last does the counting for those it wakes; they only sit down.",
)
