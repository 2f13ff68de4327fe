"""What the ring costs by itself: with few and many slots, with many items behind it, with somebody looking on.

python -m benchmarks.ring        # `python -m benchmarks.ipc` writes these figures, too
"""

import os
import signal
import statistics
import time
from collections.abc import Iterator

from benchmarks.core import Figure, figure
from shmlab import Ring
from shmlab.experiments.comparison.bench import Bench
from shmlab.experiments.comparison.plan import THROUGHPUT, Measurement, planned
from shmlab.memory import layout as at
from shmlab.memory.segment import open_unmapped
from shmlab.ring import ring_layout
from shmlab.ring.ring_snapshot import look

SLOTS = (8, 64, 1024, 65_536)
PASSED = (0, 10**9)
ITEM = b"\1" * 64
TURNS, ITEMS = 300, 400  # so often so many items
HERTZ = 60
PAIRS, SECONDS = 30, 0.25


def structure() -> Iterator[Figure]:
    """One process puts and takes: what one item costs without any waiting, all sizes by turns."""
    seen: dict[tuple[int, int], list[float]] = {(slots, passed): [] for slots in SLOTS for passed in PASSED}
    rings = {}
    try:
        for slots, passed in seen:
            ring = rings[slots, passed] = Ring.create(slots=slots, item=len(ITEM))
            for name in ("in_", "out"):
                ring.segment.words[ring_layout.offset(name) // at.WORD] = passed  # before anybody takes an end
        for _ in range(TURNS):
            for key, ring in rings.items():
                seen[key].append(_each(ring))
    finally:
        for ring in rings.values():
            ring.close()
    for (slots, passed), values in seen.items():
        yield figure(f"put and get, {slots:,} slots, {passed:,} items before", "ns", values)


def _each(ring: Ring) -> float:
    """Nanoseconds for one item in and out again, four at a time."""
    put, get = ring.put, ring.get
    began = time.perf_counter_ns()
    for _ in range(ITEMS // 4):
        put(ITEM)
        put(ITEM)
        put(ITEM)
        put(ITEM)
        get()
        get()
        get()
        get()
    return (time.perf_counter_ns() - began) / ITEMS


def observed() -> Iterator[Figure]:
    """A ring at full speed with and without somebody who looks at it 60 times a second, by turns."""
    stage, task = Bench(planned()), Measurement(THROUGHPUT, "ring", 64, 1, 1, 0)
    stage.time = SECONDS
    shares, cpu = [], []
    with stage.ready(task) as (opened, peers):
        count = max(1, int(stage.warm_up(task, peers, opened) * SECONDS))
        name = opened.ring.name  # type: ignore[attr-defined]
        pid = os.fork()
        if not pid:
            _look_on(name)
        try:
            for _ in range(PAIRS):
                rates = []
                for looking in (False, True, True, False):
                    os.kill(pid, signal.SIGCONT if looking else signal.SIGSTOP)
                    used = time.clock_gettime(~pid << 3 | 2)
                    run, total = stage.run(task, peers, count)
                    rates.append(total / run.seconds)
                    if looking:
                        cpu.append(100 * (time.clock_gettime(~pid << 3 | 2) - used) / run.seconds)
                shares.append(100 * (1 - (rates[1] + rates[2]) / (rates[0] + rates[3])))
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    middle = sorted(shares)[len(shares) // 4 : -(len(shares) // 4)]
    yield Figure(
        f"{HERTZ} snapshots/s take from throughput (least and most: of the middle half)",
        "%",
        statistics.median(shares),
        middle[0],
        middle[-1],
        len(shares),
        "under 1 %",
    )
    yield figure(f"{HERTZ} snapshots/s: processor time of the observer", "% core", cpu, "under 1 %")


def _look_on(name: str) -> None:
    try:
        file, due = open_unmapped(name), time.perf_counter()
        while True:
            look(file)
            due = max(due + 1 / HERTZ, time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
    finally:
        os._exit(1)


def figures() -> Iterator[Figure]:
    """All of them."""
    yield from structure()
    yield from observed()


if __name__ == "__main__":
    for one in figures():
        print(one, flush=True)
