"""The barbershop in which customers are served in the order of their coming: each waits for a semaphore of its own.

Source: Downey, The Little Book of Semaphores, 2nd edition, 5.3.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

CUSTOMERS = 3


def barber(buf):
    for turn in range(CUSTOMERS):
        buf.customer.acquire()
        with buf.mutex:
            first = buf.queue[turn]
        buf.called[first].release()
        buf.customer_done.acquire()


def customer(buf, me):
    with buf.mutex:
        ticket = buf.tickets
        buf.queue[ticket] = me
        buf.tickets += 1
    buf.customer.release()
    buf.called[me].acquire()
    assert buf.served.fetch_add(1) == ticket, "was served before somebody who came first"
    buf.customer_done.release()


def barber_of_all(buf):
    for _ in range(CUSTOMERS):
        buf.customer.acquire()
        buf.called[0].release()  # BROKEN: for whoever is the first to take it
        buf.customer_done.acquire()


def customer_of_many(buf, me):
    with buf.mutex:
        ticket = buf.tickets
        buf.tickets += 1
    buf.customer.release()
    buf.called[0].acquire()
    assert buf.served.fetch_add(1) == ticket, "was served before somebody who came first"
    buf.customer_done.release()


def customer_in_two_steps(buf, me):
    with buf.mutex:
        ticket = buf.tickets
        buf.tickets += 1
    with buf.mutex:  # BROKEN: another one may stand in the queue by now
        buf.queue[buf.stand] = me
        buf.stand += 1
    buf.customer.release()
    buf.called[me].acquire()
    assert buf.served.fetch_add(1) == ticket, "was served before somebody who came first"
    buf.customer_done.release()


SHARED = dict(
    tickets=0,
    stand=0,
    queue=[None] * CUSTOMERS,
    served=Atomic(0),
    mutex=Semaphore(1),
    customer=Semaphore(0),
    called=[Semaphore(0)] * CUSTOMERS,
    customer_done=Semaphore(0),
)
PROBLEM = Problem(
    "FIFO barbershop",
    "Downey, The Little Book of Semaphores, 5.3",
    "The barbershop again; now customers are served in the order in which they came.",
    right("a semaphore for each, in a queue", [barber, *((customer, i) for i in range(CUSTOMERS))], shared=SHARED),
    (
        wrong(
            "one semaphore for all",
            "exception",
            "A semaphore does not promise to wake the one that has waited longest.",
            [barber_of_all, *((customer_of_many, i) for i in range(CUSTOMERS))],
            shared=SHARED,
        ),
        wrong(
            "a ticket first, then the queue",
            "exception",
            "Taking a ticket and standing in the queue have to be one critical section.",
            [barber, *((customer_in_two_steps, i) for i in range(CUSTOMERS))],
            shared=SHARED,
        ),
    ),
    "The queue holds the numbers of those who wait; the barber wakes exactly the first.",
)
