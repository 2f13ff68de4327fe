"""Lesson 06, races."""

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.program_text import compiled
from shmlab.course.exercises.puzzle import Puzzle, Setting
from shmlab.course.exercises.task import chosen
from shmlab.explorer.explore import explore
from shmlab.explorer.program.cells import View
from shmlab.strategies import unsynchronised

PROGRAMS = compiled("""\
def increment(buf):
    buf.count += 1


def add(buf, times):
    for _ in range(times):
        buf.count += 1
""")


def ends_at(number: int):  # type: ignore[no-untyped-def]
    """A judge of the end that is content with every number but this one."""
    return lambda memory, _: memory.count != number or f"count is {number}"


STARTS = (0, 5, 10, 40, 100)


def vanish(seed: int | None) -> Setting:
    start = STARTS[chosen(seed, len(STARTS))]

    def both(memory: View, _: object) -> object:
        return memory["count"] == start + 2 or f"count is {memory['count']}, not {start + 2}"

    return Setting(
        f"Two processes, P0 and P1, run `buf.count += 1` once each; `count` starts at {start}. Let both come to "
        f"their end "
        f"with `count` at {start + 1}: one update vanishes.",
        [PROGRAMS["increment"], PROGRAMS["increment"]],
        "P0 P1 P0 P1",
        (f"Let both end with count at {start + 1}.", "invariant"),
        asked=dict(shared=dict(count=start), final=both),
    )


ROUNDS = (3, 4, 5)


def smallest(seed: int | None) -> Setting:
    times = ROUNDS[chosen(seed, len(ROUNDS))]
    inner = " ".join(["P1 P1"] * (times - 1))
    rest = " ".join(["P0 P0"] * (times - 1))
    return Setting(
        f"Now each of the two runs `buf.count += 1` {times} times, so `count` should end at {2 * times}. Let it end "
        f"at **2**.",
        [(PROGRAMS["add"], times), (PROGRAMS["add"], times)],
        f"P0 {inner} P0 P1 {rest} P1",
        ("Let both end with count at 2.", "invariant"),
        asked=dict(shared=dict(count=0), final=ends_at(2)),
    )


def twice(seed: int | None) -> Setting:
    items = (3, 4)[chosen(seed, 2)]
    schedule = "PPPPPPPPPPPPPCCCCCCCPPCCCCCCCCC"
    verdict = explore(unsynchronised.put, unsynchronised.get, items=items, progress=lambda *_: True)
    if verdict.fault == "duplicated":
        schedule = verdict.schedule or ""
    return Setting(
        f"The buffer of lesson 06, without semaphores: one producer P, one consumer C, 2 slots, {items} items. Make "
        f"the same "
        "item come out twice.",
        unsynchronised.put,
        schedule,
        "duplicated",
        get=unsynchronised.get,
        asked=dict(items=items),
    )


STEPS = ((2, 2), (2, 3), (3, 3), (3, 4), (4, 4))


def interleavings(seed: int | None) -> Prediction:
    first, second = STEPS[chosen(seed, len(STEPS))] if seed is not None else (3, 3)

    def steps(buf, number):  # type: ignore[no-untyped-def]
        for _ in range(number):
            buf.x = 1

    def counted() -> object:
        paths = explore([(steps, first), (steps, second)], shared=dict(x=0), progress=lambda *_: True).paths
        assert paths
        return paths[0]

    return Prediction(
        f"P0 takes {first} steps, P1 takes {second}; nobody ever has to wait. How many interleavings are there?",
        counted,
        f"of {first + second} places in the row, {first} belong to P0. Which ones can be chosen freely; what is left "
        f"belongs "
        "to P1, and the order of each process's own steps is fixed.",
        "An interleaving is a word of P0's and P1's letters. How many such words are there?",
        {
            first * second: "you multiplied. Count for 1 and 1 step: there are two, not one.",
            2
            ** (
                first + second
            ): "in that count P0 could take all the steps. Each process takes its own number, no other.",
            first + second: "that is the number of steps.",
        },
    )


def survivors(seed: int | None) -> Prediction:
    start, plus, minus = ((10, 1, 3), (20, 5, 2), (50, 10, 7), (7, 1, 2))[chosen(seed, 4)]
    return Prediction(
        f"`count` starts at {start}. P0 runs `buf.count += {plus}`, P1 runs `buf.count -= {minus}`, once each. Both "
        f"have come "
        "to their end. Which values can `count` have? Give a list.",
        frozenset({start + plus, start - minus, start + plus - minus}),
        "either both updates count, or the later store wipes out the other one: its value was made of the old number.",
        "Let both load before anybody stores. Whose store comes last?",
        {
            frozenset({start + plus - minus}): "that is the right end. Which wrong ones are there?",
            frozenset(
                {start, start + plus, start - minus, start + plus - minus}
            ): f"{start} would mean that nobody has stored. The last store is always there.",
            frozenset({start + plus, start - minus}): "the two lost updates are there. Can nothing go well?",
        },
    )


TASKS = (
    Predict(
        "interleavings",
        "How many orders",
        interleavings,
        (
            "Write down all words with two letters P and two letters C. There are six.",
            "You choose which places of the row belong to P0. The rest follows.",
            "(a + b)! / (a! b!), in Python: math.comb(a + b, a).",
        ),
        seeded=True,
    ),
    Predict(
        "survivors",
        "One adds, one takes away",
        survivors,
        (
            "Each line is a load and a store. Write down the six interleavings.",
            "There are three ends: all is well, or one of the two updates is lost.",
            "start + a - b; start + a; start - b.",
        ),
        seeded=True,
    ),
    Puzzle(
        "vanish",
        "Make one update vanish",
        vanish,
        (
            "Each process has two steps: it loads count, and it stores count.",
            "Both should have loaded the same number before anybody stores.",
            "P0 loads, P1 loads. What is left is two stores, in any order.",
        ),
        "The later store was made of a number that is no longer there.",
        seeded=True,
    ),
    Puzzle(
        "smallest",
        "As small as it gets",
        smallest,
        (
            "A process that has loaded 0 and then sleeps for long can wipe out everything with its store.",
            "First P0 loads 0. What it stores wipes out what P1 did meanwhile. Then P1's last round has to do the "
            "same to P0.",
            "P0 loads. P1 does all its rounds but the last. P0 stores 1. P1 loads 1. P0 does the rest. P1 stores.",
        ),
        "Two old numbers are enough, however often each process adds. (Ben-Ari, Principles of Concurrent and "
        "Distributed "
        "Programming.)",
        seeded=True,
    ),
    Puzzle(
        "twice",
        "The same item twice",
        twice,
        (
            "An item can come out twice when `count` says that more items lie there than there are.",
            "`buf.count += 1` and `buf.count -= 1` are a load and a store each. Let one update be lost.",
            "Let the consumer load count for its `-= 1` before, and store after the producer's whole `+= 1`, or the "
            "other way "
            "round; then go on. `check.twice.stepper()` has a button that shows a way.",
        ),
        "One lost update of count, and from then on slots are read that hold nothing new.",
        seeded=True,
    ),
)
