"""Lesson 07, semaphores."""

from shmlab.course.exercises.find import Faulty, Find, in_size
from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.program_text import compiled
from shmlab.course.exercises.puzzle import Puzzle, Setting
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.monitor import MONITOR
from shmlab.course.exercises.tasks.semaphores import SEMAPHORES
from shmlab.course.exercises.tasks.two_producers import TWO_PRODUCERS
from shmlab.strategies import semaphores

PROGRAMS = compiled("""\
def put_mutex_first(buf, item):
    with buf.mutex:
        buf.empty.acquire()
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def put_without_mutex(buf, item):
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()
""")


def deadlock(seed: int | None) -> Setting:
    slots = (2, 1, 3)[chosen(seed, 3)]
    one = "P" * 8  # an item, from taking mutex to releasing full
    return Setting(
        f"`put` takes `mutex` first and waits for `empty` inside; `get` is right. One producer P, one consumer C, "
        f"{slots} "
        f"slot{'s' * (slots > 1)}, {slots + 1} items. Make both wait for each other, for ever.",
        PROGRAMS["put_mutex_first"],
        one * slots + "PC",
        "deadlock",
        get=semaphores.get,
        asked=dict(capacity=slots, items=slots + 1),
    )


def overwrite(seed: int | None) -> Setting:
    slots = (2, 3, 4)[chosen(seed, 3)]
    return Setting(
        f"`put` without `mutex`: two producers P0 and P1, one consumer C, {slots} slots, one item each. Make a "
        f"producer "
        "overwrite an item that nobody has read.",
        PROGRAMS["put_without_mutex"],
        "P0 P0 P1 P1 P0 P1",
        "overwrite",
        get=semaphores.get,
        asked=dict(capacity=slots, producers=2, items=1),
    )


def tokens(seed: int | None) -> Prediction:
    slots, put, got = ((6, 4, 1), (8, 5, 2), (5, 5, 3), (10, 7, 7))[chosen(seed, 4)]
    free, full = slots - put + got, put - got
    return Prediction(
        f"A buffer of {slots} slots, with the three semaphores of lesson 07. {put} items have been put, {got} taken "
        f"out, "
        "nobody is inside `put` or `get`. Which values do `empty`, `full` and `mutex` have? Give a list of the three.",
        (free, full, 1),
        f"{full} items lie there, so full is {full} and empty the other {free} of {slots}; mutex is 1, because "
        f"nobody holds it.",
        "How many items lie in the buffer now? And who holds mutex?",
        {
            (free, full, 0): "mutex is 0 while somebody is inside. Nobody is.",
            (full, free, 1): "you exchanged two: empty counts the empty slots, full the full ones.",
            (slots - put, put, 1): "the ones that were taken out again count, too.",
        },
    )


RIGHT = """def put(buf, item):
    buf.empty.acquire()
    buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.mutex.release()
    buf.full.release()


def get(buf):
    buf.full.acquire()
    buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.mutex.release()
    buf.empty.release()
    return item
"""
LINES = RIGHT.splitlines(keepends=True)


def _in_order(*numbers: int) -> str:
    """The program with its lines, counted from 1, in another order."""
    return "".join(LINES[number - 1] for number in numbers)


HEAD, TAIL = (1, 2, 3, 4, 5, 6, 7), (8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
TWO_AND_TWO = in_size(capacity=2, producers=2, consumers=2, items=2)
FAULTS = (
    Faulty(
        _in_order(*HEAD, 8, 9, 10, 12, 11, 13, 14, 15, 16, 17),
        (11, 12),
        "deadlock",
        "the consumer waits for an item while it holds mutex. In an empty buffer it then waits for a producer who "
        "waits for "
        "mutex.",
        TWO_AND_TWO,
        RIGHT,
        {2: "to wait before taking mutex is just what a process should do.", 15: "this gives mutex back in time."},
    ),
    Faulty(
        _in_order(1, 2, 3, 4, 6, 5, 7, *TAIL),
        (5, 6),
        "overwrite",
        "mutex is given back before in_ has moved on. The next producer loads the same in_ and fills the same slot.",
        TWO_AND_TWO,
        RIGHT,
        {4: "the slot is filled inside, as it should be.", 3: "mutex is taken in time. Is it held long enough?"},
    ),
    Faulty(
        _in_order(1, 7, 2, 3, 4, 5, 6, *TAIL),
        (2,),
        "empty-read",
        "full is released before the item lies there: a consumer that was waiting takes an empty slot.",
        in_size(capacity=2, producers=1, consumers=1, items=2),
        RIGHT,
        {10: "the consumer does wait for full. Who releases it, and when?"},
    ),
    Faulty(
        _in_order(*HEAD, 8, 9, 10, 11, 16, 12, 13, 14, 15, 17),
        (12,),
        "overwrite",
        "empty is released while the item still lies in its slot. A producer that gets mutex first stores over it "
        "before it "
        "is read.",
        in_size(capacity=1, producers=1, consumers=1, items=2),
        RIGHT,
        {4: "the producer stores where it was told that a slot is free. Who told it?"},
    ),
)

TASKS = (
    Predict(
        "tokens",
        "What the semaphores say",
        tokens,
        (
            "Draw the slots and put a cross into each full one.",
            "full counts the full slots, empty the others. Together they are all slots while nobody is inside.",
            "full = put - taken, empty = slots - full, mutex = 1.",
        ),
        seeded=True,
    ),
    SEMAPHORES,
    TWO_PRODUCERS,
    MONITOR,
    Puzzle(
        "deadlock",
        "Each waits for the other",
        deadlock,
        (
            "A deadlock needs a process that waits while it holds what the other needs. Who can wait inside?",
            "The producer waits inside when there is no free slot. So let it fill the buffer first.",
            "Let P put as many items as there are slots, without C. P takes mutex once more. Now let C take its "
            "first step.",
        ),
        "P holds mutex and waits for empty. Only C could give that, and C waits for mutex.",
        seeded=True,
    ),
    Puzzle(
        "overwrite",
        "Two in the same slot",
        overwrite,
        (
            "Where does a producer learn which slot it fills? It loads `in_`.",
            "Let both producers load the same `in_`.",
            "P0 acquires empty and loads in_, P1 acquires empty and loads in_. Then both store into the slot.",
        ),
        "There were two free slots, and both producers took the same.",
        seeded=True,
    ),
    Find(
        "exchanged",
        "Lines in the wrong place",
        "Several producers and consumers use this buffer. One line stands where it must not (or two are exchanged). "
        "Which line "
        "is it, and what goes wrong? Answer with its number and a word.",
        lambda seed: FAULTS[chosen(seed, len(FAULTS))],
        (
            "Go through each function: when does it wait, what does it hold meanwhile?",
            "Right order of put: wait for room, take mutex, slot, index, give mutex back, tell that there is an item.",
            "Compare with `show(strategies.semaphores.put)` and get, line by line.",
        ),
    ),
)
