"""Lesson 05, producer and consumer."""

from shmlab.course.exercises.find import Faulty, Find, in_size
from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.index_buffer import INDEX_BUFFER

SPEEDS = ((8, 6, 4), (15, 7, 4), (30, 9, 4), (18, 8, 5), (12, 10, 4), (40, 11, 6), (21, 5, 2))


def full_after(seed: int | None) -> Prediction:
    slots, fast, slow = SPEEDS[chosen(seed, len(SPEEDS))]
    return Prediction(
        f"An empty buffer has {slots} slots. The producer makes {fast} items a second, the consumer takes {slow} a "
        f"second. "
        "After about how many seconds does the producer have to wait for the first time?",
        slots / (fast - slow),
        f"each second {fast - slow} items more go in than come out, so {slots} slots are full after "
        f"{slots / (fast - slow):g} s. From then on the producer is as slow as the consumer.",
        "How many more items lie in the buffer after each second?",
        {
            slots / fast: "that would be so if nobody took anything out.",
            slots / slow: "that is how long the consumer needs for one bufferful. What does the producer do meanwhile?",
            float(slots): "that would be right if one item more lay there each second. How many are it?",
        },
    )


WRAP = """def put(buf, item):
    while (buf.in_ + 1) % buf.capacity == buf.out:
        pass
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity


def get(buf):
    while buf.in_ == buf.out:
        pass
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    return item
"""
LINES = WRAP.splitlines(keepends=True)


def _with(changes: dict[int, str]) -> str:
    """The program with some lines, counted from 1, replaced."""
    return "".join(changes.get(number, line) for number, line in enumerate(LINES, 1))


SMALL = in_size(capacity=2, items=3)
FAULTS = (
    Faulty(
        _with({4: LINES[4], 5: LINES[3]}),
        (4, 5),
        "empty-read",
        "moving in_ hands the slot over. Here it is moved before the item lies there, so the consumer can look into "
        "a slot "
        "that is still empty.",
        SMALL,
        WRAP,
        {2: "the waiting is right: one slot stays free, so that full does not look like empty."},
    ),
    Faulty(
        _with({11: LINES[11], 12: LINES[10]}),
        (11, 12),
        "empty-read",
        "moving out gives the slot back, and here the item is read after that: it looks into the next slot, where "
        "nothing "
        "lies yet.",
        SMALL,
        WRAP,
        {9: "a consumer does wait while the two are equal."},
    ),
    Faulty(
        _with({2: "    if (buf.in_ + 1) % buf.capacity == buf.out:\n"}),
        (2,),
        "overwrite",
        "`if` looks once. When the buffer is full at that moment, the producer goes on all the same and stores over "
        "an item.",
        SMALL,
        WRAP,
        {4: "the store is right, if there is room. Who says so?", 5: "the index goes round as it should."},
    ),
    Faulty(
        _with({9: "    if buf.in_ == buf.out:\n"}),
        (9,),
        "empty-read",
        "`if` looks once. When the buffer is empty at that moment, the consumer goes on all the same and takes "
        "nothing.",
        SMALL,
        WRAP,
        {11: "the load is right, if an item lies there. Who says so?"},
    ),
)

TASKS = (
    Predict(
        "full_after",
        "How long a buffer helps",
        full_after,
        (
            "Think of one second: so many go in, so many come out.",
            "The number of items in the buffer grows by the difference of the two speeds, each second.",
            "Slots divided by (speed in minus speed out).",
        ),
        seeded=True,
    ),
    INDEX_BUFFER,
    Find(
        "one_wrong_line",
        "One line is wrong",
        "One producer and one consumer use this buffer; it needs no semaphore, but one line is wrong or stands in "
        "the wrong "
        "place. Which line is it, and what goes wrong with 2 slots and 3 items? Answer with its number and a word.",
        lambda seed: FAULTS[chosen(seed, len(FAULTS))],
        (
            "Read put as the consumer sees it: which store tells it that it may go on?",
            "What lies in the slot at the moment when the index moves?",
            "Compare with the two functions that you wrote for `index_buffer`, line by line.",
        ),
    ),
)
