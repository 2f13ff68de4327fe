"""The explorer beside SPIN, and beside a Python tool that explores the schedules of threads: who finds what, how soon.

    pip install frontrun            # into the same environment; and spin and gcc from the distribution
    python -m benchmarks.checkers [--seconds S]        # some minutes; writes docs/figures/checkers.json

All get the same programs, from tests/explorer: those for SPIN are written in Promela by hand, those for threads are the
explorer's own functions. Each question has a process to itself, and a limit of time. `-` means that the limit passed.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.core import machine
from shmlab.explorer.report.verdict import verdict
from tests.explorer.test_spin import PAIRS

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs/figures/checkers.json"
FAULTY = (
    *("lost 2x1", "lost 2x2", "lost 2x3", "lost 3x2"),
    *("in/out 2+1 1", "in/out 2+1 1, 3 slots", "count 1+1 3", "no mutex 2+1 1", "no mutex 2+1 2"),
    *("wrong order 1+1 3", "wrong order 2+2 2", "wrong order 2+2 2, 1 slot"),
    *("peterson swapped x1", "naive lock 2", "naive lock 3", "dining 3", "dining 5"),
)
RIGHT = ("semaphores 1+1 3", "semaphores 2+2 1", "peterson x1", "test and set 2x2", "dining in order 3")
SEEDS = (1, 2, 3)
MOST_STEPS = 20_000  # of a random schedule: a process that waits in a loop takes many
Answer = dict[str, Any]  # `found`: True, False or None where there is no answer; `seconds`; `states`, or `runs`


def explorer(name: str, _: int) -> Answer:
    """All interleavings, the simplest failing schedule included."""
    program = PAIRS[name][0]()
    began = time.perf_counter()
    found = verdict(program.system(watched=True), program.system())
    return dict(found=bool(found.fault), seconds=time.perf_counter() - began, states=found.states)


def spin(name: str, _: int) -> Answer:
    """Up to the first error, with its own reduction; making the checker and running it are timed apart."""
    with tempfile.TemporaryDirectory() as folder:
        model = re.sub(r"\bdone\b", "ended", PAIRS[name][1])  # with its reduction SPIN has a `done` of its own
        Path(folder, "model.pml").write_text(model)
        began = time.perf_counter()
        _run(folder, "spin", "-a", "model.pml")
        _run(folder, "gcc", "-O2", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-o", "pan", "pan.c")
        made = time.perf_counter() - began
        began = time.perf_counter()
        said = _run(folder, "./pan", "-m1000000", "-w20")
        seconds = time.perf_counter() - began
    states = int(said.partition(" states, stored")[0].rpartition("\n")[2].strip().rpartition(" ")[2])
    return dict(found="errors: 0" not in said, seconds=seconds, making=made, states=states)


def _run(folder: str, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def frontrun_dpor(name: str, _: int) -> Answer:
    return _frontrun(name, strategy="dpor", preemption_bound=None)


def frontrun_random(name: str, seed: int) -> Answer:
    return _frontrun(name, strategy="random", seed=seed, max_attempts=100_000, max_ops=MOST_STEPS)


def _frontrun(name: str, **more: Any) -> Answer:
    import frontrun  # type: ignore[import-not-found]

    from benchmarks import threads

    program = PAIRS[name][0]()
    began = time.perf_counter()
    try:
        found = frontrun.explore(
            setup=lambda: threads.State(program),
            workers=threads.workers(program),
            invariant=threads.holds(program),
            reproduce_on_failure=0,
            detect_io=False,
            **more,
        )
    except Exception as error:  # of a thread, such as one that waits for what nobody gives back: a failing run
        return dict(found=True, seconds=time.perf_counter() - began, said=str(error)[:200])
    seconds = time.perf_counter() - began
    answer = None if found.property_holds is None else not found.property_holds
    said = str(getattr(found, "inconclusive_reason", "") or "")[:200]
    return dict(found=answer, seconds=seconds, runs=found.num_explored, said=said)


TOOLS: dict[str, Callable[[str, int], Answer]] = {
    "shmlab": explorer,
    "spin": spin,
    "frontrun, DPOR": frontrun_dpor,
    "frontrun, random": frontrun_random,
}


def asked(tool: str, name: str, seed: int, limit: float) -> Answer:
    """One question, in a process of its own. `late` where the limit passed, `failed` where the tool gave up."""
    command = [sys.executable, "-m", "benchmarks.checkers", "--one", tool, name, str(seed)]
    if tool.startswith("frontrun"):  # which wants to start the process that it works in
        command = [sys.executable, "-m", "frontrun.cli", *command]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            said, complained = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with all that it has started
            return dict(found=None, late=True)
    if process.returncode:
        return dict(found=None, failed=(complained.strip().splitlines() or ["?"])[-1][:200])
    answer: Answer = json.loads(said.splitlines()[-1])
    return answer


def measured(tool: str, name: str, limit: float) -> Answer:
    """The median of some seeds; once where the tool does the same each time, or gives no answer."""
    seeds = SEEDS if tool in ("frontrun, random", "shmlab", "spin") else SEEDS[:1]
    answers = []
    for seed in seeds:
        answers.append(asked(tool, name, seed, limit))
        if answers[-1]["found"] is None:
            return answers[-1]
    return sorted(answers, key=lambda answer: answer["seconds"])[len(answers) // 2]


def missing(tool: str) -> str:
    """What a tool needs and does not have here; empty if nothing."""
    import importlib.util

    if tool == "spin":
        return ", ".join(name for name in ("spin", "gcc") if not shutil.which(name))
    if tool.startswith("frontrun") and not importlib.util.find_spec("frontrun"):
        return "frontrun"
    return ""


def table(figures: Answer) -> str:
    """The figures as Markdown."""
    tools = list(figures["tools"])
    lines = [f"| program | {' | '.join(tools)} |", f"|---|{'--:|' * len(tools)}"]
    for name, row in figures["rows"].items():
        lines.append(f"| {name} | {' | '.join(_cell(row[tool], name in RIGHT) for tool in tools)} |")
    found = [
        f"{sum(figures['rows'][name][tool]['found'] is True for name in FAULTY)} of {len(FAULTY)}" for tool in tools
    ]
    middle = [_median([figures["rows"][name][tool] for name in FAULTY]) for tool in tools]
    proved = [
        f"{sum(figures['rows'][name][tool]['found'] is False for name in RIGHT)} of {len(RIGHT)}" for tool in tools
    ]
    lines += [f"| **faults found** | {' | '.join(found)} |", f"| **median time of those** | {' | '.join(middle)} |"]
    lines += [f"| **right programs passed** | {' | '.join(proved)} |"]
    return "\n".join(lines)


def _median(answers: list[Answer]) -> str:
    seconds = [answer["seconds"] for answer in answers if answer["found"]]
    return _time(statistics.median(seconds)) if seconds else "-"


def _cell(answer: Answer, right: bool) -> str:
    if answer["found"] is None:
        return "-" if answer.get("late") else "gave up"
    much = "".join(f", {_count(answer[what], what)}" for what in ("states", "runs") if what in answer)
    wrong = "" if answer["found"] != right else "**missed** " if not right else "**false alarm** "
    return f"{wrong}{_time(answer['seconds'])}{much}"


def _count(number: int, things: str) -> str:
    return f"{number:,} {things if number != 1 else things[:-1]}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="the limit for one question (20)")
    parser.add_argument("--one", nargs=3, metavar=("TOOL", "PROGRAM", "SEED"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        tool, name, seed = wanted.one
        print(json.dumps(TOOLS[tool](name, int(seed))))
        return
    tools = []
    for tool in TOOLS:
        if lacks := missing(tool):
            print(f"{tool}: left out, because {lacks} is not installed", file=sys.stderr)
        else:
            tools.append(tool)
    rows: dict[str, dict[str, Answer]] = {}
    for name in (*FAULTY, *RIGHT):
        rows[name] = {tool: measured(tool, name, wanted.seconds) for tool in tools}
        print(name, *(_cell(answer, name in RIGHT) for answer in rows[name].values()), sep=" | ", flush=True)
    figures = {**machine(), "date": time.strftime("%Y-%m-%d"), "limit": wanted.seconds, "tools": tools, "rows": rows}
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    print(table(figures))


if __name__ == "__main__":
    main()
