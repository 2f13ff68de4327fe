"""Lesson 10, when a process dies."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.repair import REPAIR

POINTS = (
    ("after `empty.acquire()`, before `mutex.acquire()`", 1, 0, 1),
    ("after `mutex.acquire()`, before the slot is filled", 1, 0, 0),
    ("after `mutex.release()`, before `full.release()`", 1, 0, 1),
    ("after its last line", 1, 1, 1),
)


def left_behind(seed: int | None) -> Prediction:
    where, taken, given, mutex = POINTS[chosen(seed, len(POINTS))] if seed is not None else POINTS[1]
    slots, used = 4, 1
    empty, full = slots - used - taken, used + given
    return Prediction(
        f"A buffer with {slots} slots, of which {used} is full, and the three semaphores of lesson 07. A producer is "
        f"killed inside "
        f"`put`, {where}. Nobody else is inside. Which values do `empty`, `full` and `mutex` have now, before "
        f"anybody repairs "
        "anything? Give a list of the three.",
        (empty, full, mutex),
        "what a process has taken from a semaphore is not given back by its death. The kernel does not even know "
        "what it stood for.",
        "Go through `put` line by line. What was done stays done, what was not done is never done.",
        {
            (slots - used, used, 1): "so it was before. A death takes nothing back.",
            (empty, full + 1, mutex): "the item has not been told of: full.release() comes last.",
            (empty, full, 1 - mutex): "look at mutex again: was it taken, and was it given back, before the kill?",
        },
    )


KINDS = frozenset({"index", "slots", "semaphores", "name"})


def what_stays(seed: int | None) -> Prediction:
    return Prediction(
        "All processes of a lab are killed at once with SIGKILL. Which of these are still there on Linux? 'index' "
        "(the words in_ and "
        "out in the segment), 'slots' (the items in their slots), 'semaphores' (with their values), 'name' (the "
        "entry in /dev/shm), "
        "'mapping' (of the segment into an address space), 'lock' (the flock that the owner held). Give a list.",
        KINDS,
        "the segment, its bytes, its name and the semaphores live in /dev/shm, without any process. Mappings, and a "
        "lock on a file, "
        "end with the process that had them: that is how one sees that the owner is dead.",
        "What belongs to a process, and what has a name of its own?",
        {
            KINDS | {"lock"}: "a flock belongs to an open file, and those are closed with their process.",
            KINDS | {"mapping"}: "an address space ends with its process.",
            frozenset(): "SIGKILL lets nobody tidy up.",
        },
    )


TASKS = (
    Predict(
        "left_behind",
        "What a dead process leaves",
        left_behind,
        (
            "Before: empty is 3, full is 1, mutex is 1. Now go through `put`.",
            "Each acquire takes one, each release gives one. Stop at the kill.",
            "Nothing is taken back.",
        ),
        seeded=True,
    ),
    Predict(
        "what_stays",
        "What stays when all are gone",
        what_stays,
        (
            "What can another process find afterwards in /dev/shm?",
            "Two of the six end with the processes.",
            "An address space, and all files that are open, end with their process.",
        ),
    ),
    REPAIR,
)
