"""One at a time: a critical section with one semaphore.

Source: Dijkstra, Cooperating Sequential Processes (1965), section 4.1.
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Critical
from shmlab.memory.semaphores import Semaphore


def guarded(buf):
    with buf.mutex, buf.critical:
        buf.count += 1


def unguarded(buf):
    buf.count += 1  # BROKEN: read, add and store are three steps


def looks_first(buf):
    while buf.busy:  # BROKEN: another process may pass here before this one has stored
        pass
    buf.busy = 1
    with buf.critical:
        buf.count += 1
    buf.busy = 0


SHARED = dict(count=0, busy=0, mutex=Semaphore(1), critical=Critical())


def all_counted(memory, _):
    return memory.count == 3 or f"the count is {memory.count}, not 3"


PROBLEM = Problem(
    "Mutual exclusion",
    "Dijkstra, Cooperating Sequential Processes (1965), 4.1",
    "Several processes add one to a shared count. None of the additions may be lost.",
    right("a semaphore that starts at 1", [guarded] * 3, shared=SHARED, final=all_counted),
    (
        wrong(
            "no lock",
            "invariant",
            "count += 1 reads, adds and stores: two processes may read the same number.",
            [unguarded] * 3,
            shared=SHARED,
            final=all_counted,
        ),
        wrong(
            "a shared variable as a lock",
            "mutual-exclusion",
            "Looking whether it is free and taking it are two steps, and another process may come between.",
            [looks_first] * 2,
            shared=SHARED,
        ),
        wrong(
            "the semaphore starts at 2",
            "mutual-exclusion",
            "Its initial value is how many may be inside at once.",
            [guarded] * 3,
            shared=SHARED | dict(mutex=Semaphore(2)),
        ),
    ),
    "A process that finds the semaphore at 0 sleeps in front of it; look at who is inside meanwhile.",
)
