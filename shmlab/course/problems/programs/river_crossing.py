"""A boat takes four: all of one kind, or two of each. Whoever completes the crew is the captain, and rows last.

Source: Downey, The Little Book of Semaphores, 2nd edition, 5.7.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

CREW = 4
SIGNS = (1, 10)  # what a hacker, and what a serf, adds to the number aboard


def person(buf, mine, other):
    captain = boards(buf, mine, other)
    buf.queue[mine].acquire()
    buf.aboard.fetch_add(SIGNS[mine])
    with buf.counting:
        buf.sitting += 1
        if buf.sitting == CREW:
            buf.sitting = 0
            buf.all_aboard.release()
    if captain:
        buf.all_aboard.acquire()
        row(buf)


def captain_in_a_hurry(buf, mine, other):
    captain = boards(buf, mine, other)
    buf.queue[mine].acquire()
    buf.aboard.fetch_add(SIGNS[mine])
    if captain:
        row(buf)  # BROKEN: the others are called, and not yet aboard


def boards(buf, mine, other):
    """Wait for a crew; whether it is this person who completes it, and keeps the mutex until the boat has gone."""
    buf.mutex.acquire()
    buf.waiting[mine] += 1
    if buf.waiting[mine] == CREW:
        buf.waiting[mine] = 0
        for _ in range(CREW):
            buf.queue[mine].release()
        return True
    if buf.waiting[mine] == 2 and buf.waiting[other] >= 2:
        buf.waiting[mine] = 0
        buf.waiting[other] -= 2
        for _ in range(2):
            buf.queue[mine].release()
            buf.queue[other].release()
        return True
    buf.mutex.release()
    return False


def row(buf):
    crew = buf.aboard.swap(0)
    assert crew in (4, 22, 40), f"the boat leaves with {crew % 10} hackers and {crew // 10} serfs"
    buf.mutex.release()


SHARED = dict(
    waiting=[0, 0],
    sitting=0,
    aboard=Atomic(0),
    mutex=Semaphore(1),
    counting=Semaphore(1),
    queue=[Semaphore(0)] * 2,
    all_aboard=Semaphore(0),
)
HACKER, SERF = (0, 1), (1, 0)
PROBLEM = Problem(
    "River crossing",
    "Downey, The Little Book of Semaphores, 5.7",
    "A boat leaves with exactly four: four hackers, four serfs, or two of each, never three to one. One of them rows "
    "when all "
    "are aboard.",
    right("the captain waits for all", [(person, *HACKER)] * 2 + [(person, *SERF)] * 2, shared=SHARED),
    (
        wrong(
            "the captain does not wait",
            "exception",
            "Being called is not being aboard: the captain has to wait for the three others.",
            [(captain_in_a_hurry, *HACKER)] * 2 + [(captain_in_a_hurry, *SERF)] * 2,
            shared=SHARED,
        ),
        wrong(
            "three and one",
            "deadlock",
            "The program is right; these four cannot cross, and wait for others.",
            [(person, *HACKER)] * 3 + [(person, *SERF)],
            shared=SHARED,
        ),
    ),
    "The captain keeps the mutex until the boat has left, so that nobody is called for the next one.",
)
