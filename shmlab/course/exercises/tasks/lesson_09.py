"""Lesson 09, bounded and unbounded."""

import time

from shmlab.course.exercises.judgement import Judgement, passed, wrong
from shmlab.course.exercises.predict import Predict, Prediction
from shmlab.course.exercises.size import Size
from shmlab.course.exercises.task import chosen
from shmlab.course.exercises.tasks.unbounded import UNBOUNDED
from shmlab.lab.lab import Lab
from shmlab.memory.limits import SLOTS
from shmlab.memory.waiting import until

LITTLE = ((6, 20), (4, 10), (12, 48), (9, 15))


def waiting(seed: int | None) -> Prediction:
    used, rate = LITTLE[chosen(seed, len(LITTLE))]
    return Prediction(
        f"On average {used} slots are in use, and {rate} items a second go through. How long does an item lie in the "
        f"buffer on "
        "average, in seconds?",
        used / rate,
        f"Little's law: number = rate x time, so time = {used} / {rate} = {used / rate:g} s. It holds whatever the "
        f"pattern is.",
        "Little's law: number = rate x time.",
        {
            rate / used: "the other way round: seconds are asked for, not items per second.",
            float(used * rate): "number = rate x time. You multiplied the two that you know.",
        },
    )


BURSTS = ((100, 0.4), (200, 0.3), (150, 0.4), (80, 0.6))  # items per second, seconds that the consumer is away
TOO_LONG = 0.03  # seconds of sleep that are no accident
MOST = 2.5  # times as many slots as were ever in use


def burst(seed: int | None) -> str:
    rate, away = BURSTS[chosen(seed, len(BURSTS))]
    return (
        f"A producer makes {rate} items a second. Its consumer is much faster, but now and then it is away for "
        f"{away:g} s. How many "
        "slots does the buffer need so that the producer does not have to wait? Not far more than that, either: "
        "memory is not free. "
        "(What you choose is tried with real processes.)"
    )


def tried(slots: int, seed: int | None) -> Judgement:
    rate, away = BURSTS[chosen(seed, len(BURSTS))]
    with Lab(slots=slots, produce_rate=rate, consume_rate=None) as lab:
        until(lambda: lab.snapshot().consumed > 0, 2.0)
        slept = lab.snapshot().worker("P0").blocked
        lab.stall("C0")
        time.sleep(away)
        end = lab.snapshot()
        lab.unstall("C0")
        until(lambda: lab.snapshot().occupancy == 0, 2.0)
        slept = lab.snapshot().worker("P0").blocked - slept
    used = end.occupancy
    if slept > TOO_LONG:
        return wrong(
            f"with {slots} slots the producer slept {slept:.2f} s, because all of them were full.", "too small"
        )
    if slots > MOST * used:
        return wrong(f"of {slots} slots, never more than {used} were in use.", "too large")
    return passed(f"with {slots} slots the producer did not have to wait, and most of the slots were needed.")


def enough(seed: int | None) -> int:
    """What piles up, and a third more."""
    rate, away = BURSTS[chosen(seed, len(BURSTS))]
    return round(rate * away * 4 / 3)


TASKS = (
    Predict(
        "waiting",
        "How long an item lies there",
        waiting,
        (
            "In a queue of 10 people of whom 2 are served each minute, how long does the last one wait?",
            "Number = rate x time.",
            "Time = slots in use / items per second.",
        ),
        seeded=True,
    ),
    UNBOUNDED,
    Size(
        "burst",
        "Room for a pause",
        burst,
        tried,
        enough,
        SLOTS,
        (
            "What piles up while the consumer is away?",
            "Items per second times seconds.",
            "And a little more, since real processes are never quite punctual.",
        ),
        "A buffer buys time: so many slots, at so many items a second, are so many seconds.",
        seeded=True,
    ),
)
