"""The program that measures: `python -P -m shmlab.experiments.comparison.bench PLAN OWNER [FIRST]`.

It is a separate program with one thread, so it can safely fork the processes that move the items, and nothing they do
affects the notebook's kernel. It prints one line of JSON for each task of the plan, from task FIRST on, and ends
after the last one, on SIGTERM, or with its owner.

A task opens its way, forks the processes, warms them up with growing numbers of items until it is known how many they
move in the time available, and then measures. The last item that each consumer takes is compared with what was sent.
"""

import contextlib
import importlib
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from shmlab.experiments.comparison import call_count, plan as plans, way, ways
from shmlab.experiments.comparison.peers import Act, Make, MeasurementFailed, Numbers, PeerRun, Peers, end_with
from shmlab.experiments.comparison.plan import CALLS, THROUGHPUT, TRIP, Measurement, Plan
from shmlab.experiments.comparison.way import Way

PATIENCE = 5.0  # seconds for one order, at least,
PATIENT = 50  # or this multiple of the expected time, if longer
GROWTH = 8  # from one warm-up to the next
WARM = 0.25  # a warm-up of at least this fraction of the measurement time gives a usable rate
TRACED_ITEMS = 5000  # at most
FEW = 20  # items to begin with
LEAST = 4  # fair shares in one measurement, at least
TRIPS = (5, 5000)  # fewest and most round trips measured
GRACE = 1.1  # the first round may overrun the total time by this factor

Figures = dict[str, object]


class Bench:
    """The measuring of tasks. It remembers the rate of each way, so that later rounds need a shorter warm-up."""

    def __init__(self, plan: Plan) -> None:
        self.time, self._work = plan.time(), plan.work
        self._patience = max(PATIENCE, PATIENT * self.time)
        self._failed: set[tuple[str, int, int, int]] = set()  # would fail again, and that takes time
        self._rates: dict[tuple[str, int, int, int], float] = {}

    def measure(self, task: Measurement) -> Figures:
        """Return the figures of one task; `trouble` says what went wrong."""
        if _key(task) in self._failed:
            return {"trouble": "it failed before"}
        try:
            return {THROUGHPUT: self._throughput, CALLS: self._calls, TRIP: self._trip}[task.kind](task)
        except Exception as error:  # also from third-party packages: it must not end the comparison
            self._failed.add(_key(task))
            known = isinstance(error, (MeasurementFailed, OSError))
            return {"trouble": str(error) if known else f"{type(error).__name__}: {error}"}

    def _throughput(self, task: Measurement) -> Figures:
        """Return items per second, and processor time per item."""
        with self.ready(task) as (opened, peers):
            count = _shares(task, self.warm_up(task, peers, opened) * self.time, opened)
            run, total = self.run(task, peers, max(LEAST, count))
            self._rates[_key(task)] = total / run.seconds
            return {"rate": total / run.seconds, "cpu": run.cpu / total, "items": total}

    def _calls(self, task: Measurement) -> Figures:
        """Return system calls per item, not counting those that receive an order and send a report."""
        with self.ready(task) as (opened, peers):
            rate = self.warm_up(task, peers, opened)
            with call_count.counted(peers.pids) as counted:
                run, first = self.run(task, peers, _shares(task, min(FEW, rate * self.time), opened))
                most = min(TRACED_ITEMS, first / run.seconds * self.time)  # strace makes some ways very slow
                _, second = self.run(task, peers, _shares(task, most, opened))
            if counted.calls is None:
                return {"calls": None}
            orders = 2 * 2 * len(peers.pids)
            return {"calls": max(0, counted.calls - orders) / (first + second)}

    @contextlib.contextmanager
    def ready(self, task: Measurement) -> Iterator[tuple[Way, Peers]]:
        """Open the way and start the processes at its ends."""
        kind = ways.find(task.way)
        with contextlib.closing(kind(task.size, task.producers, task.consumers)) as opened:
            makes: list[Make] = [partial(self._producer, opened, n) for n in range(task.producers)]
            makes += [partial(self._consumer, opened, n) for n in range(task.consumers)]
            with Peers(makes, task.consumers) as peers:
                yield opened, peers

    def run(self, task: Measurement, peers: Peers, count: int) -> tuple[PeerRun, int]:
        """Move `count` times the smallest fair share; return the run and the number of items."""
        total = count * task.unit
        orders = [total // task.producers] * task.producers + [total // task.consumers] * task.consumers
        return peers.run(orders, self._patience), total

    def warm_up(self, task: Measurement, peers: Peers, opened: Way) -> float:
        """Return the approximate items per second, after enough items to warm up the processes."""
        known = self._rates.get(_key(task))
        self.run(task, peers, 1)  # includes connecting and starting threads, so its time is meaningless
        count = 1 if known is None else _shares(task, known * self.time * WARM, opened)
        while True:
            run, total = self.run(task, peers, count)
            rate = total / run.seconds
            most = _shares(task, 1e12, opened)
            if known is not None or run.seconds >= WARM * self.time or count >= most:
                return rate
            aim = _shares(task, rate * self.time * WARM * 1.5, opened)
            count = min(most, max(count + 1, min(GROWTH * count, aim)))

    def _trip(self, task: Measurement) -> Figures:
        """Measure the round trip, one item at a time."""
        kind = ways.find(task.way)
        with contextlib.ExitStack() as stack:
            there, back = (stack.enter_context(contextlib.closing(kind(task.size, 1, 1))) for _ in range(2))
            peers = stack.enter_context(Peers([partial(_asker, there, back), partial(_answerer, there, back)], 1))
            run = peers.run((FEW, FEW), self._patience)
            least, most = TRIPS
            count = max(least, min(most, int(FEW / run.seconds * self.time)))
            run = peers.run((count, count), self._patience)
            median, late = run.results[0]
            return {"trip": median / 1e9, "trip_p99": late / 1e9}

    def _producer(self, opened: Way, number: int) -> Act:
        if self._work:
            return _plain(opened.filler(number, importlib.import_module(self._work).fill))
        return _plain(opened.producer(number, way.item(opened.size)))

    def _consumer(self, opened: Way, number: int) -> Act:
        if self._work:
            return _plain(opened.viewer(number, importlib.import_module(self._work).view))
        return _checked(opened.consumer(number), way.item(opened.size))


def _plain(move: Callable[[int], object]) -> Act:
    def act(count: int) -> Numbers:
        move(count)
        return ()

    return act


def _checked(consume: Callable[[int], bytes], expected: bytes) -> Act:
    """Return a consumer that rejects an item that differs from what was sent."""

    def act(count: int) -> Numbers:
        last = consume(count)
        if last != expected[: len(last)] or not last:
            raise MeasurementFailed("an item arrived that nobody had sent")
        return ()

    return act


def _asker(there: Way, back: Way) -> Act:
    send, receive, item = there.sender(0), back.receiver(0), way.item(there.size)
    clock = time.perf_counter_ns

    def act(count: int) -> Numbers:
        took = []
        for _ in range(count):
            began = clock()
            send(item)
            receive()
            took.append(clock() - began)
        took.sort()
        return int(statistics.median(took)), took[int(0.99 * len(took))]

    return act


def _answerer(there: Way, back: Way) -> Act:
    receive, send = there.receiver(0), back.sender(0)

    def act(count: int) -> Numbers:
        for _ in range(count):
            send(receive())
        return ()

    return act


def _key(task: Measurement) -> tuple[str, int, int, int]:
    return task.way, task.size, task.producers, task.consumers


def _shares(task: Measurement, items: float, opened: Way) -> int:
    """Return how many smallest fair shares make about `items` items: at least one, at most what the way allows."""
    return max(1, int(min(items, opened.most_bytes / task.size)) // task.unit)


def main(arguments: Sequence[str]) -> int:
    """Measure task after task."""
    plan, owner = plans.read(json.loads(arguments[0])), int(arguments[1])
    first = int(arguments[2]) if len(arguments) > 2 else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    end_with(owner, signal.SIGTERM)
    stage = Bench(plan)
    began = time.monotonic()
    for number, task in enumerate(plan.tasks()):
        if number < first:
            continue
        late = time.monotonic() - began > plan.seconds * (1.0 if task.round else GRACE)
        figures: Figures = {"skipped": True} if late else stage.measure(task)
        print(json.dumps({"task": number, **asdict(task), **figures}), flush=True)
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
