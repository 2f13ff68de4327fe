"""Immigrants come in and check in; a judge comes and confirms them when all inside have checked in; then they may go.

Source: Hemmendinger, in Downey, The Little Book of Semaphores, 2nd edition, 7.5.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.memory.semaphores import Semaphore


def immigrant(buf):
    with buf.no_judge:
        assert not buf.judge, "came in while the judge was in"
        buf.entered += 1
    buf.mutex.acquire()
    buf.checked += 1
    if buf.judge and buf.entered == buf.checked:
        buf.all_checked.release()  # and the mutex goes to the judge
    else:
        buf.mutex.release()
    buf.confirmed.acquire()
    with buf.no_judge:
        assert not buf.judge, "left while the judge was in"


def judge(buf):
    with buf.no_judge:
        buf.mutex.acquire()
        buf.judge = 1
        if buf.entered > buf.checked:
            buf.mutex.release()
            buf.all_checked.acquire()
        confirm(buf)
        buf.mutex.release()


def confirm(buf):
    assert buf.entered == buf.checked, "confirmed before all had checked in"
    for _ in range(buf.checked):
        buf.confirmed.release()
    buf.entered = 0
    buf.checked = 0
    buf.judge = 0


def spectator(buf):
    with buf.no_judge:
        assert not buf.judge, "came in while the judge was in"


def judge_in_a_hurry(buf):
    with buf.no_judge, buf.mutex:
        buf.judge = 1
        confirm(buf)  # BROKEN: somebody may be on the way to check in


def immigrant_who_forgets_the_judge(buf):
    with buf.no_judge:
        buf.entered += 1
    with buf.mutex:
        buf.checked += 1  # BROKEN: the judge may be waiting for this one
    buf.confirmed.acquire()


SHARED = dict(
    entered=0,
    checked=0,
    judge=0,
    no_judge=Semaphore(1),
    mutex=Semaphore(1),
    confirmed=Semaphore(0),
    all_checked=Semaphore(0),
)
PROBLEM = Problem(
    "Faneuil Hall",
    "Downey, The Little Book of Semaphores, 7.5",
    "Immigrants come into a hall and check in. While the judge is in, nobody may come in, and no immigrant may go. "
    "The judge "
    "confirms all who are in when the last of them has checked in.",
    right(
        "the mutex goes to the judge",
        [judge, spectator, immigrant, immigrant],
        shared=SHARED,
        must_finish=[0, 1],
    ),
    (
        wrong(
            "the judge does not wait",
            "exception",
            "The judge has to wait for immigrants who have come in and not yet checked in.",
            [judge_in_a_hurry, immigrant, immigrant],
            shared=SHARED,
            must_finish=[0],
        ),
        wrong(
            "nobody tells the judge",
            "deadlock",
            "The last immigrant to check in has to wake a judge who waits.",
            [judge, immigrant_who_forgets_the_judge],
            shared=SHARED,
            must_finish=[0],
        ),
    ),
    "An immigrant that wakes the judge does not give the mutex back: the judge does, when all are confirmed.",
)
