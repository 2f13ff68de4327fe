"""Nobody is left at the table alone: who has eaten waits if exactly one other would go on eating by itself.

Source: Downey, The Little Book of Semaphores, 2nd edition, 7.6 (the dining hall problem).
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

EATS = 10  # what somebody who eats adds to `hall`, to which everybody at the table adds 1


def student(buf):
    sit_down(buf)
    buf.mutex.acquire()
    finish(buf)
    if buf.eating == 1 and buf.ready == 1:  # the other one would eat alone
        buf.mutex.release()
        buf.may_go.acquire()
        return
    if buf.eating == 0 and buf.ready == 2:  # somebody waits for this one
        get_up(buf, 2)
        buf.may_go.release()
    else:
        get_up(buf, 1)
    buf.mutex.release()


def sit_down(buf):
    with buf.mutex:
        buf.hall.fetch_add(EATS + 1)
        buf.eating += 1
        if buf.eating == 2 and buf.ready == 1:  # the one that waits is not needed any more
            get_up(buf, 1)
            buf.may_go.release()


def finish(buf):
    buf.hall.fetch_add(-EATS)
    buf.eating -= 1
    buf.ready += 1


def get_up(buf, number):
    """Students who are ready get up; whoever lets one go does this for it, with the mutex."""
    buf.ready -= number
    left = buf.hall.fetch_add(-number) - number
    assert left != EATS + 1, "left somebody to eat alone"


def student_in_a_hurry(buf):
    sit_down(buf)
    with buf.mutex:
        finish(buf)
        get_up(buf, 1)  # BROKEN: one may be left


def student_who_forgets(buf):
    sit_down(buf)
    buf.mutex.acquire()
    finish(buf)
    if buf.eating == 1 and buf.ready == 1:
        buf.mutex.release()
        buf.may_go.acquire()
    else:
        get_up(buf, 1)  # BROKEN: somebody may be waiting for this one
        buf.mutex.release()


ASKED = dict(shared=dict(eating=0, ready=0, hall=Atomic(0), mutex=Semaphore(1), may_go=Semaphore(0)))
PROBLEM = Problem(
    "Dining hall",
    "Downey, The Little Book of Semaphores, 7.6",
    "Students sit down, eat and get up. Nobody may be left to eat alone: whoever has eaten stays as long as exactly "
    "one "
    "other is still eating.",
    right("two may go together", [student] * 3, **ASKED),
    (
        wrong(
            "getting up at once",
            "exception",
            "Whoever gets up has to look first who would be left.",
            [student_in_a_hurry] * 2,
            **ASKED,
        ),
        wrong(
            "waiting for nobody",
            "deadlock",
            "The last to eat has to tell the one who has waited for it.",
            [student_who_forgets] * 2,
            **ASKED,
        ),
    ),
    "A student who waits is set free in two ways: another one sits down, or the last one has eaten.",
)
