"""A student's put and get in real processes: 20,000 items at full speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shmlab.course.exercises.judgement import Judgement, wrong
from shmlab.lab.lab import Lab
from shmlab.memory.errors import WorkerFailed
from shmlab.memory.semaphores import Semaphore
from shmlab.observe.snapshot import Snapshot

ITEMS = 20_000
PATIENCE = 4.0  # seconds: a check may take five in all
LONG = 2.0  # seconds within which any machine moves an item, if the protocol lets it
Shared = Mapping[str, int | Semaphore]


@dataclass(frozen=True)
class RealRun:
    """The number of real processes and of slots. `wrapped(functions)` makes the put and get that they call.

    `in_hand`: the number of items that all processes together may hold back until they have enough for a call. If time
    is up before the run is finished, that many may be missing without being lost.
    """

    shared: Callable[[int], Shared]
    wrapped: Callable[..., tuple[object, object]] = lambda put, get: (put, get)
    slots: int = 8
    producers: int = 1
    consumers: int = 1
    in_hand: int = 0

    @property
    def words(self) -> str:
        """The processes in words: `2 producers and 1 consumer`."""
        return f"{counted(self.producers, 'producer')} and {counted(self.consumers, 'consumer')}"

    def judged(self, functions: tuple[object, ...]) -> tuple[str, Judgement | None]:
        """Return what went through, as a sentence; and what is wrong, if anything is."""
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
        end = lab.snapshot()  # of the lab at rest: nothing is in transit any more
        if word := fault(end, 0 if report.finished or report.stuck else self.in_hand):
            return "", wrong(f"real processes ({self.words}), {report.produced:,} items: {end.faults_text}.", word)
        if report.stuck and asleep(report):
            reason = f"real processes ({self.words}) got stuck after {end.consumed:,} of {ITEMS:,} items."
            return "", wrong(reason, "deadlock")
        if not end.consumed and PATIENCE >= LONG:
            return "", wrong(f"real processes ({self.words}) moved no item in {PATIENCE:g} s.", "livelock")
        if not report.finished:
            return (
                f"on this machine {end.consumed:,} items went through real processes in {PATIENCE:g} s, faultless",
                None,
            )
        return f"{ITEMS:,} items went through real processes ({self.words}) without a fault", None


def fault(end: Snapshot, missing: int = 0) -> str:
    """Return what went wrong with the items of a run, as a word of the explorer; empty if nothing did.

    Up to `missing` items may be missing, because a process still holds them.
    """
    if end.duplicated:
        return "duplicated"
    if end.lost > missing:
        return "lost"
    if end.out_of_order:
        return "reordered"
    return "invented" if end.corrupted else ""


def asleep(end: Snapshot) -> bool:
    """Return whether all live workers wait for a semaphore at 0; otherwise the machine may just be busy."""
    alive = [worker for worker in end.workers if worker.alive]
    return all(worker.waits and end.semaphores.get(worker.waits) == 0 for worker in alive)


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 item`, `2 items`."""
    return f"{number} {what}{'s' * (number != 1)}"
