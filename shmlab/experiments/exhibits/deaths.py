"""A producer dies at a chosen place of its `put`: what it leaves, whether the others go on, what a repair sets right.

The lab runs in slow motion, and its segment is looked at until it shows the place. Then the producer is stopped
(SIGSTOP), looked at once more, and killed only if it still stands there. A busy machine can miss the moment: then
another lab tries, with slower steps.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shmlab.experiments.exhibits.wait import wait
from shmlab.lab.lab import Lab
from shmlab.memory import limits
from shmlab.memory.errors import ShmlabError
from shmlab.memory.waiting import Deadline
from shmlab.observe.snapshot import Snapshot

SLOTS, RATE = 4, 20.0  # of the lab, and items per second of its workers
SLOW_MOTION = (0.1, 0.5, 2.0)  # seconds of a step; the next where a moment was missed
ENOUGH = 3  # more items than could have been left over from the dead


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the first put of a producer, as one sees it in a segment of four slots: nothing was taken out yet."""

    letters: str
    empty: int
    full: int
    mutex: int
    in_: int

    def reached(self, now: Snapshot) -> bool:
        """Whether the segment looks like this."""
        semaphores = dict(empty=self.empty, full=self.full, mutex=self.mutex)
        return (now.slots.letters, now.semaphores, now.in_) == (self.letters, semaphores, self.in_)


PLACES: Mapping[str, Place] = {
    "empty taken": Place("····", empty=3, full=0, mutex=1, in_=0),
    "filling the slot": Place("w···", empty=3, full=0, mutex=0, in_=0),
    "in moved": Place("F···", empty=3, full=0, mutex=0, in_=1),
    "mutex given back": Place("F···", empty=3, full=0, mutex=1, in_=1),
}


@dataclass(frozen=True, slots=True)
class Death:
    """What a producer left that died at `place`; whether items `pass_on` after that; how it was `repaired`."""

    place: str
    left: Snapshot
    pass_on: bool
    repaired: tuple[str, ...]

    def __str__(self) -> str:
        values = " ".join(f"{name}={value}" for name, value in self.left.semaphores.items())
        return f"{self.place:16} [{self.left.slots.letters}] {values}  items pass: {'yes' if self.pass_on else 'no'}"


def at(place: str) -> Death:
    """Let a producer die at one of PLACES; then a second one comes. Raises ArgumentError, ShmlabError.

    The latter where the machine is so busy that the moment was missed three times.
    """
    looks = PLACES[limits.choice(place, "the place", tuple(PLACES))]
    for seconds in SLOW_MOTION:
        with Lab(slots=SLOTS, produce_rate=RATE, consume_rate=RATE, slow_motion=seconds, repair=False) as lab:
            if kill_when(lab, "P0", looks.reached):
                left, lab.slow_motion = lab.snapshot(), 0
                lab.add_producer()
                wait(lambda lab=lab: passes(lab) or stands(lab))  # type: ignore[misc]
                return Death(place, left, passes(lab), tuple(lab.repair()))
    raise ShmlabError(f"P0 was never met at {place!r}: this machine is too busy. Run this again when it is calmer.")


def kill_when(lab: Lab, worker: str, there: Callable[[Snapshot], bool]) -> bool:
    """Wait until the lab looks like this; stop the worker, look once more, and kill it. Whether it still was there."""
    wait(lambda: there(lab.snapshot()))
    lab.stall(worker)
    caught = there(lab.snapshot())
    lab.kill(worker)
    return caught


def at_random(lab: Lab, times: int, seconds: float) -> int:
    """Kill so many workers at random moments, or as many as there is time for; each is replaced. How many died."""
    deadline = Deadline(seconds)
    for died in range(times):
        if deadline.over:
            return died
        time.sleep(random.uniform(0.05, 0.15))
        victim = random.choice([worker for worker in lab.workers if worker.alive])
        lab.kill(victim)
        lab.add_producer() if victim.role == "producer" else lab.add_consumer()
        wait(lambda: not lab.damaged, deadline.left)  # until it is repaired
    return times


def passes(lab: Lab) -> bool:
    """Whether items go through."""
    return lab.snapshot().consumed > ENOUGH


def stands(lab: Lab) -> bool:
    """Whether all that live wait, and `mutex` is taken: by a dead one, since who holds it does not wait."""
    now = lab.snapshot()
    return now.semaphores["mutex"] == 0 and all(worker.waits for worker in now.workers if worker.alive)
