"""A barber sleeps until a customer comes; a customer who finds no free place goes away.

Source: Dijkstra, Cooperating Sequential Processes (1965), section 4.2; Downey, The Little Book of Semaphores, 5.2.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

PLACES = 2


def barber(buf):
    while True:
        buf.customer.acquire()
        buf.barber.release()
        buf.customer_done.acquire()
        buf.barber_done.release()


def customer(buf):
    buf.mutex.acquire()
    if buf.customers == PLACES:
        buf.mutex.release()
        return "went away"
    buf.customers += 1
    buf.mutex.release()
    buf.customer.release()
    buf.barber.acquire()
    buf.in_chair.fetch_add(1)
    buf.in_chair.fetch_add(-1)
    buf.customer_done.release()
    buf.barber_done.acquire()
    with buf.mutex:
        buf.customers -= 1
    return "has short hair"


def hasty_barber(buf):
    while True:
        buf.customer.acquire()
        buf.barber.release()  # BROKEN: calls the next one while this one still sits in the chair


def hasty_customer(buf):
    with buf.mutex:
        buf.customers += 1
    buf.customer.release()
    buf.barber.acquire()
    buf.in_chair.fetch_add(1)
    buf.in_chair.fetch_add(-1)
    with buf.mutex:
        buf.customers -= 1


def customer_at_the_door(buf):
    buf.mutex.acquire()
    if buf.customers == PLACES:
        return "went away"  # BROKEN: with the key of the door
    buf.customers += 1
    buf.mutex.release()
    buf.customer.release()
    buf.barber.acquire()
    buf.customer_done.release()
    buf.barber_done.acquire()
    with buf.mutex:
        buf.customers -= 1
    return "has short hair"


def one_chair(memory):
    return memory.in_chair <= 1 or f"{memory.in_chair} sit in one chair"


SIGNALS = ("customer", "barber", "customer_done", "barber_done")
SHARED = dict(customers=0, mutex=Semaphore(1), in_chair=Atomic(0), **{name: Semaphore(0) for name in SIGNALS})
ASKED = dict(shared=SHARED, invariant=one_chair)
PROBLEM = Problem(
    "Barbershop",
    "Dijkstra (1965); Downey, The Little Book of Semaphores, 5.2",
    "A barber cuts the hair of one customer at a time, and sleeps while there is none. There are two places, the "
    "chair "
    "included. A customer who finds both taken goes away.",
    right("two meetings: at the beginning and at the end", [barber] + [customer] * 3, must_finish=[1, 2, 3], **ASKED),
    (
        wrong(
            "no meeting at the end",
            "invariant",
            "The barber calls the next customer before the chair is empty.",
            [hasty_barber] + [hasty_customer] * 2,
            must_finish=[1, 2],
            **ASKED,
        ),
        wrong(
            "going away with the mutex",
            "deadlock",
            "Whoever returns early must give back what it holds: after that nobody can enter or leave.",
            [barber] + [customer_at_the_door] * 3,
            must_finish=[1, 2, 3],
            **ASKED,
        ),
    ),
    "A haircut is two meetings. Between them the customer sits in the chair, and the barber can call nobody else.",
)
