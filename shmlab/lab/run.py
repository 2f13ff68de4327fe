"""Run a given number of items through the buffer as fast as possible, and report."""

import math
import time
from collections.abc import Callable
from dataclasses import fields

from shmlab.lab.worker_pool import WorkerPool
from shmlab.memory import layout as at
from shmlab.memory.errors import ArgumentError, WorkerFailed
from shmlab.memory.waiting import until
from shmlab.observe.snapshot import Report, Snapshot, Worker

NO_MOTION = 3.0  # seconds without any item moving after which a run counts as stuck
LOOK = 0.005  # seconds between two snapshots
# prefixes of the states in which a worker will move no item by itself
STANDING = ("waiting", "spinning", "finished", "ended", "killed", "stalled")
Look = Callable[[], Snapshot]


class Trial:
    """A run that gives each producer its share of `items`, lets all run at full speed, and restores the rates.

    It resumes a paused lab. If `paced`, all keep their rates; then the next item may be a long time coming, and the run
    is not stuck as long as one worker sleeps until its next item or works.
    """

    def __init__(self, pool: WorkerPool, before: Snapshot, items: int, paced: bool = False) -> None:
        producers = [w for w in before.workers if w.role == "producer" and w.alive]
        if not producers:
            raise ArgumentError("run needs at least one producer: add_producer().")
        self._pool, self._before, self._paced = pool, before, paced
        self._rates = {w.row: w.rate for w in before.workers if w.alive}
        self._quotas: dict[int, int] = {}  # items that each producer will have made in total, by row
        for i, worker in enumerate(producers):
            share = items // len(producers) + (i < items % len(producers))
            self._quotas[worker.row] = pool.row(worker.row).produced + share
            pool.row(worker.row).quota = self._quotas[worker.row]
        if paced:
            pool.tell_all()
            self._rates = {}
        for row in self._rates:
            pool.set_rate(row, None)
        if before.state == "paused":
            pool.resume()
        self._began = self._moved = time.monotonic()

    def report(self, look: Look, timeout: float) -> Report:
        """Wait until the run has ended, and return its report. Raises WorkerFailed."""
        report = until(lambda: self._ended(look(), timeout), math.inf, LOOK)
        assert report
        return report

    def _ended(self, now: Snapshot, timeout: float) -> Report | None:
        """Return the report if the run has ended, else None. Raises WorkerFailed."""
        for worker in now.workers:
            if worker.state == "failed":
                process = self._pool.process(worker.row)
                process.wait(2)  # until it has printed why
                raise WorkerFailed(f"{worker.name} failed:\n{process.output or worker.error}")
        moved = (now.produced, now.consumed) != (self._before.produced, self._before.consumed)
        if moved or any(map(self._may_move, now.workers)):
            self._moved = time.monotonic()
        self._before = now
        arrived = now.consumed >= now.produced - now.lost - now.died
        finished = arrived and self._all_made(now) and now.occupancy == 0
        stuck = not finished and time.monotonic() - self._moved > NO_MOTION
        if finished or stuck or time.monotonic() - self._began > timeout:
            values = {f.name: getattr(now, f.name) for f in fields(Snapshot)}
            return Report(**values, finished=finished, stuck=stuck, seconds=self._moved - self._began)
        return None

    def _all_made(self, now: Snapshot) -> bool:
        """Return whether each producer has counted its share; an item can arrive before its producer counts it."""
        made = {worker.row: worker.items for worker in now.workers}
        for row, quota in self._quotas.items():
            if row not in made:  # it has left, but its counters remain
                made[row] = self._pool.row(row).produced
            if made[row] < quota:
                return False
        return True

    def _may_move(self, worker: Worker) -> bool:
        """Return whether this worker's state rules out that the run is stuck."""
        return worker.state == "starting" or (self._paced and not worker.state.startswith(STANDING))

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Restore the workers' rates and remove their quotas."""
        for row, rate in self._rates.items():
            if not self._pool.process(row).ended.is_set():
                self._pool.row(row).quota = at.NO_QUOTA
                self._pool.set_rate(row, rate)


def at_rest(look: Callable[[], Snapshot], patience: float) -> Snapshot:
    """Return the first snapshot with no item in transit, or the last one taken within `patience` seconds.

    A worker still counts as waiting for a moment after moving an item that it has not counted yet.
    """
    seen: Snapshot

    def rests() -> bool:
        nonlocal seen
        seen = look()
        moving = any(w.state in ("producing", "consuming", "in the critical section") for w in seen.workers)
        counted = seen.produced - seen.lost - seen.died == seen.consumed + seen.occupancy
        return seen.consistent and not moving and (counted or bool(seen.faults))

    until(rests, patience, LOOK)
    return seen
