"""Readers may share, a writer must be alone. The first reader takes the room, the last one gives it back.

Source: Courtois, Heymans, Parnas, Concurrent Control with "Readers" and "Writers" (1971).
"""

from shmlab.course.problems.problem import Problem, right, wrong
from shmlab.explorer.program.cells import Atomic
from shmlab.memory.semaphores import Semaphore


def reader(buf):
    with buf.mutex:
        buf.count += 1
        if buf.count == 1:
            buf.room_empty.acquire()
    buf.reading.fetch_add(1)
    buf.reading.fetch_add(-1)
    with buf.mutex:
        buf.count -= 1
        if buf.count == 0:
            buf.room_empty.release()


def writer(buf):
    with buf.room_empty:
        buf.writing.fetch_add(1)
        buf.writing.fetch_add(-1)


def reader_without_mutex(buf):
    buf.count += 1  # BROKEN: two readers may both be the first
    if buf.count == 1:
        buf.room_empty.acquire()
    buf.reading.fetch_add(1)
    buf.reading.fetch_add(-1)
    buf.count -= 1
    if buf.count == 0:
        buf.room_empty.release()


def fair_reader(buf):
    buf.turnstile.acquire()
    buf.turnstile.release()
    reader(buf)


def fair_writer(buf):
    with buf.turnstile:
        buf.room_empty.acquire()
        buf.writing.fetch_add(1)
        buf.writing.fetch_add(-1)
    buf.room_empty.release()


def reads_for_ever(buf):
    while True:
        reader(buf)


def apart(memory):
    ok = memory.writing == 0 or (memory.writing == 1 and memory.reading == 0)
    return ok or f"{memory.reading} read and {memory.writing} write"


SHARED = dict(
    count=0, reading=Atomic(0), writing=Atomic(0), mutex=Semaphore(1), room_empty=Semaphore(1), turnstile=Semaphore(1)
)
PROBLEM = Problem(
    "Readers and writers",
    "Courtois, Heymans, Parnas (1971)",
    "Any number of readers may look at something at the same time. A writer has to be alone with it.",
    right(
        "the first takes the room, with a turnstile",
        [fair_reader] * 2 + [fair_writer] * 2,
        shared=SHARED,
        invariant=apart,
    ),
    (
        wrong(
            "readers count without a mutex",
            "invariant",
            "Two readers may read the same count: then none of them, or both, take the room.",
            [reader_without_mutex] * 2 + [writer],
            shared=SHARED,
            invariant=apart,
        ),
        wrong(
            "readers without a turnstile",
            "starvation",
            "As long as one reader comes before the last has gone, the room is never empty, and the writer waits for "
            "ever.",
            [reads_for_ever, reads_for_ever, writer],
            shared=SHARED,
            must_finish=[2],
            fairness="strong",
        ),
    ),
    "The turnstile is held by a writer that waits for the readers inside: later readers queue behind it.",
)
