"""SPIN, the model checker, as an oracle: Debian has it in the package `spin`."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_spin = pytest.mark.skipif(
    not os.environ.get("CI") and not (shutil.which("spin") and shutil.which("gcc")),
    reason="the oracle is missing: `sudo apt install spin gcc` brings it",
)


@dataclass(frozen=True)
class Found:
    """What SPIN says: how many states, steps from one to another, and errors."""

    states: int
    transitions: int
    errors: int


def spin(model: str, where: Path, liveness: bool = False) -> Found:
    """Check a model in full: no reduction, and no optimisation that merges steps."""
    (where / "model.pml").write_text(model)
    _run(where, "spin", "-a", "-o1", "-o2", "-o3", "model.pml")
    safety = [] if liveness else ["-DSAFETY"]
    optimised = "-O0"  # these models are small: the compiler would take longer than what it saves
    _run(where, "gcc", optimised, "-w", "-DNOREDUCE", "-DMEMLIM=2000", "-DVECTORSZ=2048", *safety, "-o", "pan", "pan.c")
    said = _run(where, "./pan", "-m1000000", "-w20", *(["-a", "-f", "-c1"] if liveness else ["-c0"]))
    assert "max search depth too small" not in said
    states, arrivals = _number(r"(\d+) states, stored", said), _number(r"(\d+) transitions", said)
    # "transitions (= stored+matched)" are arrivals in new and in known states, and it arrives at the first one without
    # a step.
    return Found(states, arrivals - 1, _number(r"errors: (\d+)", said))


def _run(where: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0 and "syntax error" not in done.stdout, done.stdout + done.stderr
    return done.stdout


def _number(pattern: str, text: str) -> int:
    match = re.search(pattern, text)
    assert match, text
    return int(match[1])
