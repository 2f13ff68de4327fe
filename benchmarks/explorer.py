"""How fast the explorer is: verdicts, states a second, and schedules replayed on real processes.

    python -m benchmarks.explorer [schedules]

`wall` is what a person waits for, `cpu` what the processor worked; on a busy machine they differ.
"""

import os
import platform
import statistics
import sys
import time

from shmlab.explorer import explore
from shmlab.explorer.search import search
from shmlab.explorer.verdict import verdict
from tests.explorer import programs as p
from tests.explorer.schedules import random_failing

REPLAYED = (
    "lost update 2x2",
    "lost update 3x2",
    "no mutex 2+1, 2 items",
    "wrong order 2+2, 1 slot",
    "count 1+1, 3 items",
    "in/out 2+1, 1 item",
    "naive lock",
    "peterson swapped",
    "dining 5",
)


def verdicts() -> None:
    """Each textbook program, from functions to verdict, five times."""
    slowest = (0.0, "")
    for name, (make, fault) in p.TEXTBOOK.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            program = make()
            found = verdict(program.system(watched=True), program.system())
            times.append(1000 * (time.perf_counter() - began))
            assert found.fault == fault
        slowest = max(slowest, (statistics.median(times), name))
        print(f"{name:32} {found.states:7,} states  {times[0]:6.1f} ms cold, {statistics.median(times):6.1f} ms median")
    print(f"slowest verdict: {slowest[0]:.1f} ms ({slowest[1]})")


def speed() -> None:
    """2 producers, 2 consumers, 4 items each, with semaphores: the search alone, and the verdict."""
    for _ in range(3):
        system = p.buffer(*p.S, 2, 2, 4).system()
        wall, cpu = time.perf_counter(), time.process_time()
        graph = search(system)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"2 x 2 x 4 semaphores: {len(graph):,} states, {graph.transitions:,} transitions in {wall:.2f} s wall, "
            f"{cpu:.2f} s cpu: {len(graph) / wall:,.0f} states/s wall, {len(graph) / cpu:,.0f} cpu"
        )
    wall, cpu = time.perf_counter(), time.process_time()
    found = explore("semaphores", producers=2, consumers=2, items=4)
    assert found.ok
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"verdict on it, slots watched: {found.states:,} states, {wall:.2f} s wall, {cpu:.2f} s cpu")


def replays(count: int) -> None:
    """Random failing schedules on real processes, memory compared after every step."""
    played = same = steps = 0
    seconds = 0.0
    each = -(-count // len(REPLAYED))
    for name in REPLAYED:
        found, schedules = random_failing(p.TEXTBOOK[name][0](), each, seed=3)
        for schedule in schedules:
            replay = found.replay(schedule=schedule)
            played, same, steps = played + 1, same + replay.ok, steps + replay.steps
            seconds += replay.seconds
    print(f"{same} of {played} random failing schedules replayed with equal memory, {steps / seconds:,.0f} steps/s")


if __name__ == "__main__":
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    verdicts()
    speed()
    replays(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
