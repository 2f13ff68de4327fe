"""Savages eat from one pot; whoever finds it empty wakes the cook and waits until it is full.

Source: Andrews, Concurrent Programming (1991); Downey, The Little Book of Semaphores, 2nd edition, 5.1.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore

POT = 2


def cook(buf):
    while True:
        buf.empty_pot.acquire()
        assert buf.servings == 0, "fills a pot that is not empty"
        buf.servings = POT
        buf.full_pot.release()


def savage(buf):
    with buf.mutex:
        if buf.servings == 0:
            buf.empty_pot.release()
            buf.full_pot.acquire()
        buf.servings -= 1


def impatient_savage(buf):
    with buf.mutex:
        if buf.servings == 0:
            buf.empty_pot.release()  # BROKEN: does not wait until the pot is full
        buf.servings -= 1


def waits_outside(buf):
    buf.mutex.acquire()
    if buf.servings == 0:
        buf.mutex.release()  # BROKEN: the next one finds the pot empty, too, and wakes the cook again
        buf.empty_pot.release()
        buf.full_pot.acquire()
        buf.mutex.acquire()
    buf.servings -= 1
    buf.mutex.release()


def never_negative(memory):
    return memory.servings >= 0 or "somebody eats out of an empty pot"


ASKED = dict(
    shared=dict(servings=0, mutex=Semaphore(1), empty_pot=Semaphore(0), full_pot=Semaphore(0)), invariant=never_negative
)
PROBLEM = Problem(
    "Dining savages",
    "Andrews (1991); Downey, The Little Book of Semaphores, 5.1",
    "A pot holds two servings. Savages take one each; whoever finds the pot empty wakes the cook, and waits. The "
    "cook fills "
    "only an empty pot.",
    right("wait with the mutex", [cook] + [savage] * 3, must_finish=[1, 2, 3], **ASKED),
    (
        wrong(
            "not waiting for the cook",
            "invariant",
            "Waking the cook fills no pot yet: the savage has to wait until it is full.",
            [cook] + [impatient_savage] * 2,
            must_finish=[1, 2],
            **ASKED,
        ),
        wrong(
            "waiting without the mutex",
            "exception",
            "Meanwhile others find the pot empty as well, and the cook is woken for a pot that is full by then.",
            [cook] + [waits_outside] * 3,
            must_finish=[1, 2, 3],
            **ASKED,
        ),
    ),
    "Here it is right to wait with the mutex: the cook does not need it, and nobody else may look into the pot.",
)
