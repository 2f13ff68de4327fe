"""Hours of random use: labs of every sound strategy, whose rates, workers and pace change all the time, with kills.

    python -m benchmarks.soak [SECONDS] [--seed N] [--save]      # an hour; --save writes docs/figures/soak.json

After each lab every item must be accounted for: it arrived, once and in order, or it died in the hand of a consumer
that was killed. The memory of this process (the notebook's kernel, in a course) and of the workers must not grow.
Between the labs come, in turn, owners that are killed, a worker that prints without end, a hostile user who takes names
in /dev/shm, and guests. As root all of it happens in a /dev/shm of its own; otherwise there is no hostile user.

A failure is told at once and the run goes on; the last line is JSON with all that was done and found.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks import soak_owner, soak_prints
from benchmarks.core import machine
from benchmarks.soak_guests import Failed as GuestsFailed, GuestSoak, compiled
from benchmarks.soak_memory import GROWTH, Memory
from benchmarks.soak_strangers import alone, beside_a_stranger, seclude
from shmlab import Lab, Snapshot, Worker

FIGURES = Path(__file__).parent.parent / "docs/figures/soak.json"
STRATEGIES = {"semaphores": 4, "condition": 4, "unbounded": 4, "busy_waiting": 1}  # and how many of each role at most
RATES = (0.5, 5.0, 50.0, 500.0, 5000.0, None)
CHANGES = ("rate", "rate", "rates", "remove", "kill", "kill inside", "pause", "slow", "stall")
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted", "overwritten")
LAB = (4.0, 12.0)  # seconds that one lab lives
TURN = 2  # labs from one of the other things to the next
KILLS, OWNERS = 10, 4  # kills among guests, and owners killed, at a time
PAUSE = (0.0, 0.3)  # seconds between two changes
DRAIN = 30.0  # seconds in which all items that are left have to arrive
TELL = 60.0  # seconds from one line of counts to the next
LARGEST = (("unbounded", 1024, 8), ("unbounded", 1024, 4096), ("semaphores", 1024, 4096))
COUNTS = ("labs", "items", "kills", "owner kills", "guests", "prints", "strangers", "lost", "duplicated", "leftovers")


class Failed(Exception):
    """A promise was broken; the text says which, and how to see it again."""


class Soak:
    """One long run. `counts` is what was done, `failures` what went wrong, `figures()` all of it."""

    def __init__(self, seed: int, tell: Callable[[str], None] = print) -> None:
        self.seed, self.chance, self.tell = seed, random.Random(seed), tell
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.worst: dict[str, float] = {}  # seconds
        self.seconds = 0.0
        self.memory = Memory()
        self.others = [*[self.strangers] * alone(), self.owners, self.prints, self.guests]

    def run(self, seconds: float) -> None:
        """Labs, one after the other, for so long."""
        self.stretch()
        self.memory.note()
        began = told = time.monotonic()
        while self.seconds < seconds:
            self.attempt(lambda: self.one_lab(min(self.chance.uniform(*LAB), seconds - self.seconds)))
            if self.counts["labs"] % TURN == 0:
                self.others.append(other := self.others.pop(0))
                self.attempt(other)
            self.memory.note()
            self.seconds = time.monotonic() - began
            if time.monotonic() - told > TELL:
                told = time.monotonic()
                self.tell(self.line())
        grown, worker = self.memory.grown(), self.memory.workers
        if grown > GROWTH or worker > GROWTH:
            self.attempt(lambda: self.fail(f"memory: this process grew by {grown:,} bytes, a worker by {worker:,}"))

    def attempt(self, what: Callable[[], object]) -> None:
        """Do it; a failure is told and noted."""
        try:
            what()
        except Failed as error:
            self.failures.append(str(error))
            self.tell(str(error))

    def line(self) -> str:
        """What was done so far, in one line."""
        counts = ", ".join(f"{self.counts[name]:,} {name}" for name in COUNTS)
        memory = ", ".join(f"{size / 2**20:.1f}" for size in self.memory.moments().values())
        return f"{self.seconds:,.0f} s: {counts}; {len(self.failures)} failures; {memory} MiB"

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
        self.counts["labs"] += 1
        strategy = self.chance.choice(list(STRATEGIES))
        most = STRATEGIES[strategy]
        producers, consumers = self.chance.randint(1, most), self.chance.randint(1, most)
        slots, payload = self.chance.choice((2, 3, 8, 64, 1024)), self.chance.choice((8, 100, 4096))
        self.about = f"{strategy}, {slots} slots, {payload} bytes"
        with Lab(strategy, slots, producers, consumers, *self.rates(2), payload=payload) as lab:
            name = lab.name
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.change(lab, most)
                time.sleep(self.chance.uniform(*PAUSE))
                self.memory.note_workers(lab.snapshot().workers)
            self.judge(self.drained(lab))
        self.memory.forget_workers()
        self.nothing_left(soak_owner.left([name]))

    def guests(self) -> None:
        """A lab in which guests work whom nobody looks at, with kills."""
        self.about = "guests"
        with tempfile.TemporaryDirectory() as folder:
            soak = GuestSoak(self.chance.choice(list(STRATEGIES)), self.chance.randrange(1 << 20), compiled(folder))
            try:
                soak.run(KILLS)
            except GuestsFailed as error:
                self.fail(str(error))
            finally:
                self.counts += soak.counts
                self.counts["guests"] += soak.counts["guests in C"] + soak.counts["guests in Python"]
                self.slowest("a death among guests was noticed", soak.slowest)

    def owners(self) -> None:
        """Owners that are killed, also while they repair."""
        for _ in range(OWNERS):
            strategy = self.chance.choice([name for name, most in STRATEGIES.items() if most > 1])
            self.about = f"an owner of {strategy}"
            self.counts["owner kills"] += 1
            seconds, left = soak_owner.kill_an_owner(strategy, self.chance)
            self.slowest("nothing was left of a killed owner's labs", seconds)
            self.nothing_left(left)

    def prints(self) -> None:
        """A worker that prints without end."""
        self.about = "prints"
        self.counts["prints"] += 1
        try:
            found = soak_prints.delays()
        except TimeoutError as error:
            self.fail(str(error))
        for order, delay in found.items():
            self.slowest(f"{order} took longer beside prints", delay)
            if delay > soak_prints.BEYOND:
                self.fail(f"{order} took {delay * 1000:.0f} ms longer beside a worker that prints")

    def strangers(self) -> None:
        """A lab, and owners that are killed, beside a hostile user."""
        self.counts["strangers"] += 1
        with beside_a_stranger() as taken:
            self.one_lab(self.chance.uniform(*LAB))
            self.owners()
        self.counts["names taken by strangers"] += taken[0]

    def nothing_left(self, left: list[str]) -> None:
        self.counts["leftovers"] += len(left)
        if left:
            self.fail(f"left behind: {', '.join(left)}")

    def slowest(self, what: str, seconds: float) -> None:
        self.worst[what] = max(self.worst.get(what, 0.0), seconds)

    def rates(self, count: int) -> list[float | None]:
        return [self.chance.choice(RATES) for _ in range(count)]

    def change(self, lab: Lab, most: int) -> None:
        """One random change."""
        alive = [worker for worker in lab.snapshot().workers if worker.alive]
        worker = self.chance.choice(alive) if alive else None
        what = self.chance.choice(CHANGES)
        self.counts[what] += 1
        self.counts["kills"] += what.startswith("kill")
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
        self.counts.update(faults)
        if any(faults.values()) or seen.consumed + seen.died != seen.produced:
            self.fail(f"{seen.produced} produced, {seen.consumed} consumed, {seen.died} died, {faults}")
        self.counts["items"] += seen.produced
        self.counts["died in a hand"] += seen.died

    def fail(self, text: str) -> None:
        again = f"python -m benchmarks.soak --seed {self.seed}"
        raise Failed(f"lab {self.counts['labs']} ({self.about}): {text}. Again: {again}")

    def figures(self) -> dict[str, object]:
        """What was done and what came of it."""
        wanted = {name: self.counts[name] for name in COUNTS}
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            **wanted,
            **{name: count for name, count in sorted(self.counts.items()) if name not in wanted},
            "failures": self.failures,
            **{f"{what}, at most, s": round(seconds, 3) for what, seconds in self.worst.items()},
            **self.memory.figures(),
        }


def leave(lab: Lab, worker: Worker) -> None:
    """Ask a worker to leave; it may be gone by now."""
    try:
        lab.remove(worker)
    except ValueError:
        return


def main() -> int:
    parser = argparse.ArgumentParser(description="Hours of random use, with kills.")
    parser.add_argument("seconds", nargs="?", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--save", action="store_true", help="write docs/figures/soak.json")
    wanted = parser.parse_args()
    seclude()
    soak = Soak(wanted.seed, lambda text: print(text, flush=True))
    where = "a /dev/shm of its own" if alone() else "the /dev/shm of everybody, so without strangers"
    print(f"{wanted.seconds:,.0f} seconds, seed {wanted.seed}, in {where}", flush=True)
    soak.run(wanted.seconds)
    print(soak.line())
    found = {**machine(), **soak.figures()}
    if wanted.save:
        FIGURES.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    return bool(soak.failures)


if __name__ == "__main__":
    sys.exit(main())
