"""Two processes meet: neither goes on before the other has come.

Source: Downey, The Little Book of Semaphores, 2nd edition, 3.3.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore


def meet(buf, mine, other):
    buf.before[mine] = 1
    buf.arrived[mine].release()
    buf.arrived[other].acquire()
    assert buf.before[other], "went on before the other had come"


def wait_first(buf, mine, other):
    buf.before[mine] = 1
    buf.arrived[other].acquire()  # BROKEN: the other one waits for this process, too
    buf.arrived[mine].release()
    assert buf.before[other], "went on before the other had come"


def one_waits(buf, mine, other):
    buf.before[mine] = 1
    if mine == 0:
        buf.arrived[other].acquire()
    else:
        buf.arrived[mine].release()  # BROKEN: goes on at once
    assert buf.before[other], "went on before the other had come"


ASKED = dict(shared=dict(before=[0, 0], arrived=[Semaphore(0), Semaphore(0)]))
PROBLEM = Problem(
    "Rendezvous",
    "Downey, The Little Book of Semaphores, 3.3",
    "Two processes do something before they meet and something after. Neither may go on before both have come.",
    right("each tells, then waits", [(meet, 0, 1), (meet, 1, 0)], **ASKED),
    (
        wrong(
            "each waits, then tells",
            "deadlock",
            "Both wait for a signal that the other would only give afterwards.",
            [(wait_first, 0, 1), (wait_first, 1, 0)],
            **ASKED,
        ),
        wrong(
            "only one waits",
            "exception",
            "Only a process that waits is held back: each needs a semaphore of its own to wait for.",
            [(one_waits, 0, 1), (one_waits, 1, 0)],
            **ASKED,
        ),
    ),
    "Whoever comes first sleeps at its acquire, and the release of the second wakes it.",
)
