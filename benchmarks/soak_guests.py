"""Hundreds of kills in a lab in which guests work whom no snapshot has ever shown: C programs and Python programs.

    python -m benchmarks.soak_guests [KILLS] [--strategy NAME ...] [--seed N]      # 500 kills in each sound strategy

Workers of the lab's own and guests are killed at random, several at a time, and others take their places. Meanwhile
nobody takes a snapshot. Every few kills all come to rest, and the semaphores must have exactly the values that follow
from the full slots. In the end every item has arrived, once and in order, or died in the hand of a killed consumer.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import shmlab
from shmlab import Lab
from shmlab.memory import layout as at, semaphores
from shmlab.memory.waiting import until
from shmlab.observe.observer import Observer

SLOTS = 4
STRATEGIES = {"semaphores": 2, "condition": 2, "unbounded": 2, "busy_waiting": 1}  # guests of each role
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted", "overwritten")
PATIENCE = 60.0  # seconds for what has to come, on a machine that is busy
NOTICED = 1.0  # seconds until a guest's death is noticed
CHECK = 10  # kills from one look at the semaphores to the next
CC = shutil.which("cc") or shutil.which("gcc")
JOIN = "import sys; from shmlab.worker.guest import join; join(sys.argv[1], sys.argv[2], None)"


class Failed(Exception):
    """A promise was broken; the text says which."""


class GuestSoak:
    """One lab and its guests. `counts` is what was done; `slowest` seconds passed from a death until it was noticed."""

    def __init__(self, strategy: str, seed: int, programs: Path | None) -> None:
        self.strategy, self.chance, self.programs = strategy, random.Random(seed), programs
        self.counts: Counter[str] = Counter()
        self.slowest = 0.0
        self.each = STRATEGIES[strategy]
        own = (2, 2) if self.each > 1 else (1, 0)  # busy waiting is sound for one and one: a guest is the consumer
        self.guests: dict[int, tuple[str, bool, subprocess.Popen[bytes]]] = {}  # by pid: role, in C
        self.lab = Lab(strategy, SLOTS, *own, produce_rate=None, consume_rate=None)

    def run(self, kills: int) -> None:
        """So many kills, then all items are counted out. Raises Failed."""
        with self.lab:
            try:
                for number in range(self.each):
                    for role in ("producer", "consumer") if self.each > 1 else ("consumer",):
                        self.join(role, bool(self.programs) and self.strategy == "semaphores" and number == 0)
                self.pool, self.file = self.lab._alive(), self.lab._file()
                while self.counts["kills"] < kills:
                    self.kill(min(self.chance.choice((1, 1, 1, 2, 3)), kills - self.counts["kills"]))
                    if self.counts["kills"] // CHECK > self.counts["looks at rest"]:
                        self.rest()
                self.count_out()
            finally:
                for _, _, process in self.guests.values():
                    process.kill()
                    process.wait()

    def join(self, role: str, in_c: bool) -> None:
        """One more guest, and wait until it has a row and has moved an item."""
        program = [str(self.programs / role), "100000"] if in_c and self.programs else [sys.executable, "-Pc", JOIN]
        command = [program[0], self.lab.name, program[1]] if in_c else [*program, self.lab.name, role]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.guests[process.pid] = role, in_c, process
        self.counts["guests in C" if in_c else "guests in Python"] += 1
        self.wait(lambda: self.row(process.pid) is not None, f"a {role} joins")

    def row(self, pid: int) -> int | None:
        """The row that names this process."""
        file = self.lab._file()
        rows = range(file.layout.rows)
        return next((r for r in rows if self.word(r, at.PID) == pid and self.word(r, at.ROLE) in at.ROLES), None)

    def word(self, row: int, word: int) -> int:
        return self.lab._file().word(at.row_word(row, word))

    def kill(self, count: int) -> None:
        """Kill so many at once, wherever they are; wait until that is repaired; others take their places."""
        living = {row: process.pid for row, process in self.pool.present().items() if process}
        victims = self.chance.sample(sorted(living), min(count, len(living)))
        roles = {row: self.word(row, at.ROLE) for row in victims}
        time.sleep(self.chance.uniform(0, 0.02))
        for row in victims:
            os.kill(living[row], signal.SIGKILL)
        for row in victims:
            guest = self.guests.get(living[row])
            if guest:
                guest[2].wait()  # on a busy machine it takes a while to die
            died = time.monotonic()
            self.wait(self.pool.process(row).over, f"the death of {self.pool.name(row)} is noticed")
            self.slowest = max(self.slowest, time.monotonic() - died)
        self.wait(lambda: not self.lab.damaged, f"a repair, {self.lab.blocked}")
        self.counts["kills"] += len(victims)
        for row in victims:
            self.lab.remove(row)  # off the list: its row is free again
            guest = self.guests.pop(living[row], None)
            if guest:
                self.counts["guests killed"] += 1
                self.join(guest[0], guest[1])
            else:
                self.pool.add(roles[row], None, "constant")
        items = self.items()
        self.wait(lambda: self.items() > items + 10, "items move again")

    def items(self) -> int:
        return sum(self.word(row, at.CONSUMED) for row in range(self.lab._file().layout.rows))

    def rest(self) -> None:
        """Nobody moves: the semaphores have the values that follow from the full slots."""
        self.lab.pause()
        self.wait(self.exact, f"exact semaphores at rest: {self.values()}, {self.full()} slots full")
        self.lab.resume()
        self.counts["looks at rest"] += 1

    def exact(self) -> bool:
        """Whether semaphores and variables agree with the slots; those on which somebody sleeps are left out."""
        file, strategy = self.file, self.lab.strategy
        assert strategy.at_rest
        capacity = file.word(at.CAPACITY)
        wanted = strategy.at_rest(capacity, self.full())
        waits = {self.word(row, at.WAITS) for row in range(file.layout.rows)}
        names = list(file.layout.semaphores)
        asleep = {names[tag - 1] for tag in waits if tag} if self.strategy == "condition" else set()
        values = self.values()
        return all(values[name] == wanted[name] for name in names if name in wanted and name not in asleep)

    def values(self) -> dict[str, int | None]:
        return {name: semaphores.value(self.file.name, name) for name in self.file.layout.semaphores}

    def full(self) -> int:
        layout = self.file.layout
        states = (self.file.word(layout.slot(i)) for i in range(self.file.word(at.CAPACITY)))
        return sum(state in (at.FULL, at.OVERWRITTEN) for state in states)

    def count_out(self) -> None:
        """The producers leave, the consumers take what is left; every item is accounted for."""
        for worker in self.lab.workers:
            if worker.role == "producer" and worker.alive:
                self.lab.remove(worker)
        if not any(worker.alive for worker in self.lab.workers if worker.role == "consumer"):
            self.pool.add(at.CONSUMER, None, "constant")

        def counted_out() -> bool:
            seen = self.lab.snapshot()
            left = not any(worker.alive for worker in seen.workers if worker.role == "producer")
            return left and seen.occupancy == 0 and seen.consumed + seen.died >= seen.produced

        self.wait(counted_out, f"the end: {self.lab}")
        seen = self.lab.snapshot()
        faults = {name: getattr(seen, name) for name in FAULTS if getattr(seen, name)}
        if faults or seen.consumed + seen.died != seen.produced:
            text = f"{self.strategy}: {seen.produced} produced, {seen.consumed} consumed, {seen.died} died, {faults}"
            with Observer(self.lab.name) as fresh:  # knows no receipts from before
                raise Failed(f"{text}; another observer: {fresh.snapshot().faults_text}")
        self.wait(self.exact, f"exact semaphores in the end: {self.values()}")
        self.counts["items"], self.counts["died in a hand"] = seen.produced, seen.died

    def wait(self, true: Callable[[], object], what: str) -> None:
        if not until(true, PATIENCE):
            raise Failed(f"{self.strategy}, after {self.counts['kills']} kills, not within {PATIENCE:g} s: {what}")


def compiled(folder: str) -> Path | None:
    """The programs in C, compiled into this folder; None where there is no compiler."""
    source = Path(shmlab.__file__).parent / "worker/c"
    for name in ("producer", "consumer"):
        if not CC:
            return None
        command = [CC, "-O2", "-o", f"{folder}/{name}", str(source / f"{name}.c"), "-lrt", "-pthread"]
        subprocess.run(command, check=True)
    return Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills in a lab with guests whom nobody has looked at.")
    parser.add_argument("kills", nargs="?", type=int, default=500)
    parser.add_argument("--strategy", nargs="*", choices=list(STRATEGIES), default=list(STRATEGIES))
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        programs = compiled(folder)
        for strategy in wanted.strategy:
            soak = GuestSoak(strategy, wanted.seed, programs)
            began = time.monotonic()
            try:
                soak.run(wanted.kills)
            except Failed as error:
                print(f"{error}. Again: --strategy {strategy} --seed {wanted.seed}", file=sys.stderr)
                return 1
            counts = ", ".join(f"{count:,} {what}" for what, count in sorted(soak.counts.items()))
            print(
                f"{strategy}: {counts}; a death was noticed within {soak.slowest:.2f} s; "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
