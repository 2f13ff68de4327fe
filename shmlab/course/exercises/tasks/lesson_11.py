"""Lesson 11, shared memory or messages."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.readers_writers import READERS_WRITERS

SIZES = ((1, 10), (4, 5), (2, 25), (8, 3))  # MiB of an item, items


def copied(seed: int | None) -> Prediction:
    size, items = SIZES[chosen(seed, len(SIZES))]
    return Prediction(
        f"A producer has {items} pictures of {size} MiB each in its own memory. First it sends them through a pipe; "
        f"the consumer reads "
        "them into its own memory. Then it does it again with a segment: it copies each picture into a slot, and the "
        "consumer looks at "
        "it there, in place. How many MiB are copied in all, with the pipe and with the segment? Give a list of two "
        "numbers.",
        (2 * size * items, size * items),
        "through a pipe each byte is copied twice, into the kernel and out of it; into a segment once. And if the "
        "producer makes its "
        "picture in the slot itself, not even that.",
        "Follow one byte, from the producer's memory to where the consumer looks at it.",
        {
            (
                size * items,
                0,
            ): "the picture lies in the producer's own memory at first. And a pipe keeps what it was given, until it "
            "is "
            "read.",
            (
                size * items,
                size * items,
            ): "a pipe keeps what it was given until it is read. So where is the byte in between?",
            (
                2 * size * items,
                0,
            ): "the picture lies in the producer's own memory at first: into the slot it has to be copied.",
            (
                2 * size * items,
                2 * size * items,
            ): "the consumer looks at it in place: it does not copy it out of the slot.",
        },
    )


CASES = {
    "a log of one line a second": "pipe",
    "video frames between two programs of one machine": "segment",
    "a table that twenty programs look up": "segment",
    "requests to a program on another machine": "socket",
    "commands to a child program": "pipe",
}


def which_way(seed: int | None) -> Prediction:
    names = list(CASES)
    words = "; ".join(f"({number}) {name}" for number, name in enumerate(names, 1))
    return Prediction(
        f"Choose the simplest way that serves well: 'pipe', 'socket' or 'segment'. {words}. Give a list of five words.",
        tuple(CASES.values()),
        "where little is sent, a pipe is simpler, and it brings its own synchronisation. Memory is shared within one "
        "machine only. "
        "Much data, or many readers of the same, is what segments are for.",
        "How much is sent, how often, to how many, and how far?",
        {},
    )


TASKS = (
    Predict(
        "copied",
        "How often a byte is copied",
        copied,
        (
            "Where does a byte lie after `write`, and before `read`?",
            "Into the kernel, out of the kernel: twice. Into the slot: once.",
            "Twice the size of all pictures, and once.",
        ),
        seeded=True,
    ),
    Predict(
        "which_way",
        "The right tool",
        which_way,
        (
            "Two processes of different machines have no memory in common.",
            "A pipe sleeps and wakes for you. If it is fast enough, why build that yourself?",
            "Two of the five need a segment, one a socket, two a pipe.",
        ),
    ),
    READERS_WRITERS,
)
