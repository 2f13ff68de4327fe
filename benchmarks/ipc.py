"""How fast items go from process to process: this package against every other way, as ratios within one run.

    python -m benchmarks.ipc [--rounds N] [--seconds S]        # writes docs/figures/ipc.json

In each round every way is measured once, one right after the other, and each ratio is taken within a round: what else
the machine does falls on both sides. What is wanted of a ratio stands beside it. `pip install shmlab[peers]` brings
the packages that are compared; a C compiler the program that shows what waking a process costs.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from benchmarks import ring
from shmlab.experiments.comparison import units, ways
from shmlab.experiments.comparison.bench import Bench
from shmlab.experiments.comparison.plan import THROUGHPUT, TRIP, Measurement, Plan, planned
from shmlab.processes.host import machine

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs/figures/ipc.json"
ITEMS, FRAMES, TRIPS = "items", "frames", "round trips"
ALONE, FUTEX = "one process, no transfer", "two C programs on futexes"
PEERS = ("hyperq", "faster_fifo_many", "faster_fifo", "zeroq", "zeromq", "message_queue", "pipe", "unix_socket")
QUEUES = ("faster_fifo", "hyperq", "zeroq", "queue", "simple_queue")  # that copy
ONE, TWO = (1, 1), (2, 2)
FRAME = 1 << 20
LOOK, QUIET, PATIENCE = 0.1, 2, 1.5  # seconds; ticks of 10 ms that others may work meanwhile; seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that is measured in every round."""

    work: str
    way: str
    size: int
    between: tuple[int, int] = ONE

    def __str__(self) -> str:
        title = ways.find(self.way).title if self.way in ways.names + ways.more else self.way
        return f"{self.work}, {units.size(self.size)}, {self.between[0]} to {self.between[1]}: {title}"


@dataclass(frozen=True, slots=True)
class Bar:
    """A ratio that is wanted: how many times as good as the best of these peers. A peer may be measured otherwise."""

    what: str
    ours: Measured
    peers: tuple[str, ...]
    wanted: float | None = None

    def of(self, peer: str) -> Measured:
        return replace(self.ours, way=peer)


@dataclass(frozen=True, slots=True)
class Ratio:
    """What came of a bar: the median of the ratios of each round, the least and the most."""

    what: str
    size: int
    between: tuple[int, int]
    ours: str
    peer: str
    median: float
    least: float
    most: float
    wanted: float | None

    def __str__(self) -> str:
        held = "" if self.wanted is None else f" wanted {self.wanted:g}{'' if self.median >= self.wanted else ' NOT'}"
        sides = f"{self.between[0]} to {self.between[1]}"
        return (
            f"{self.what:42} {units.size(self.size):>6} {sides}  {self.median:8.2f} x {self.peer:28}"
            f" [{self.least:.2f} ... {self.most:.2f}]{held}"
        )


def bars() -> Iterator[Bar]:
    """Everything that is asked of this package."""
    for size in (8, 64):
        for between in (ONE, TWO):
            yield Bar("batches, packed", Measured(ITEMS, "ring_packed", size, between), PEERS, 10.0)
            yield Bar("batches, lists of 64", Measured(ITEMS, "ring_many", size, between), ("hyperq",), 2.5)
            yield Bar("batches, lists of 64", Measured(ITEMS, "ring_many", size, between), ("faster_fifo_many",), 18.0)
    frames = Measured(FRAMES, "ring_in_place", FRAME)
    for peers, wanted in (
        (("queue",), 30.0),
        (("pipe",), 6.0),
        (QUEUES, 3.0),
        (("iceoryx2",), 1.0),
        ((ALONE,), 0.7),
    ):
        yield Bar("frames, filled and added up in place", frames, peers, wanted)
    for size in (8, 64, 4096):
        one = Measured(ITEMS, "ring", size)
        for peer, wanted in (
            ("queue", 12.0),
            ("simple_queue", 8.0),
            ("connection", 4.0),
            ("faster_fifo", 5.0),
            ("pipe", 1.2),
            ("hyperq", 1.4 if size == 4096 else None),
        ):
            yield Bar("one item for each call", one, (peer,), wanted)
    for size in (8, 64, 4096):
        yield Bar("textbook: three semaphores", Measured(ITEMS, "textbook", size), ("queue",), 3.0)
    for peer, wanted in (("pipe", 1.0), (FUTEX, 1 / 3), ("hyperq", None)):
        yield Bar("round trip", Measured(TRIPS, "ring", 64), (peer,), wanted)


def calm(patience: float) -> bool:
    """Wait until nobody else uses the processors; False if that does not come within `patience` seconds."""
    end = time.monotonic() + patience
    before = busy()
    while time.monotonic() < end:
        time.sleep(LOOK)
        after = busy()
        if after - before <= QUIET:
            return True
        before = after
    return False


def busy() -> int:
    """Ticks (of 10 ms) that all processors together have worked so far, but not at low priority: that steps aside."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[1] - ticks[3] - ticks[4]  # without low priority, idle and waiting for a disk


class Bench:
    """Measures one thing after the other, each when the machine is calm, if that ever comes."""

    def __init__(self, seconds: float) -> None:
        plan = planned()
        self.seconds = seconds
        self.calm = self.starts = 0
        self.stages = {work: self._stage(plan, work) for work in (ITEMS, FRAMES, TRIPS)}
        self.directory = Path(tempfile.mkdtemp(prefix="shmlab-bench-"))
        self.futex = self._compiled()

    def _stage(self, plan: Plan, work: str) -> Bench:
        stage = Bench(replace(plan, work="benchmarks.frames" if work == FRAMES else ""))
        stage.time = self.seconds
        return stage

    def _compiled(self) -> Path | None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        program = self.directory / "futex"
        if not compiler:
            return None
        subprocess.run([compiler, "-O2", "-o", program, ROOT / "benchmarks/futex.c"], check=True)
        return program

    def able(self, wanted: Measured) -> str:
        """Why something cannot be measured; empty when it can."""
        if wanted.way == FUTEX:
            return "" if self.futex else "there is no C compiler"
        if wanted.way == ALONE:
            return ""
        kind = ways.find(wanted.way)
        return kind.missing() or kind.refuses(wanted.size, *wanted.between)

    def measure(self, wanted: Measured) -> float:
        """Items or round trips per second."""
        self.calm += calm(PATIENCE)
        self.starts += 1
        if wanted.way == FUTEX:
            said = subprocess.run([self.futex, "5000"], capture_output=True, check=True)
            return 1e9 / float(said.stdout)
        if wanted.way == ALONE:
            command = [sys.executable, "-m", "benchmarks.frames", str(wanted.size), str(self.seconds)]
            return float(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)
        kind = TRIP if wanted.work == TRIPS else THROUGHPUT
        figures = self.stages[wanted.work].measure(Measurement(kind, wanted.way, wanted.size, *wanted.between, 0))
        if "trouble" in figures:
            raise SystemExit(f"{wanted}: {figures['trouble']}")
        return 1 / float(figures["trip"]) if kind == TRIP else float(figures["rate"])  # type: ignore[arg-type]

    def close(self) -> None:
        shutil.rmtree(self.directory)


def rounds(bench: Bench, asked: list[Bar], times: int) -> dict[Measured, list[float]]:
    """The figures of everything that is needed, one for each round."""
    needed = dict.fromkeys(one for bar in asked for one in (bar.ours, *map(bar.of, bar.peers)))
    for one in list(needed):
        if reason := bench.able(one):
            print(f"not measured: {one}: {reason}")
            del needed[one]
    order = sorted(needed, key=lambda one: (one.work, one.size, one.between))
    found: dict[Measured, list[float]] = {one: [] for one in order}
    for turn in range(times):
        for one in order:
            found[one].append(bench.measure(one))
        print(f"round {turn + 1} of {times}", flush=True)
    return found


def ratios(asked: list[Bar], found: dict[Measured, list[float]]) -> Iterator[Ratio]:
    """Each bar against the best of its peers."""
    for bar in asked:
        present = [peer for peer in bar.peers if bar.of(peer) in found]
        if not present or bar.ours not in found:
            continue
        best = max(present, key=lambda peer: statistics.median(found[bar.of(peer)]))
        each = [mine / other for mine, other in zip(found[bar.ours], found[bar.of(best)], strict=True)]
        titles = [title(name) for name in (bar.ours.way, best)]
        yield Ratio(
            bar.what,
            bar.ours.size,
            bar.ours.between,
            *titles,
            statistics.median(each),
            min(each),
            max(each),
            bar.wanted,
        )


def title(name: str) -> str:
    return ways.find(name).title if name in ways.names + ways.more else name


def table(figures: dict) -> str:  # type: ignore[type-arg]
    """The figures as the page has them."""
    about = "; ".join(f"{name} {value}" for name, value in figures["machine"].items())
    lines = [
        f"{about}. Measured {figures['date']}: {figures['rounds']} rounds of {figures['seconds']:g} s each; "
        f"{figures['calm']} of {figures['starts']} measurements began while nothing else was at work "
        "but at low priority; the others tell less.",
        "",
        "| what | item | processes | ratio | least | most | against | wanted |",
        "|---|--:|---|--:|--:|--:|---|--:|",
    ]
    for r in figures["ratios"]:
        sides = f"{r['between'][0]} to {r['between'][1]}"
        wanted = "" if r["wanted"] is None else f"{r['wanted']:.2g}{'' if r['median'] >= r['wanted'] else ' (missed)'}"
        values = " | ".join(f"{r[name]:.2f}" for name in ("median", "least", "most"))
        lines.append(f"| {r['what']} | {units.size(r['size'])} | {sides} | {values} | {r['peer']} | {wanted} |")
    lines += ["", "| items per second, median | item | processes | work | |", "|---|--:|---|---|--:|"]
    for m in figures["rates"]:
        sides = f"{m['between'][0]} to {m['between'][1]}"
        rate = units.rate(m["median"])
        lines.append(f"| {m['title']} | {units.size(m['size'])} | {sides} | {m['work']} | {rate} |")
    lines += ["", "| the ring | median | least | most | wanted |", "|---|--:|--:|--:|---|"]
    for r in figures["ring"]:
        values = " | ".join(f"{r[name]:,.3g} {r['unit']}" for name in ("median", "least", "most"))
        lines.append(f"| {r['what']} | {values} | {r['promised']} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="This package against every other way, as ratios within one run.")
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured")
    parser.add_argument("--seconds", type=float, default=0.25, help="of one measurement")
    parser.add_argument("--only", default="", help="only what begins so, such as `round trip`; writes nothing")
    chosen = parser.parse_args()
    packages = [kind.package for name in ways.names + ways.more if (kind := ways.find(name)).package]
    about = machine([*packages, "numpy"])
    print(*(f"{name}: {value}" for name, value in about.items()), sep="\n")
    asked = [bar for bar in bars() if bar.what.startswith(chosen.only)]
    bench = Bench(chosen.seconds)
    try:
        found = rounds(bench, asked, chosen.rounds)
    finally:
        bench.close()
    print(f"{bench.calm} of {bench.starts} measurements began in calm")
    seen = list(ratios(asked, found))
    print(*seen, sep="\n")
    if chosen.only:
        return
    of_the_ring: Callable[[], Iterator[ring.Figure]] = ring.figures
    alone = []
    for figure in of_the_ring():
        alone.append(figure)
        print(figure, flush=True)
    rates = [
        {**asdict(one), "title": title(one.way), "median": statistics.median(values), "all": values}
        for one, values in found.items()
    ]
    about_it = {"machine": about, "date": str(date.today()), "rounds": chosen.rounds, "seconds": chosen.seconds}
    about_it |= {"calm": bench.calm, "starts": bench.starts}
    figures = {**about_it, "ratios": [asdict(r) for r in seen], "rates": rates, "ring": [asdict(f) for f in alone]}
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
