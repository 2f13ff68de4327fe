"""Little's law on a running lab: how many items are in the system, how fast they arrive, how long each takes.

The three numbers are measured independently: the first by sampling the segment, the second by counting, the
third from the creation time that each item carries. The law says that the first is the product of
the other two, whatever the pattern.

The segment counts latencies in buckets up to 25 % wide. If latencies vary, the error averages out; if all are
alike (a constant pattern), the third number can be 10 % off.
"""

import time
from dataclasses import dataclass

from shmlab.lab.lab import Lab
from shmlab.memory import layout as at, limits, rows
from shmlab.memory.segment import SegmentFile
from shmlab.observe.observer import Observer

LOOK = 0.005  # seconds between two samples
SECONDS = (0.1, 600.0)


@dataclass(frozen=True, slots=True)
class Watched:
    """Averages: `number` items in slots or held by a waiting producer; `rate` items per second received;
    `time` seconds from creation to receipt of an item, NaN if none was received."""

    number: float
    rate: float
    time: float

    @property
    def expected(self) -> float:
        """Return the `number` that Little's law predicts."""
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
            total += (snapshot.occupancy + waiting) * (passed - earlier)  # samples are not equally spaced
        after = _latencies(observer.segment)
    counts = [new - old for new, old in zip(after, before, strict=True)]
    received = sum(counts)
    took = sum(count * at.latency_of(bucket) for bucket, count in enumerate(counts))
    return Watched(total / passed, received / passed, took / received if received else float("nan"))


def _latencies(segment: SegmentFile) -> list[int]:
    """Return how many items were received with each latency, over all rows."""
    totals = [0] * at.LATENCY_BUCKETS
    for row in rows.used(segment):
        totals = [total + word for total, word in zip(totals, row.latencies(), strict=True)]
    return totals
