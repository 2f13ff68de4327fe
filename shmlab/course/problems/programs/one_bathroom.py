"""One bathroom for two groups: never both at once, and never more than it has places.

Source: Andrews, Concurrent Programming (1991); Downey, The Little Book of Semaphores, 2nd edition, 6.2.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

PLACES = 2
SIGNS = (1, 10)  # what somebody of the first, and of the second group adds to the number inside


def person(buf, mine):
    buf.turnstile.acquire()  # who waits here lets nobody overtake
    enter(buf, mine)
    buf.turnstile.release()
    use(buf, mine)


def enter(buf, mine):
    """The first of a group takes the room for all of it."""
    with buf.switch[mine]:
        buf.count[mine] += 1
        if buf.count[mine] == 1:
            buf.empty.acquire()


def use(buf, mine):
    with buf.places[mine]:
        buf.inside.fetch_add(SIGNS[mine])
        buf.inside.fetch_add(-SIGNS[mine])
    with buf.switch[mine]:
        buf.count[mine] -= 1
        if buf.count[mine] == 0:
            buf.empty.release()


def without_turnstile(buf, mine):
    enter(buf, mine)
    use(buf, mine)


def comes_again(buf, mine):
    while True:
        without_turnstile(buf, mine)


def gives_back_what_another_took(buf, mine):
    enter(buf, mine)
    buf.inside.fetch_add(SIGNS[mine])
    buf.inside.fetch_add(-SIGNS[mine])
    with buf.switch[mine]:
        buf.count[mine] -= 1
        buf.empty.release()  # BROKEN: only the last of the group may


def apart(memory):
    second, first = divmod(memory.inside, 10)
    return (min(first, second) == 0 and max(first, second) <= PLACES) or f"{first} and {second} are inside"


SHARED = dict(
    count=[0, 0],
    inside=Atomic(0),
    turnstile=Semaphore(1),
    empty=Semaphore(1),
    switch=[Semaphore(1)] * 2,
    places=[Semaphore(PLACES)] * 2,
)
PROBLEM = Problem(
    "One bathroom",
    "Andrews (1991); Downey, The Little Book of Semaphores, 6.2",
    "Two groups of people share a bathroom with two places. People of different groups must never be inside "
    "together, and "
    "neither group may keep the other out for ever.",
    right(
        "a switch for each group, and a turnstile",
        [(person, 0)] * 2 + [(person, 1)] * 2,
        shared=SHARED,
        invariant=apart,
    ),
    (
        wrong(
            "each gives the room back",
            "invariant",
            "The first of a group takes the room for all of it, so the last one has to give it back.",
            [(gives_back_what_another_took, 0)] * 2 + [(gives_back_what_another_took, 1)],
            shared=SHARED,
            invariant=apart,
        ),
        wrong(
            "without a turnstile",
            "starvation",
            "As long as one of a group comes before the last has gone, the other group waits.",
            [(comes_again, 0), (comes_again, 0), (without_turnstile, 1)],
            shared=SHARED,
            must_finish=[2],
            fairness="strong",
        ),
    ),
    "Whoever waits for the room to be empty holds the turnstile: both groups queue behind it.",
)
