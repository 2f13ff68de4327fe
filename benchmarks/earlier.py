"""Throughput of labs and of the ring beside an earlier revision of this repository, by turns in one run.

    python -m benchmarks.earlier [REVISION] [--with PACKAGE] [--rounds N]

Without a revision it takes the last one whose semaphores came from posix_ipc, which pip then installs for it into a
folder that is deleted afterwards. It prints a table and writes it into docs/systems.md.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/systems.md"
BLOCK = re.compile(r"(<!-- begin: written by `python -m benchmarks.earlier` -->\n).*?(\n<!-- end -->)", re.DOTALL)
LAST_WITH_POSIX_IPC = "fe7a438"
ITEM = b"\1" * 64


def lab(workers: int, items: int) -> float:
    """Items per second through a lab with so many producers and as many consumers."""
    from shmlab import Lab

    report = Lab("semaphores", slots=64, producers=workers, consumers=workers).run(items=items, timeout=120)
    return report.consumed / report.seconds


def ring_alone(items: int) -> float:
    """Items per second through a ring whose two ends are one process."""
    from shmlab import Ring

    ring = Ring.create(slots=64, item=len(ITEM))
    began = time.perf_counter()
    for _ in range(items):
        ring.put(ITEM)
        ring.get()
    rate = items / (time.perf_counter() - began)
    ring.close()
    return rate


def ring_between(items: int) -> float:
    """Items per second through a ring from one process to another."""
    from shmlab import Ring

    ring = Ring.create(slots=64, item=len(ITEM))
    child = os.fork()
    if not child:
        other = Ring.attach(ring.name)
        for _ in range(items):
            other.get()
        os._exit(0)
    began = time.perf_counter()
    for _ in range(items):
        ring.put(ITEM)
    os.waitpid(child, 0)
    rate = items / (time.perf_counter() - began)
    ring.close()
    return rate


def starts(times: int) -> float:
    """Labs per second, from nothing to the first item that has arrived."""
    from shmlab import Lab

    began = time.perf_counter()
    for _ in range(times):
        assert Lab("semaphores").run(items=1, timeout=60).consumed == 1
    return times / (time.perf_counter() - began)


def explored(items: int) -> float:
    """States per second that the explorer visits."""
    from shmlab import explore

    began = time.perf_counter()
    verdict = explore("semaphores", producers=2, consumers=2, items=items, progress=lambda *_: True)
    assert verdict.ok
    return verdict.states / (time.perf_counter() - began)


TASKS: dict[str, Callable[[], float]] = {
    "a lab with semaphores, 1 + 1": lambda: lab(1, 200_000),
    "a lab with semaphores, 2 + 2": lambda: lab(2, 100_000),
    "a ring within one process": lambda: ring_alone(200_000),
    "a ring between two processes": lambda: ring_between(400_000),
    "labs started, 1/s": lambda: starts(20),
    "states explored, 1/s": lambda: explored(2),
}


def measured(task: str, path: str) -> float:
    """One task with the shmlab that is found on that path, in a process of its own."""
    command = [sys.executable, "-P", __file__, "--task", task]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{task} with {path} failed:\n{done.stderr}")
    return float(done.stdout)


def unpacked(revision: str, package: str, folder: Path) -> str:
    """The path on which Python finds that revision and the package, both put into `folder`."""
    archive = subprocess.run(["git", "archive", revision, "shmlab"], cwd=ROOT, capture_output=True)
    if archive.returncode:
        raise SystemExit(f"this clone has no revision {revision}: a clone with the whole history has it")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    packages = folder / "packages"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), package]
    subprocess.run(install, check=True)
    return f"{folder}:{packages}"


def table(rounds: int, revision: str, path: str) -> str:
    """All tasks, by turns, as Markdown."""
    from benchmarks.core import machine  # not above: a task runs with a shmlab whose modules stand elsewhere

    about = machine()
    title = f"{about['machine']}; {about['kernel']}; Python {about['python']}; load before: {about['load']}"
    when = time.strftime("%Y-%m-%d")
    lines = [
        f"Run {when} on {title}. Medians of {rounds} rounds; the ratio is the median of the rounds' ratios.",
        "",
        f"| items/s, unless said | {revision} | now | ratio | least and most ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    for task in TASKS:
        then, now = [], []
        for turn in range(rounds):
            arms = [(then, path), (now, str(ROOT))]
            for seen, where in arms if turn % 2 else arms[::-1]:
                seen.append(measured(task, where))
        ratios = [b / a for a, b in zip(then, now, strict=True)]
        values = f"{statistics.median(then):,.0f} | {statistics.median(now):,.0f} | {statistics.median(ratios):.2f}"
        lines.append(f"| {task} | {values} | {min(ratios):.2f}, {max(ratios):.2f} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("revision", nargs="?", default=LAST_WITH_POSIX_IPC, help="a commit of this repository")
    parser.add_argument("--with", dest="package", default="posix_ipc", metavar="PACKAGE", help="what it needs besides")
    parser.add_argument("--rounds", type=int, default=11, metavar="N", help="how often each task is measured (11)")
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.task:
        print(TASKS[wanted.task]())
        return
    with tempfile.TemporaryDirectory() as folder:
        found = table(wanted.rounds, wanted.revision, unpacked(wanted.revision, wanted.package, Path(folder)))
    PAGE.write_text(BLOCK.sub(lambda block: block[1] + found + block[2], PAGE.read_text()))


if __name__ == "__main__":
    main()
