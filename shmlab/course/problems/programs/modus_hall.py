"""A path through the snow, too narrow for two groups at once: where they meet, the majority decides who steps aside.

Source: Downey, The Little Book of Semaphores, 2nd edition, 6.4 (the Modus Hall problem).
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore

NOBODY, SHUT = -1, 2  # whose the path is: that of group 0 or 1, nobody's, or shut for newcomers until it is empty
SIGNS = (1, 10)


def walker(buf, mine, other):
    enter(buf, mine, other)
    walk(buf, mine)
    leave(buf, mine, other)


def enter(buf, mine, other):
    buf.mutex.acquire()
    if buf.path in (NOBODY, mine):
        buf.path = mine
        buf.walking[mine] += 1
        buf.mutex.release()
    else:
        buf.waiting[mine] += 1
        if buf.path == other and buf.waiting[mine] > buf.walking[other]:
            buf.path = SHUT
        buf.mutex.release()
        buf.queue[mine].acquire()


def walk(buf, mine):
    buf.inside.fetch_add(SIGNS[mine])
    buf.inside.fetch_add(-SIGNS[mine])


def leave(buf, mine, other):
    with buf.mutex:
        buf.walking[mine] -= 1
        if buf.walking[mine] == 0:
            buf.path = other if buf.waiting[other] else mine if buf.waiting[mine] else NOBODY
            if buf.path != NOBODY:
                let_in(buf, buf.path)
        elif buf.path == mine and buf.waiting[other] > buf.walking[mine]:
            buf.path = SHUT


def let_in(buf, group):
    """All who wait, counted before they are woken."""
    number = buf.waiting[group]
    buf.waiting[group] = 0
    buf.walking[group] = number
    for _ in range(number):
        buf.queue[group].release()


def enter_and_count_later(buf, mine, other):
    buf.mutex.acquire()
    if buf.path in (NOBODY, mine):
        buf.path = mine
        buf.walking[mine] += 1
        buf.mutex.release()
    else:
        buf.waiting[mine] += 1
        buf.mutex.release()
        buf.queue[mine].acquire()
        with buf.mutex:
            buf.waiting[mine] -= 1
            buf.walking[mine] += 1  # BROKEN: until now nobody knew that it was on its way


def walker_counted_later(buf, mine, other):
    enter_and_count_later(buf, mine, other)
    walk(buf, mine)
    with buf.mutex:
        buf.walking[mine] -= 1
        if buf.walking[mine] == 0:
            buf.path = other if buf.waiting[other] else NOBODY
            for _ in range(buf.waiting[other]):
                buf.queue[other].release()


def walks_again(buf, mine):
    while True:
        buf.mutex.acquire()
        if buf.walking[mine] == 0:
            buf.path_free.acquire()
        buf.walking[mine] += 1
        buf.mutex.release()
        with buf.mutex:
            buf.walking[mine] -= 1  # BROKEN: whoever comes keeps the path, whatever the majority
            if buf.walking[mine] == 0:
                buf.path_free.release()


def waits_for_the_path(buf):
    with buf.path_free:
        pass


def apart(memory):
    second, first = divmod(memory.inside, 10)
    return not (first and second) or f"{first} and {second} walk towards each other"


SHARED = dict(
    path=NOBODY,
    walking=[0, 0],
    waiting=[0, 0],
    inside=Atomic(0),
    mutex=Semaphore(1),
    queue=[Semaphore(0)] * 2,
    path_free=Semaphore(1),
)
PROBLEM = Problem(
    "Modus Hall",
    "Downey, The Little Book of Semaphores, 6.4",
    "Two groups of people walk on the same narrow path in opposite directions, never both at once. As soon as more "
    "of the "
    "other group wait than walk, newcomers are kept out until the path is empty; then the others go.",
    right(
        "whoever leaves last passes the path on",
        [(walker, 0, 1)] * 2 + [(walker, 1, 0)] * 2,
        shared=SHARED,
        invariant=apart,
    ),
    (
        wrong(
            "counted when awake",
            "invariant",
            "Between being woken and counting itself, a walker is counted nowhere: the path seems empty, and is "
            "given away.",
            [(walker_counted_later, 0, 1)] * 2 + [(walker_counted_later, 1, 0)] * 2,
            shared=SHARED,
            invariant=apart,
        ),
        wrong(
            "whoever comes may follow",
            "starvation",
            "As long as one of the group comes before the last has gone, the other group waits.",
            [(walks_again, 0), (walks_again, 0), waits_for_the_path],
            shared=SHARED,
            must_finish=[2],
            fairness="strong",
        ),
    ),
    "Look at `path`: it is shut as soon as those who wait are more than those who walk.",
)
