"""Lesson 08, without semaphores: locks of loads and stores, and what it means to go on for ever."""

from typing import Any

from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.program_text import compiled
from shmlab.course.exercises.puzzle import Puzzle, Setting
from shmlab.course.exercises.task import chosen
from shmlab.explorer.explore import explore
from shmlab.explorer.program.cells import Atomic, Critical

PROGRAMS = compiled("""\
def naive(buf):
    while buf.lock:
        pass
    buf.lock = 1
    with buf.critical:
        pass
    buf.lock = 0


def peterson(buf, me):
    other = 1 - me
    buf.flag[me] = 1
    buf.turn = other
    while buf.flag[other] and buf.turn == other:
        pass
    with buf.critical:
        pass
    buf.flag[me] = 0


def polite(buf, me):
    buf.flag[me] = 1
    while buf.flag[1 - me]:
        buf.flag[me] = 0  # after you
        buf.flag[me] = 1
    with buf.critical:
        pass
    buf.flag[me] = 0


def philosopher(buf, left, right):
    while True:
        if not buf.fork[left].test_and_set():
            if not buf.fork[right].test_and_set():
                with buf.eating:
                    pass
                buf.fork[right].store(0)
            buf.fork[left].store(0)
""")


FLAGS: dict[str, Any] = dict(flag=[0, 0], turn=0, critical=Critical())


def both_inside(seed: int | None) -> Setting:
    count = (2, 3)[chosen(seed, 2)]
    return Setting(
        f"{count} processes use this lock: `while buf.lock: pass`, then `buf.lock = 1`, the critical section, "
        f"`buf.lock = 0`. "
        "Get two of them into the critical section at once.",
        [PROGRAMS["naive"]] * count,
        "P0 P1 P0 P0 P1 P1",
        "mutual-exclusion",
        asked=dict(shared=dict(lock=0, critical=Critical())),
    )


def drain(seed: int | None) -> Setting:
    return Setting(
        "Peterson's lock on a processor with store buffers: a store waits in the buffer of its process until it "
        "**drains** "
        "(small letters: `p0` drains the oldest store of P0). Get both into the critical section at once.",
        [(PROGRAMS["peterson"], 0), (PROGRAMS["peterson"], 1)],
        "P0 P0 P1 P1 P0 P0 P1 P1",
        "mutual-exclusion",
        asked=dict(shared=FLAGS, memory="tso"),
    )


def after_you(seed: int | None) -> Setting:
    return Setting(
        "Two polite processes: each says that it wants to go in, and steps back while the other one does, too. Let "
        "both work "
        "**for ever**, without either ever getting in. Give a schedule, and a loop that comes back to the same state.",
        [(PROGRAMS["polite"], 0), (PROGRAMS["polite"], 1)],
        "P0 P1",
        asked=dict(shared=FLAGS),
        loop="P0 P1 P0 P0 P1 P1",
    )


SEATS = ((0, 1), (1, 2), (2, 0))  # left and right fork of each philosopher


def starve(seed: int | None) -> Setting:
    victim = chosen(seed, 3)
    eater = next(p for p in range(3) if SEATS[p][0] == SEATS[victim][1])  # takes the victim's right fork first
    other = 3 - victim - eater
    v, e, o = f"P{victim}", f"P{eater}", f"P{other}"
    # e holds the right fork of v; v takes its left fork, fails at the right one, gives back; then o has its turn
    loop = f"{e} {v} {v} {v} {e} {e} {e} {e} {e} {o} {o} {o} {o} {o} {o}"
    return Setting(
        "Three philosophers sit around a table; fork[0] lies between P2 and P0, fork[1] between P0 and P1, fork[2] "
        "between P1 "
        "and P2. Each takes its left fork if that is free, then its right one if that is free, eats, and lays both "
        "down; who "
        f"does not get the second lays the first one down and begins anew. **Starve P{victim}**: it tries again and "
        f"again, the "
        'other two eat again and again, and it never does. Give a schedule (an empty one is allowed as `" "`) and a '
        "loop.",
        [(PROGRAMS["philosopher"], left, right) for left, right in SEATS],
        " ",
        asked=dict(shared=dict(fork=[Atomic(0)] * 3, eating=Critical()), must_enter=[victim]),
        loop=loop,
        victim=victim,
    )


def orders(seed: int | None) -> Prediction:
    fenced = (False, True)[chosen(seed, 2)]

    def left(buf):  # type: ignore[no-untyped-def]
        buf.x = 1
        return buf.y

    def right(buf):  # type: ignore[no-untyped-def]
        buf.y = 1
        return buf.x

    def fenced_left(buf):  # type: ignore[no-untyped-def]
        buf.x = 1
        buf.fence.swap(0)
        return buf.y

    def fenced_right(buf):  # type: ignore[no-untyped-def]
        buf.y = 1
        buf.fence.swap(0)
        return buf.x

    def possible() -> object:
        pair = [fenced_left, fenced_right] if fenced else [left, right]
        shared: dict[str, Any] = dict(x=0, y=0, fence=Atomic(0))
        ends = [(a, b) for a in (0, 1) for b in (0, 1)]
        return frozenset(
            end
            for end in ends
            if not explore(
                pair,
                shared=shared,
                memory="tso",
                final=lambda _, results, end=end: tuple(results) != end,  # type: ignore[misc]
                progress=lambda *_: True,
            ).ok
        )

    with_fence = ", with a fence (an atomic step) in between," if fenced else ""
    return Prediction(
        f"`x` and `y` are 0. P0 stores 1 into `x`{with_fence} and then loads `y`; P1 stores 1 into `y`{with_fence} "
        f"and then "
        'loads `x`. The processor has store buffers ("tso"). Which pairs (what P0 loads, what P1 loads) are '
        "possible? Give a "
        "list of pairs.",
        possible,
        "with the fence the stores have drained before the loads, so at least one of the two sees a 1."
        if fenced
        else "all four: even (0, 0), which no interleaving of the four steps has. Both stores can still wait in "
        "their buffers "
        "while both loads are done.",
        "Try it: explore([...], memory='tso'), with a final that forbids the pair.",
        {
            frozenset(
                {(0, 1), (1, 0), (1, 1)}
            ): "that is so without store buffers. Where is a store before it has drained?"
        },
    )


TASKS = (
    Predict(
        "orders",
        "What two loads can see",
        orders,
        (
            "First without store buffers: write down the six interleavings.",
            "A store waits in the buffer of its own process. The other process does not see it yet.",
            "Can both loads be done while both stores are still waiting?",
        ),
        seeded=True,
    ),
    Puzzle(
        "both_inside",
        "A lock that is none",
        both_inside,
        (
            "To look and to take are two steps here. What if somebody else looks in between?",
            "Let both look while the lock is free.",
            "P0 looks, P1 looks. P0 takes it and goes in; then P1 does the same.",
        ),
        "Both have seen a free lock. To look and to take must be one step.",
        seeded=True,
    ),
    Puzzle(
        "drain",
        "Two stores that nobody sees",
        drain,
        (
            "A process goes in when it loads flag[other] as 0. When can it still be 0 though the other one has "
            "stored 1?",
            "Let nobody drain: both stores of each process stay in its buffer.",
            "P0 stores twice, P1 stores twice, P0 loads flag[1] and goes in, P1 loads flag[0] and goes in.",
        ),
        "Each load has overtaken the store before it. A fence between them would have waited for the buffer.",
    ),
    Puzzle(
        "after_you",
        "After you",
        after_you,
        (
            "Both have to see the other's flag before either takes its own back.",
            "P0 says that it wants in, P1 too. Now both look, both step back, both want in again. Where are they now?",
            "Schedule: P0 P1. Loop: P0 P1 look, P0 steps back and comes again, P1 steps back and comes again.",
        ),
        "A livelock: nobody waits, all work, nobody gets on.",
    ),
    Puzzle(
        "starve",
        "Starve a philosopher",
        starve,
        (
            "The victim has to try, or it is only your scheduling that starves it. Let it try when its second fork "
            "is taken.",
            "The philosopher on its right has that fork. Let that one take it, then let the victim try in vain "
            "(three steps: "
            "take, fail, lay down).",
            "Loop: the right neighbour takes its first fork; the victim takes its left one, fails, lays it down; the "
            "neighbour "
            "eats and lays both down; then the third one eats, too. Now all is as at the beginning.",
        ),
        "No deadlock, everybody gets turns, and yet one never eats. A lock that serves in order (a ticket lock) "
        "rules that "
        "out.",
        seeded=True,
    ),
)
