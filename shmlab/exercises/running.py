"""A student's put and get in real processes: 20,000 items as fast as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shmlab.errors import WorkerFailed
from shmlab.exercises.judgement import Judgement, wrong
from shmlab.lab import Lab
from shmlab.snapshot import Snapshot
from shmlab.sync import Semaphore

ITEMS = 20_000
PATIENCE = 4.0  # seconds: a check has five in all
Shared = Mapping[str, int | Semaphore]


@dataclass(frozen=True)
class Run:
    """How many real processes, over how many slots. `wrapped(functions)` makes the put and get that they call."""

    shared: Callable[[int], Shared]
    wrapped: Callable[..., tuple[object, object]] = lambda put, get: (put, get)
    slots: int = 8
    producers: int = 1
    consumers: int = 1

    @property
    def words(self) -> str:
        """`2 producers and 1 consumer`."""
        return f"{counted(self.producers, 'producer')} and {counted(self.consumers, 'consumer')}"

    def judged(self, functions: tuple[object, ...]) -> tuple[str, Judgement | None]:
        """What went through, as a sentence; and what is wrong, if anything is."""
        put, get = self.wrapped(*functions)
        lab = Lab(
            put=put,
            get=get,
            shared=self.shared(self.slots),
            slots=self.slots,
            producers=self.producers,
            consumers=self.consumers,
            repair=False,
        )
        try:
            with lab:
                report = lab.run(ITEMS, PATIENCE)
        except WorkerFailed as error:
            last = str(error).strip().splitlines()[-1]
            return "", wrong(f"in a real process: {last}", "exception")
        end = lab.snapshot()  # of the lab at rest: nothing is in motion any more
        if word := fault(end):
            return "", wrong(f"real processes ({self.words}), {report.produced:,} items: {end.faults_text}.", word)
        if report.stuck:
            reason = f"real processes ({self.words}) got stuck after {end.consumed:,} of {ITEMS:,} items."
            return "", wrong(reason, "deadlock")
        if not report.finished:
            return (
                f"on this machine {end.consumed:,} items went through real processes in {PATIENCE:g} s, faultless",
                None,
            )
        return f"{ITEMS:,} items went through real processes ({self.words}) without a fault", None


def fault(end: Snapshot) -> str:
    """What went wrong with the items of a run, as a word of the explorer; empty if nothing did."""
    if end.duplicated:
        return "duplicated"
    if end.lost:
        return "lost"
    if end.out_of_order:
        return "reordered"
    return "invented" if end.corrupted else ""


def counted(number: int, what: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {what}{'s' * (number != 1)}"
