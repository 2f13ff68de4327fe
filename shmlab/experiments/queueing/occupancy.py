"""How full a buffer is against how fast it is filled: measured on real processes, to be compared with the theory.

For each pattern, one lab per ratio runs, all at the same time, each with one producer and one consumer. An
observer samples all of them repeatedly. A mean without its spread says nothing, and samples taken in quick succession
are not independent; so the run is divided into batches, and the spread of their means gives the standard
error of the whole (A. Law, Simulation Modeling and Analysis, 5th ed. (2015), section 9.5.3, "batch means").

On a busy machine, processes are slower than requested, and not all equally. So the rates are measured, too:
items per second that a process was not asleep on a semaphore.
"""

import contextlib
import csv
import io
import math
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from shmlab.experiments import queueing
from shmlab.experiments.queueing import exponential
from shmlab.lab.lab import Lab
from shmlab.memory import limits
from shmlab.memory.waiting import until
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Snapshot
from shmlab.strategies import semaphores

RATIOS = (0.5, 0.7, 0.85, 1.0, 1.15, 1.4, 2.0)  # produce rate / consume rate
RATE = 250.0  # items per second that a consumer can take
SHARES = {"poisson": 0.5, "constant": 0.2, "bursty": 0.3}  # of the time: random arrivals need the most
SETTLE = 0.5  # seconds after the first item before measuring begins
START = 10.0  # seconds for all processes to have moved an item
LOOK = 0.012  # seconds between two samples of all labs
TELL = 0.4  # seconds between two results
BATCHES = 8
SECONDS = (1.0, 600.0)
Seen = dict[float, list[Snapshot]]


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: the mean number of occupied slots and its standard error, at the measured ratio.

    `asked` is the ratio that was requested.
    """

    pattern: str
    asked: float
    ratio: float
    mean: float
    error: float


class OccupancyResult:
    """The results so far. `done` is the fraction completed, 0 to 1."""

    def __init__(self, slots: int) -> None:
        self.slots, self.done, self.seconds = slots, 0.0, 0.0
        self.points: dict[tuple[str, float], Point] = {}  # by pattern and requested ratio

    def of(self, pattern: str) -> list[Point]:
        """Return the points of one pattern, by requested ratio."""
        return [self.points[key] for key in sorted(self.points) if key[0] == pattern]

    @property
    def farthest(self) -> float:
        """Return the largest deviation of a Poisson point from the theory, in slots; NaN if none was measured."""
        points = self.of("poisson")
        distances = [abs(point.mean - queueing.occupied(point.ratio, self.slots)) for point in points]
        return max(distances, default=math.nan)

    def csv(self) -> str:
        """Return all points as a table; `theory` is for the Poisson pattern."""
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(("pattern", "ratio_asked", "ratio", "slots", "occupied", "standard_error", "theory"))
        for point in self.points.values():
            theory = f"{queueing.occupied(point.ratio, self.slots):.4f}" if point.pattern == "poisson" else ""
            figures = [f"{figure:.4f}" for figure in (point.mean, point.error)]
            writer.writerow((point.pattern, point.asked, f"{point.ratio:.4f}", self.slots, *figures, theory))
        return table.getvalue()

    def __str__(self) -> str:
        lines = [f"occupied slots of {self.slots}, on average (± standard error)"]
        lines += ["asked   pattern    ratio   measured      theory"] * bool(self.points)
        for (pattern, asked), point in self.points.items():
            theory = f"{queueing.occupied(point.ratio, self.slots):5.2f}" if pattern == "poisson" else ""
            text = f"{asked:5.2f}   {pattern:9}  {point.ratio:5.2f}   {point.mean:5.2f} ± {point.error:.2f}  {theory}"
            lines.append(text.rstrip())
        return "\n".join(lines)


class OccupancyMeasurement:
    """A measurement in progress: iterate over it; each iteration updates `measured`. Any thread may `cancel` it.

    slots: 2 to 64. seconds: approximate total time. Raises ArgumentError; while running NoRoom, OSError.
    """

    def __init__(self, slots: int = 8, seconds: float = 11.0) -> None:
        limits.whole(slots, "slots", limits.SLOTS[0], 64)
        self.seconds = limits.number(seconds, "seconds", *SECONDS, "seconds")
        self.measured = OccupancyResult(slots)
        self._ended = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Return whether `cancel` was called."""
        return self._ended.is_set()

    def cancel(self) -> None:
        """End it soon; keep what was measured."""
        self._ended.set()

    def __iter__(self) -> Iterator[OccupancyResult]:
        began, done = time.monotonic(), 0.0
        for pattern, share in SHARES.items():
            with contextlib.ExitStack() as stack:
                labs = {ratio: stack.enter_context(self._lab(pattern, ratio)) for ratio in RATIOS}
                eyes = {ratio: stack.enter_context(Observer(lab.name)) for ratio, lab in labs.items()}
                if not self._settled(eyes):
                    return
                seen = {ratio: [eye.snapshot()] for ratio, eye in eyes.items()}
                for part in self._watch(eyes, seen, share * self.seconds):
                    for ratio, snapshots in seen.items():
                        self.measured.points[pattern, ratio] = point(pattern, ratio, snapshots)
                    self.measured.done = done + share * part
                    self.measured.seconds = time.monotonic() - began
                    yield self.measured
            done += share
            if self.cancelled:
                return

    def _lab(self, pattern: str, ratio: float) -> Lab:
        slots = self.measured.slots
        put, get = exponential.producer(pattern, ratio * RATE), exponential.consumer(pattern, RATE)
        shared = semaphores.shared(slots)
        return Lab(slots=slots, put=put, get=get, shared=shared, produce_rate=None, consume_rate=None, repair=False)

    def _settled(self, eyes: dict[float, Observer]) -> bool:
        """Wait until every consumer has had an item, and SETTLE seconds more; return False if it was cancelled."""
        until(lambda: self.cancelled or all(eye.snapshot().consumed for eye in eyes.values()), START, LOOK)
        return not self._ended.wait(SETTLE)

    def _watch(self, eyes: dict[float, Observer], seen: Seen, seconds: float) -> Iterator[float]:
        """Sample all labs repeatedly; yield from time to time the fraction of the time that has passed."""
        began = told = time.monotonic()
        while (passed := time.monotonic() - began) < seconds and not self.cancelled:
            for ratio, eye in eyes.items():
                seen[ratio].append(eye.snapshot())
            if time.monotonic() - told > TELL:
                told = time.monotonic()
                yield passed / seconds
            self._ended.wait(LOOK)
        if not self.cancelled:
            yield 1.0


def point(pattern: str, asked: float, snapshots: list[Snapshot]) -> Point:
    """Return the mean of the samples, and its standard error from batch means."""
    numbers = [snapshot.occupancy for snapshot in snapshots]
    mean, size, error = statistics.fmean(numbers), len(numbers) // BATCHES, math.nan
    if size:
        means = [statistics.fmean(numbers[i * size : (i + 1) * size]) for i in range(BATCHES)]
        error = statistics.stdev(means) / math.sqrt(BATCHES)
    first, last = snapshots[0], snapshots[-1]
    rates = [_rate(first, last, name) for name in ("P0", "C0")]
    return Point(pattern, asked, rates[0] / rates[1] if all(rates) else asked, mean, error)


def _rate(first: Snapshot, last: Snapshot, name: str) -> float:
    """Return the items per second that a worker was not blocked; 0 if that is unknown."""
    before, after = first.worker(name), last.worker(name)
    free = last.time - first.time - (after.blocked - before.blocked)
    return (after.items - before.items) / free if free > 0 else 0.0
