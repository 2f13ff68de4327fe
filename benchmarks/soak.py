"""Hours of random use: labs of every sound strategy, whose rates, workers and pace change all the time, with kills.

    python -m benchmarks.soak [SECONDS] [--seed N] [--save]      # an hour; --save writes docs/figures/soak.json

After each lab every item must be accounted for: it arrived, once and in order, or it died in the hand of a consumer
that was killed. The memory of this process (the notebook's kernel, in a course) and of the workers must not grow.
"""

import argparse
import ctypes
import gc
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.core import machine
from benchmarks.soak_guests import Failed as GuestsFailed
from benchmarks.soak_guests import GuestSoak, compiled
from shmlab import Lab, Snapshot, Worker

FIGURES = Path(__file__).parent.parent / "docs/figures/soak.json"
STRATEGIES = {"semaphores": 4, "condition": 4, "unbounded": 4, "busy_waiting": 1}  # and how many of each role at most
RATES = (0.5, 5.0, 50.0, 500.0, 5000.0, None)
CHANGES = ("rate", "rate", "rates", "remove", "kill", "kill inside", "pause", "slow", "stall")
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted", "overwritten")
LAB = (4.0, 12.0)  # seconds that one lab lives
GUESTS, KILLS = 10, 10  # after so many labs comes one with guests, and so many kills
PAUSE = (0.0, 0.3)  # seconds between two changes
DRAIN = 30.0  # seconds in which all items that are left have to arrive
GROWTH = 5 << 20  # bytes by which a process may grow
give_back = ctypes.CDLL(None).malloc_trim  # the C library keeps what was freed; what is used is to be measured
LARGEST = (("unbounded", 1024, 8), ("unbounded", 1024, 4096), ("semaphores", 1024, 4096))


class Failed(Exception):
    """A promise was broken; the text says which, and how to see it again."""


class Soak:
    """One long run. `counts` is what was done, `figures()` what came of it."""

    def __init__(self, seed: int, tell: Callable[[str], None] = print) -> None:
        self.seed, self.chance, self.tell = seed, random.Random(seed), tell
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self.kernel: list[int] = []  # bytes of memory, after each lab
        self.workers = 0  # bytes by which a worker has grown, at most
        self._young: dict[int, int] = {}  # memory of each worker when it was first seen with some items behind it

    def run(self, seconds: float) -> None:
        """Labs, one after the other, for so long. Raises Failed."""
        self.stretch()
        self.kernel.append(used())
        began = time.monotonic()
        while self.seconds < seconds:
            self.one_lab(min(self.chance.uniform(*LAB), seconds - self.seconds))
            self.kernel.append(used())
            self.counts["labs"] += 1
            if self.counts["labs"] % GUESTS == 0:
                self.guests()
            self.seconds = time.monotonic() - began
        if self.grown() > GROWTH or self.workers > GROWTH:
            self.fail(f"memory: this process grew by {self.grown():,} bytes, a worker by {self.workers:,}")

    def grown(self) -> int:
        """Bytes by which this process was larger in the second half of the time than in the first.

        Python keeps what its largest moment took, so the largest moment of the first half is the measure.
        """
        half = (len(self.kernel) + 1) // 2
        return max(0, max(self.kernel[half:], default=0) - max(self.kernel[:half]))

    def stretch(self) -> None:
        """Everything once, as large as it gets: what Python keeps for later use is then there."""
        for strategy, slots, payload in LARGEST:
            self.about = f"{strategy}, {slots} slots, {payload} bytes"
            with Lab(strategy, slots, 2, 2, None, 0.1, payload=payload) as lab:
                end = time.monotonic() + DRAIN
                while (seen := lab.snapshot()).occupancy < 0.9 * seen.cap and time.monotonic() < end:
                    time.sleep(PAUSE[1])
                lab.kill("P0")
                lab.kill("C0")
                self.judge(self.drained(lab))
        self.counts.clear()

    def one_lab(self, seconds: float) -> None:
        """One lab, changed at random for so long, then drained and judged."""
        strategy = self.chance.choice(list(STRATEGIES))
        most = STRATEGIES[strategy]
        producers, consumers = self.chance.randint(1, most), self.chance.randint(1, most)
        slots, payload = self.chance.choice((2, 3, 8, 64, 1024)), self.chance.choice((8, 100, 4096))
        self.about = f"{strategy}, {slots} slots, {payload} bytes"
        with Lab(strategy, slots, producers, consumers, *self.rates(2), payload=payload) as lab:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.change(lab, most)
                time.sleep(self.chance.uniform(*PAUSE))
                self.measure(lab.snapshot())
            self.judge(self.drained(lab))

    def guests(self) -> None:
        """A lab in which guests work whom nobody looks at, with kills."""
        with tempfile.TemporaryDirectory() as folder:
            soak = GuestSoak(self.chance.choice(list(STRATEGIES)), self.chance.randrange(1 << 20), compiled(folder))
            try:
                soak.run(KILLS)
            except GuestsFailed as error:
                self.fail(str(error))
        self.counts += soak.counts

    def rates(self, count: int) -> list[float | None]:
        return [self.chance.choice(RATES) for _ in range(count)]

    def change(self, lab: Lab, most: int) -> None:
        """One random change."""
        alive = [worker for worker in lab.snapshot().workers if worker.alive]
        worker = self.chance.choice(alive) if alive else None
        what = self.chance.choice(CHANGES)
        self.counts[what] += 1
        if what == "rate" and worker:
            lab.set_rate(worker, *self.rates(1), pattern=self.chance.choice(("constant", "poisson", "bursty")))
        elif what == "rates":
            lab.produce_rate, lab.consume_rate = self.rates(2)
        elif what == "remove" and worker:
            lab.remove(worker)
        elif what == "kill" and worker:
            lab.kill(worker)
        elif what == "kill inside" and worker and "mutex" in lab.snapshot().semaphores:
            lab.kill(worker, holding="mutex", timeout=0.2)
        elif what == "pause":
            lab.pause()
            time.sleep(self.chance.uniform(*PAUSE))
            lab.resume()
        elif what == "slow":
            lab.slow_motion = self.chance.choice((0.001, 0.01))
            time.sleep(self.chance.uniform(*PAUSE))
            lab.slow_motion = 0
        elif what == "stall" and worker:
            lab.stall(worker)
            time.sleep(self.chance.uniform(*PAUSE))
            lab.unstall(worker)
        self.staff(lab, most)

    def staff(self, lab: Lab, most: int) -> None:
        """At least one of each role, and no more than the strategy is sound for; the dead go off the list."""
        for role, add in (("producer", lab.add_producer), ("consumer", lab.add_consumer)):
            workers = [worker for worker in lab.snapshot().workers if worker.role == role]
            alive = [worker for worker in workers if worker.alive]
            if not alive or (len(alive) < most and self.chance.random() < 0.2):
                if lab.damaged:
                    continue  # until it is repaired, a new one would only wait
                add()
                self.counts["started"] += 1

    def drained(self, lab: Lab) -> Snapshot:
        """The last look, when the producers have left and every item has arrived."""
        lab.resume()
        lab.slow_motion = 0
        lab.consume_rate = None
        lab.produce_rate = None  # so that each sees at once that it is to leave
        end = time.monotonic() + DRAIN
        while True:
            seen = lab.snapshot()
            producers = [worker for worker in seen.workers if worker.role == "producer" and worker.alive]
            for worker in producers:
                leave(lab, worker)
            self.staff_consumers(lab, seen)
            if not producers and seen.occupancy == 0 and seen.consumed + seen.died >= seen.produced:
                return lab.snapshot()
            if time.monotonic() > end:
                self.fail(f"after {DRAIN:g} s: {seen}; {[(w.name, w.state) for w in seen.workers]}; {lab.damaged}")
            time.sleep(0.05)

    def staff_consumers(self, lab: Lab, seen: Snapshot) -> None:
        if not lab.damaged and not any(worker.alive for worker in seen.workers if worker.role == "consumer"):
            lab.add_consumer(None)

    def judge(self, seen: Snapshot) -> None:
        """Every item arrived once and in order, or died with its consumer."""
        faults = {name: getattr(seen, name) for name in FAULTS}
        if any(faults.values()) or seen.consumed + seen.died != seen.produced:
            self.fail(f"{seen.produced} produced, {seen.consumed} consumed, {seen.died} died, {faults}")
        self.counts["items"] += seen.produced
        self.counts["died in a hand"] += seen.died

    def measure(self, seen: Snapshot) -> None:
        for worker in seen.workers:
            if worker.alive and worker.items > 20 and (now := memory(str(worker.pid))):
                self.workers = max(self.workers, now - self._young.setdefault(worker.pid, now))

    def fail(self, text: str) -> None:
        again = f"python -m benchmarks.soak --seed {self.seed}"
        raise Failed(f"lab {self.counts['labs']} ({self.about}): {text}. Again: {again}")

    def figures(self) -> dict[str, object]:
        """What was done and what came of it."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            **dict(sorted(self.counts.items())),
            "faults": 0,
            "kernel_MiB_at_the_beginning": round(self.kernel[0] / 2**20, 1),
            "kernel_MiB_at_the_end": round(self.kernel[-1] / 2**20, 1),
            "kernel_MiB_at_most": round(max(self.kernel) / 2**20, 1),
            "kernel_growth_in_the_second_half_MiB": round(self.grown() / 2**20, 2),
            "worker_growth_MiB_at_most": round(self.workers / 2**20, 2),
        }


def leave(lab: Lab, worker: Worker) -> None:
    """Ask a worker to leave; it may be gone by now."""
    try:
        lab.remove(worker)
    except ValueError:
        return


def used() -> int:
    """Bytes that this process uses, without what only waits to be collected or to be given back."""
    gc.collect()
    give_back(0)
    return memory("self")


def memory(process: str) -> int:
    """Bytes that a process has in memory and shares with nobody; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("RssAnon")), 0)


def main() -> int:
    parser = argparse.ArgumentParser(description="Hours of random use, with kills.")
    parser.add_argument("seconds", nargs="?", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--save", action="store_true", help="write docs/figures/soak.json")
    wanted = parser.parse_args()
    soak = Soak(wanted.seed)
    print(f"{wanted.seconds:,.0f} seconds, seed {wanted.seed}", flush=True)
    try:
        soak.run(wanted.seconds)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    found = {**machine(), **soak.figures()}
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    if wanted.save:
        FIGURES.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
