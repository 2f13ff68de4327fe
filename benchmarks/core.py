"""What the core costs on this machine: start-up, memory, rates, throughput, the observer.

    python -m benchmarks.core [--quick]        # writes docs/figures/core.json

Every figure is a median with the smallest and largest value beside it. Nothing here is a test: a
figure tells about one machine on one day, so the table begins with that machine.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import shmlab
from shmlab import Lab, strategies
from shmlab.memory import layout as at
from shmlab.observe.observer import Observer

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs/figures/core.json"
RATES = (1, 10, 100, 1000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: median, spread and how often it was measured."""

    what: str
    unit: str
    median: float
    least: float
    most: float
    times: int
    promised: str = ""

    def __str__(self) -> str:
        values = f"{self.median:>12,.4g} {self.unit:<8} {self.least:>10,.4g} ... {self.most:<10,.4g}"
        return f"{self.what:<52} {values} {self.times:>4} x  {self.promised}"


def figure(what: str, unit: str, values: list[float], promised: str = "") -> Figure:
    return Figure(what, unit, statistics.median(values), min(values), max(values), len(values), promised)


def until(condition: Callable[[], object], seconds: float = 20.0) -> float:
    """When `condition` became true; looks all the time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"nothing happened within {seconds:g} s")
    return time.monotonic()


def import_time(times: int) -> Figure:
    """`import shmlab` in a fresh interpreter, measured inside it."""
    code = "import time; t = time.perf_counter(); import shmlab; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True) for _ in range(times)
    ]
    return figure("import shmlab", "ms", [1000 * float(run.stdout) for run in runs], "under 50 ms")


def lab_import_time(times: int) -> Figure:
    code = "import time; t = time.perf_counter(); import shmlab; shmlab.Lab; print(time.perf_counter() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True) for _ in range(times)
    ]
    return figure("import shmlab; shmlab.Lab", "ms", [1000 * float(run.stdout) for run in runs])


def first_item(times: int) -> Figure:
    """From asking for a producer to its first item in the segment."""
    values = []
    for _ in range(times):
        with Lab(producers=0, consumers=1, produce_rate=None, consume_rate=None) as lab, Observer(lab.name) as eye:
            until(lambda eye=eye: eye.snapshot().worker("C0").waits)
            began = time.monotonic()
            row = lab.add_producer().row
            made = at.row(row) + at.PRODUCED * at.WORD
            values.append(1000 * (until(lambda eye=eye, made=made: eye.segment.word(made)) - began))
    return figure("a worker: launch to first item", "ms", values, "within 60 ms")


def start_time(producers: int, consumers: int, times: int) -> Iterator[Figure]:
    """`start()`, and until every one of the workers has moved an item."""
    started, at_work, stopped = [], [], []
    for _ in range(times):
        lab = Lab(slots=64, producers=producers, consumers=consumers, produce_rate=None, consume_rate=None)
        began = time.monotonic()
        lab.start()
        started.append(1000 * (time.monotonic() - began))
        with Observer(lab.name) as eye:
            moved = until(lambda eye=eye: all(worker.items for worker in eye.snapshot().workers))
        at_work.append(1000 * (moved - began))
        began = time.monotonic()
        lab.stop()
        stopped.append(1000 * (time.monotonic() - began))
    size = f"a lab of {producers} + {consumers}"
    yield figure(f"{size}: start() returns", "ms", started)
    yield figure(f"{size}: every worker has moved an item", "ms", at_work)
    yield figure(f"{size}: stop() returns", "ms", stopped)


def snapshot_cost(slots: int, times: int) -> Iterator[Figure]:
    with Lab(slots=slots, produce_rate=20, consume_rate=20) as lab:
        until(lambda: lab.snapshot().consumed)
        for what, look in (("lab.snapshot()", lab.snapshot), ("Observer.snapshot()", Observer(lab.name).snapshot)):
            values = []
            for _ in range(times):
                began = time.perf_counter()
                look()
                values.append(1e6 * (time.perf_counter() - began))
            yield figure(f"{what} at {slots:,} slots", "us", values)


def memory_and_idle(times: int) -> Iterator[Figure]:
    """One producer and one consumer that rest: what they hold and what they use."""
    private, resident, cpu = [], [], []
    for _ in range(times):
        with Lab(produce_rate=0.1, consume_rate=0.1) as lab:
            until(lambda lab=lab: all(worker.state == "resting" for worker in lab.workers))
            pids = [worker.pid for worker in lab.workers]
            used, began = sum(map(_cpu, pids)), time.monotonic()
            time.sleep(2)
            cpu.append(100 * (sum(map(_cpu, pids)) - used) / (time.monotonic() - began) / len(pids))
            private += [_status(pid, "RssAnon") for pid in pids]
            resident += [_status(pid, "VmRSS") for pid in pids]
    yield figure("a worker's memory of its own (RssAnon)", "MB", private)
    yield figure("a worker's memory with shared libraries (VmRSS)", "MB", resident, "at most 20 MB")
    yield figure("a resting worker's processor time", "% core", cpu, "under 2 %")


def _status(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1000
    raise SystemExit(f"/proc/{pid}/status has no {field}")


def _cpu(pid: int) -> float:
    """Seconds of processor time, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def achieved(rate: float, times: int) -> Iterator[Figure]:
    """Items per second from the producer's counter, and what it costs."""
    seconds = max(1.0, min(10.0, 20 / rate))
    errors, rates, cpu = [], [], []
    with Lab(slots=1024, produce_rate=rate, consume_rate=None) as lab, Observer(lab.name) as eye:
        made = at.row(0) + at.PRODUCED * at.WORD
        pid = lab.workers[0].pid
        until(lambda: eye.segment.word(made), 30)
        for _ in range(times):
            items, began, used = eye.segment.word(made), time.monotonic(), _cpu(pid)
            if rate <= 10:  # from item to item, or the window itself would decide
                began = until(lambda items=items: eye.segment.word(made) > items, 30)
                items = eye.segment.word(made)
                goal = items + max(1, round(rate * seconds))
                end = until(lambda goal=goal: eye.segment.word(made) >= goal, 60)
            else:
                time.sleep(seconds)
                end = time.monotonic()
            rates.append((eye.segment.word(made) - items) / (end - began))
            errors.append(100 * abs(rates[-1] / rate - 1))
            cpu.append(100 * (_cpu(pid) - used) / (time.monotonic() - began))
    yield figure(f"asked {rate:,}/s: achieved", "items/s", rates)
    yield figure(f"asked {rate:,}/s: error", "%", errors, "within 1 % up to 10,000/s" if rate <= 10_000 else "")
    if rate > 10:
        yield figure(f"asked {rate:,}/s: processor time of the producer", "% core", cpu)


def news(times: int) -> Figure:
    """A producer that rests for 10 s is asked for 1,000 items/s: until its first item, less the 1 ms it then waits."""
    values = []
    with Lab(slots=1024, produce_rate=0.1, consume_rate=None) as lab, Observer(lab.name) as eye:
        made = at.row(0) + at.PRODUCED * at.WORD
        for _ in range(times):
            lab.produce_rate = 0.1
            until(lambda: eye.snapshot().worker("P0").state == "resting")
            time.sleep(0.02)
            items, began = eye.segment.word(made), time.monotonic()
            lab.produce_rate = 1000
            values.append(1000 * (until(lambda items=items: eye.segment.word(made) > items) - began) - 1)
    return figure("a new rate acts on a producer at 0.1/s after", "ms", values, "within 20 ms")


def throughput(name: str, workers: int, items: int, times: int) -> Figure:
    values = []
    for _ in range(times):
        report = Lab(name, slots=64, producers=workers, consumers=workers).run(items=items, timeout=120)
        values.append(report.consumed / report.seconds)
    return figure(f"{name}, {workers} + {workers}, 64 slots of 8 bytes", "items/s", values)


def observed(times: int) -> Iterator[Figure]:
    """Throughput with and without an observer at 60 snapshots a second, by turns so that both meet the same noise."""
    for slots in (8, 1024):
        ratios = []
        with Lab(slots=slots, produce_rate=None, consume_rate=None) as lab, Observer(lab.name) as eye:
            until(lambda: lab.snapshot().consumed > 100)

            def measure(look: Callable[[], object]) -> float:
                began, items = time.monotonic(), lab.snapshot().consumed
                for frame in range(1, 61):
                    look()
                    time.sleep(max(0.0, began + frame / 60 - time.monotonic()))
                return (lab.snapshot().consumed - items) / (time.monotonic() - began)

            for _ in range(times):
                before, seen, after = measure(int), measure(eye.snapshot), measure(int)
                ratios.append(100 * (1 - seen / ((before + after) / 2)))
        yield figure(f"60 snapshots/s of {slots:,} slots take from throughput", "%", ratios, "under 1 %")


def all_figures(quick: bool) -> Iterator[Figure]:
    few, some, many = (3, 5, 50) if quick else (5, 15, 500)
    yield import_time(some)
    yield lab_import_time(some)
    yield first_item(some)
    yield from start_time(1, 1, some)
    yield from start_time(8, 8, few)
    for slots in (8, 64, 1024):
        yield from snapshot_cost(slots, many)
    yield from memory_and_idle(few)
    for rate in RATES:
        yield from achieved(rate, 3 if quick or rate <= 1 else few)
    yield news(some)
    for name in strategies.names:
        yield throughput(name, 1, 5000 if quick else 50_000, few)
    for name in ("semaphores", "condition"):
        yield throughput(name, 2, 5000 if quick else 50_000, few)
    yield from observed(few if quick else some)


def machine() -> dict[str, str]:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "machine": f"{models[0].partition(': ')[2] if models else platform.machine()}, {os.cpu_count()} processors",
        "load": "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "shmlab": shmlab.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What the core of shmlab costs on this machine.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    wanted = parser.parse_args()
    about = machine()
    print("\n".join(f"{name}: {value}" for name, value in about.items()), end="\n\n")
    print(f"{'':<52} {'median':>12} {'':<8} {'least':>10}     {'most':<10}")
    figures = []
    for found in all_figures(wanted.quick):
        figures.append(found)
        print(found, flush=True)
    FIGURES.write_text(json.dumps({**about, "figures": [asdict(f) for f in figures]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
