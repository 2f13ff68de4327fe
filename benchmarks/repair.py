"""Kills and repairs: how long until the others go on, and whether every item is accounted for.

    python -m benchmarks.repair              # 1,000 kills at random moments; writes docs/figures/repair.json
    python -m benchmarks.repair --every      # also: killed before each instruction of put and get, once

The oracle is the sum: produced = consumed + died, and no item came twice, out of order or damaged. Takes about two
minutes; with --every about half an hour.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from shmlab import Lab
from tests.faults.test_repair import SOUND, crowd, drained, goes_on, instructions, replace

FIGURES = Path(__file__).resolve().parent.parent / "docs/figures/repair.json"
KILLS = 250  # of each of four strategies
LOOK = 0.0002


def random_kills(strategy: str, kills: int) -> dict[str, float]:
    """Kill workers at random moments; times in milliseconds from the kill on."""
    chance, repaired, went_on = random.Random(1), [], []
    with Lab(strategy, **crowd(strategy)) as lab:
        goes_on(lab)
        for _ in range(kills):
            time.sleep(chance.random() * 0.01)
            victim = chance.choice([w for w in lab.workers if w.alive])
            others = {w.name: w.items for w in lab.workers if w.alive and w.name != victim.name}
            began = time.perf_counter()
            lab.kill(victim)
            while lab.damaged:
                time.sleep(LOOK)
            repaired.append(1e3 * (time.perf_counter() - began))
            if strategy != "busy_waiting":  # its only other worker has to wait for a successor
                while not any(w.items > others.get(w.name, w.items) for w in lab.workers):
                    time.sleep(LOOK)
                went_on.append(1e3 * (time.perf_counter() - began))
            replace(lab, victim)
            goes_on(lab)
        end = drained(lab)
    exact = end.faults == 0 and end.produced == end.consumed + end.died
    return {
        "kills": kills,
        "produced": end.produced,
        "consumed": end.consumed,
        "died": end.died,
        "exact": exact,
        **percentiles("repaired_ms", repaired),
        **percentiles("others_go_on_ms", went_on),
    }


def percentiles(name: str, times: list[float]) -> dict[str, float]:
    """Median, 99 % and maximum."""
    if not times:
        return {}
    ordered = sorted(times)
    high = ordered[int(0.99 * (len(ordered) - 1))]
    return {f"{name}_median": statistics.median(ordered), f"{name}_99": high, f"{name}_max": ordered[-1]}


def every_instruction(strategy: str, role: str) -> int:
    """Kill before each instruction of one item's way, in turn; how many there are. Raises where an item is lost."""
    killed_at = instructions(strategy, role)
    count = 0
    while killed_at(count):
        count += 1
    return count


def main() -> None:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", action="store_true")
    options.add_argument("--kills", type=int, default=KILLS)
    wanted = options.parse_args()
    figures: dict[str, object] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for strategy in SOUND:
        found = figures[strategy] = random_kills(strategy, wanted.kills)
        print(strategy, {name: round(value, 2) for name, value in found.items()}, flush=True)
    if wanted.every:
        for strategy in SOUND:
            for role in ("producer", "consumer"):
                count = every_instruction(strategy, role)
                figures[f"{strategy} {role} instructions"] = count
                print(f"{strategy}: {role} killed before each of {count} instructions, all accounted for", flush=True)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
