"""A lecture of 45 minutes as plain data: what is shown, in which order, and the question to ask the class first.

Each station has three beats: the class is asked, then it is shown, then comes what to notice. A prediction that was
made aloud is remembered, whether it was right or wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from shmlab.lab.lab import Lab
from shmlab.lab.scenarios import scenarios
from shmlab.strategies import semaphores

ASK, SHOW, NOTICE = range(3)
BEATS = 3


@dataclass(frozen=True, slots=True)
class OnLab:
    """A live lab: the settings of a scenario, with `changes`."""

    scenario: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of `Lab`, all of them."""
        usual = {name: argument.default for name, argument in signature(Lab).parameters.items()}
        return {**usual, **scenarios[self.scenario].settings, **self.changes}


@dataclass(frozen=True, slots=True)
class OnStepper:
    """A program for the class to schedule; `asked` are more arguments of `explore`."""

    program: object
    get: object
    goal: tuple[str, str]
    asked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnScales:
    """The comparison of shared memory with pipes and queues: names of `ways`."""

    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Station:
    """One thing to show. `question` comes before it, `notice` after it; `minutes` are for all of it."""

    title: str
    question: str
    notice: str
    minutes: int
    shown: OnLab | OnStepper | OnScales


def _on_scenario(scenario: str, notice: str, minutes: int) -> Station:
    """A station that shows a scenario as it is."""
    return Station(scenario, scenarios[scenario].question, notice, minutes, OnLab(scenario))


def add(buf):
    buf.count += 1


def both_were_counted(memory, results):
    return memory.count == 2


def put(buf, item):
    with buf.mutex:
        buf.empty.acquire()  # inside now
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


stations: tuple[Station, ...] = (
    _on_scenario(
        "fast producer",
        "The buffer is full after a few seconds. From then on the producer waits for empty, and both are equally fast: "
        "the slower side sets the pace.",
        5,
    ),
    _on_scenario("fast consumer", "Nearly empty all the time, and the consumer waits for full. Press stall on it.", 3),
    _on_scenario(
        "balanced", "Nothing pulls the number up or down, so it stays about where the start has left it. It depends.", 4
    ),
    _on_scenario(
        "bursts",
        "Ten items do not fit into eight slots: the producer is stopped in each burst. Set 16 slots and look again. "
        "A buffer evens out what is irregular.",
        4,
    ),
    Station(
        "two processes add 1",
        "The count is 0. Two processes each add 1 to it. What can it be afterwards?",
        "Adding is three steps: load, add, store. If both load before one stores, an update is lost. "
        "Let the class call out who goes next.",
        6,
        OnStepper(
            ((add,), (add,)),
            None,
            ("Let the count be 1 in the end.", "invariant"),
            {"shared": {"count": 0}, "final": both_were_counted},
        ),
    ),
    _on_scenario(
        "race", "Items are lost or come twice. The same lost update as before, now by accident, on real processes.", 5
    ),
    Station(
        "three semaphores",
        "Now with empty, full and mutex, and nothing else changed. How many faults until the end of the hour?",
        "None. Each waits for what it needs, and only one at a time is inside. It costs waiting.",
        3,
        OnLab("race", {"strategy": "semaphores"}),
    ),
    Station(
        "two lines exchanged",
        "Here put takes mutex first, and waits for empty inside. Can that go wrong? Who waits for whom?",
        "The producer waits inside, for a slot that only the consumer can free, and the consumer cannot come in. "
        "Press “show me how”, then play. Wait before you lock.",
        6,
        OnStepper(
            put,
            semaphores.get,
            ("Make both wait for each other, for ever.", "deadlock"),
            {"capacity": 2, "items": 3},
        ),
    ),
    _on_scenario(
        "killed in the critical section",
        "mutex is 0, its holder is dead, and all others sleep for ever: a semaphore does not know who took from it. "
        "Press repair: the values follow from what lies in the slots.",
        5,
    ),
    Station(
        "pipe or shared memory",
        "The same items through a pipe and through shared memory. Which is faster for 8 bytes, which for 1 MiB?",
        "Small items: synchronising decides, and a pipe does it in C. Large ones: copies decide, and only shared "
        "memory can do with one.",
        4,
        OnScales(("textbook", "ring", "ring_in_place", "pipe", "unix_socket", "queue")),
    ),
)


def begins(number: int) -> int:
    """The minute in which station `number`, counted from 0, begins."""
    return sum(station.minutes for station in stations[:number])


MINUTES = begins(len(stations))
