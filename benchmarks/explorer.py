"""How fast the explorer is: verdicts, states a second, and schedules replayed on real processes.

    python -m benchmarks.explorer [--schedules 1000]        # writes docs/figures/explorer.json

A verdict is *cold* when it is the first in a fresh interpreter.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.core import Figure, figure, machine
from shmlab.explorer.explore import explore
from shmlab.explorer.report.verdict import verdict
from shmlab.explorer.search.search import search
from tests.explorer import programs as p
from tests.explorer.schedules import random_failing

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs/figures/explorer.json"
TIMES = 5
# From those that have few failing schedules to those that have many.
REPLAYED = (
    "dining 3",
    "peterson swapped",
    "wrong order 1+1, 3 items",
    "naive lock",
    "lost update 2x2",
    "dining 5",
    "wrong order 2+2, 1 slot",
    "lost update 2x3",
    "lost update 3x2",
    "in/out 2+1, 1 item",
    "count 1+1, 3 items",
    "no mutex in get 1+2",
    "no mutex 2+1, 1 item",
    "no mutex 2+1, 2 items",
)


def one_verdict(name: str) -> float:
    """Milliseconds from the functions of a textbook program to the verdict on it."""
    make, fault = p.TEXTBOOK[name]
    began = time.perf_counter()
    program = make()
    found = verdict(program.system(watched=True), program.system())
    passed = 1000 * (time.perf_counter() - began)
    assert found.fault == fault
    return passed


def verdicts() -> Iterator[Figure]:
    """Each textbook program, cold."""
    for name in p.TEXTBOOK:
        code = f"from benchmarks.explorer import one_verdict; print(one_verdict({name!r}))"
        runs = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True) for _ in range(TIMES)]
        yield figure(f"cold verdict: {name}", "ms", [float(run.stdout) for run in runs], "under 50 ms")


def speed() -> Iterator[Figure]:
    """2 producers, 2 consumers, 4 items each, with semaphores: the search alone, and the verdict."""
    rates, times = [], []
    for _ in range(TIMES):
        graph = search(p.buffer(*p.S, 2, 2, 4).system())
        rates.append(len(graph) / graph.seconds)
        began = time.perf_counter()
        assert explore("semaphores", producers=2, consumers=2, items=4).ok
        times.append(time.perf_counter() - began)
    what = f"semaphores, 2 + 2, 4 items each: {len(graph):,} states, {graph.transitions:,} steps"
    yield figure(what, "states/s", rates, "at least 200,000/s")
    yield figure("the verdict on it", "s", times, "under 2 s")


def replays(count: int) -> Iterator[Figure]:
    """Random failing schedules, all different, on real processes; memory is compared after every step."""
    played = same = 0
    rates = []
    for left, name in zip(range(len(REPLAYED), 0, -1), REPLAYED, strict=True):
        found, schedules = random_failing(p.TEXTBOOK[name][0](), -(-(count - played) // left), seed=3)
        steps, seconds = 0, 0.0
        for schedule in schedules:
            replay = found.replay(schedule=schedule)
            played, same = played + 1, same + (replay.ok and replay.steps == len(schedule))
            steps, seconds = steps + replay.steps, seconds + replay.seconds
        rates.append(steps / seconds)
    what = f"random failing schedules on real processes, memory equal after every step, of {played:,}"
    yield figure(what, "schedules", [same], f"all of {count:,}")
    yield figure(f"checked steps on real processes, by program ({len(rates)})", "steps/s", rates, "at least 10,000/s")


def main() -> None:
    """Measure all, and write the figures."""
    parser = argparse.ArgumentParser(description="How fast the explorer is on this machine.")
    parser.add_argument("--schedules", type=int, default=1000)
    wanted = parser.parse_args()
    about = machine()
    print("\n".join(f"{name}: {value}" for name, value in about.items()), end="\n\n")
    figures = []
    for part in (verdicts(), speed(), replays(wanted.schedules)):
        for found in part:
            figures.append(found)
            print(found, flush=True)
    FIGURES.write_text(json.dumps({**about, "figures": [asdict(f) for f in figures]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
