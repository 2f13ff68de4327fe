"""What one acquire and one release of an uncontended named semaphore cost, by each way to call the C library.

    python -m benchmarks.semaphores [--rounds N]

The ways take turns in one run, so that whatever else the machine does falls on all alike; the median of the rounds
counts. posix_ipc, which shmlab used before, is measured where it is installed.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.core import machine
from shmlab.memory import posix_semaphore, semaphores

PAIRS = 20_000  # acquire and release, in a round


def ways(segment: str, name: str) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Each way's acquire and release of the same semaphore."""
    found = {}
    for kind in (posix_semaphore.Named, posix_semaphore.ByCtypes):
        opened = posix_semaphore.open_named(f"/{segment}.{name}", kind)
        found[kind.__name__] = opened.acquire, opened.release
    try:
        import posix_ipc  # type: ignore[import-not-found]
    except ImportError:
        return found
    other = posix_ipc.Semaphore(f"/{segment}.{name}")
    return {**found, "posix_ipc": (other.acquire, other.release)}


def pair(acquire: Callable[[], object], release: Callable[[], object]) -> float:
    """Nanoseconds of one acquire and one release, over `PAIRS` of them."""
    began = time.perf_counter_ns()
    for _ in range(PAIRS):
        acquire()
        release()
    return (time.perf_counter_ns() - began) / PAIRS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="how often each way is measured (30)")
    rounds = parser.parse_args().rounds
    segment, name = f"shmlab-bench-{os.getpid()}", "mutex"
    semaphores.create(segment, name, 1)
    try:
        tried = ways(segment, name)
        seen: dict[str, list[float]] = {way: [] for way in tried}
        for _ in range(rounds):
            for way, (acquire, release) in tried.items():
                seen[way].append(pair(acquire, release))
    finally:
        Path(semaphores.path(segment, name)).unlink()
    print(*(f"{key}: {value}" for key, value in machine().items()), sep="\n")
    first = statistics.median(next(iter(seen.values())))
    for way, values in seen.items():
        middle, tenths = statistics.median(values), statistics.quantiles(values, n=10)
        spread = f"80 % within {tenths[0]:.0f} to {tenths[-1]:.0f}"
        print(f"{way:10} {middle:6.0f} ns a pair ({spread}), {middle / first:.2f} x")


if __name__ == "__main__":
    main()
