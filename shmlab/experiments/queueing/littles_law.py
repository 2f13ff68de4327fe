"""Little's law on a lab that runs: how many items are under way, how fast they come, how long each takes.

The three numbers are measured apart: the first by looking at the segment again and again, the second by counting, the
third from the moment that each item was made, which travels with it. The law says that the first is the product of
the others, whatever the pattern.

The segment counts latencies in buckets that are up to 25 % wide. Where latencies vary that averages out; where all are
alike (a constant pattern) the third number can be 10 % off.
"""

import time
from dataclasses import dataclass

from shmlab.lab.lab import Lab
from shmlab.memory import layout as at, limits, rows
from shmlab.memory.segment import SegmentFile
from shmlab.observe.observer import Observer

LOOK = 0.005  # seconds between two looks
SECONDS = (0.1, 600.0)


@dataclass(frozen=True, slots=True)
class Watched:
    """`number` items on average in slots or in the hand of a producer that waits; `rate` items per second got through;
    each took `time` seconds on average from being made to being received. NaN where nothing came through."""

    number: float
    rate: float
    time: float

    @property
    def expected(self) -> float:
        """What Little's law says that `number` is."""
        return self.rate * self.time

    def __str__(self) -> str:
        return (
            f"L = {self.number:.2f} items under way; rate = {self.rate:.1f} items/s, W = {self.time:.3f} s each; "
            f"rate x W = {self.expected:.2f}"
        )


def watch(lab: Lab, seconds: float = 5.0) -> Watched:
    """Watch a running lab for so many seconds. Raises ArgumentError, LabStopped."""
    limits.number(seconds, "seconds", *SECONDS, "seconds")
    total = passed = 0.0
    with Observer(lab.name) as observer:
        before, began = _latencies(observer.segment), time.monotonic()
        while passed < seconds:
            snapshot = observer.snapshot()
            waiting = sum(worker.role == "producer" and worker.waits is not None for worker in snapshot.workers)
            time.sleep(LOOK)
            earlier, passed = passed, time.monotonic() - began
            total += (snapshot.occupancy + waiting) * (passed - earlier)  # looks are not equally far apart
        after = _latencies(observer.segment)
    counts = [new - old for new, old in zip(after, before, strict=True)]
    received = sum(counts)
    took = sum(count * at.latency_of(bucket) for bucket, count in enumerate(counts))
    return Watched(total / passed, received / passed, took / received if received else float("nan"))


def _latencies(segment: SegmentFile) -> list[int]:
    """How many items were received with which latency, over all rows."""
    totals = [0] * at.LATENCY_BUCKETS
    for row in rows.used(segment):
        totals = [total + word for total, word in zip(totals, row.latencies(), strict=True)]
    return totals
