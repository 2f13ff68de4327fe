"""Measures tasks in a process of its own: `python -m tests.experiments.comparison.program`, from and to JSON.

A test run has threads, and a program that has threads must not fork. What a test wants to break is Python that runs
before the first task.
"""

import dataclasses
import json
import subprocess
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from shmlab.experiments.comparison import bench
from shmlab.experiments.comparison.plan import Measurement, planned
from tests.apparatus import DIRECTORY, descriptors, watch
from tests.clone import ROOT

PLAN = dataclasses.replace(planned(["pipe"], [8]), seconds=0.1)


def measured(tasks: Iterable[Measurement], before: str = "") -> list[dict[str, Any]]:
    """The figures of each task, with what was left open and what is left in /dev/shm."""
    asked = json.dumps({"before": before, "tasks": [dataclasses.asdict(task) for task in tasks]})
    command = [sys.executable, "-m", "tests.experiments.comparison.program"]
    said = subprocess.run(command, input=asked, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert said.returncode == 0 and not said.stderr, said.stderr
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return found


def main() -> None:
    """Measure what standard input asks for; twice, since a package may open something once and for all."""
    warnings.simplefilter("error")
    asked = json.load(sys.stdin)
    exec(asked["before"], {"stage": bench})
    the_stage = bench.Bench(PLAN)
    answers = []
    for task in (Measurement(**values) for values in asked["tasks"]):
        first = the_stage.measure(task)
        files, entries = descriptors(), _entries()
        figures = the_stage.measure(task)
        for _ in watch(2.0):  # what another program has there for a moment is not ours
            if not (left := sorted(_entries() - entries)):
                break
        answers.append({**figures, "at_first": first, "open": descriptors() - files, "left": left})
    print(json.dumps(answers))


def _entries() -> set[str]:
    """What stands in /dev/shm, but not what other programs of this package have there."""
    return {entry.name for entry in DIRECTORY.iterdir() if "shmlab-" not in entry.name}


if __name__ == "__main__":
    main()
