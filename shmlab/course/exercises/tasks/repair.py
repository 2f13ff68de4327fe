"""Write code: set right what a producer leaves that died somewhere inside put.

The same three things happen in the model and for real: a producer takes some steps of `put` and is killed; the
student's `repair` runs while the consumer rests; a new producer and the consumer go on.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shmlab.course.exercises.code import Case, Code
from shmlab.course.exercises.judgement import Judgement, wrong
from shmlab.course.exercises.real_run import counted
from shmlab.explorer.model.model import Model
from shmlab.explorer.program.cells import View
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.real.real_processes import RealProcesses
from shmlab.explorer.report import question
from shmlab.explorer.report.question import Question
from shmlab.memory.semaphores import Semaphore

STEPS: tuple[str, ...] = (
    "before its first step",
    "after empty.acquire()",
    "after loading in_",
    "after filling the slot",
    "after loading in_ again",
    "after storing in_",
    "after its last step",
)
COUNTS = 5  # from this step on the item counts
VICTIM, PRODUCER, CONSUMER = range(3)
NEW = (20, 21)


def put(buf, item):  # type: ignore[no-untyped-def]
    buf.empty.acquire()
    buf.slots[buf.in_ % buf.capacity] = item
    buf.in_ += 1  # from here on the item counts
    buf.full.release()


def get(buf):  # type: ignore[no-untyped-def]
    buf.full.acquire()
    item = buf.slots[buf.out % buf.capacity]
    buf.out += 1
    buf.empty.release()
    return item


def producer(buf: Any, repair: Any, empty: int, full: int) -> None:
    repair(buf, empty, full)
    buf.resume.release()
    for item in NEW:
        put(buf, item)


def consumer(buf: Any, count: int) -> list[object]:
    buf.resume.acquire()
    got = []
    for _ in range(count):
        got.append(get(buf))
    return got


@dataclass(frozen=True)
class DeadProducer:
    """A producer that died after so many steps of put, when `used` of `capacity` slots were full.

    `gone` items had gone through before.
    """

    capacity: int
    used: int
    gone: int
    steps: int

    @property
    def words(self) -> str:
        return (
            f"when the producer was killed {STEPS[self.steps]} ({self.used} of {counted(self.capacity, 'slot')} full, "
            f"out is {self.gone})"
        )

    @property
    def expected(self) -> list[int]:
        """What the consumer has to get."""
        return [*range(10, 10 + self.used), *([15] if self.steps >= COUNTS else []), *NEW]

    def before(self) -> dict[str, Any]:
        """The memory before put began."""
        slots: list[int | None] = [None] * self.capacity
        for i in range(self.used):
            slots[(self.gone + i) % self.capacity] = 10 + i
        sems = dict(empty=Semaphore(self.capacity - self.used), full=Semaphore(self.used), resume=Semaphore(0))
        return dict(in_=self.gone + self.used, out=self.gone, slots=slots, **sems)

    def left(self) -> dict[str, Any]:
        """The memory that the dead one leaves."""
        model = Model(question.of([(put, 15)], shared=self.before()).system()).run([0] * self.steps)
        memory = {name: int(value or 0) for name, value in model.snapshot().items() if "[" not in name}
        slots = [value for name, value in model.snapshot().items() if name.startswith("slots[")]
        sems = {name: Semaphore(memory.pop(name)) for name in ("empty", "full", "resume")}
        return {**memory, **sems, "slots": slots}

    def asked(self, repair: object) -> Question:
        """The new producer, which repairs first, and the consumer, over the memory that the dead one has left."""
        memory, expected = self.left(), self.expected

        def final(_memory: View, results: list[object]) -> object:
            got = results[1]
            assert isinstance(got, list)
            return got == expected or said_of(got, expected)

        values = (memory["empty"].value, memory["full"].value)
        processes = [(producer, repair, *values), (consumer, len(expected))]
        return question.of(processes, shared=memory, final=final)

    def for_real(self, repair: object) -> Judgement | None:
        """The same with real processes and a real SIGKILL."""
        values = self.left()
        processes = [
            (put, 15),
            (producer, repair, values["empty"].value, values["full"].value),
            (consumer, len(self.expected)),
        ]
        program = question.of(processes, shared=self.before()).program
        with RealProcesses(program) as real:
            for _ in range(self.steps):
                real.step(VICTIM)
            if real.pending(VICTIM):
                os.kill(real.pids[VICTIM], signal.SIGKILL)
            while able := [p for p in real.enabled() if p != VICTIM]:
                real.step(able[-1])
            if real.ending(CONSUMER) != repr(self.expected):
                return wrong(f"real processes, {self.words}: the consumer got {real.ending(CONSUMER) or 'stuck'}.")
        return None


def said_of(got: list[object], expected: list[int]) -> str:
    """What is wrong with what came out."""
    what = f"the consumer got {got}, not {expected}"
    if None in got:
        return f"{what}: it took an empty slot for an item, because full promises too many"
    if len(set(got)) < len(got):
        return f"{what}: an item came out twice, because full promises too many"
    if set(got) - set(expected):
        return f"{what}: an item came out that did not count yet"
    return f"{what}: an item that counted was lost"


def deaths() -> Iterator[DeadProducer]:
    """Every step of put, in an empty buffer, in one with an item, in one with a single slot, in one long in use."""
    for capacity, used, gone in ((2, 0, 0), (2, 1, 0), (1, 0, 0), (3, 2, 0), (2, 1, 3)):
        for steps in range(len(STEPS)):
            yield DeadProducer(capacity, used, gone, steps)


def killed(repair: object) -> tuple[str, Judgement | None]:
    """A real producer killed at each step, and what came of it."""
    for steps in range(len(STEPS)):
        try:
            found = DeadProducer(2, 1, 3, steps).for_real(repair)
        except ReplayFailed as error:  # a machine that is too busy; the explorer has judged already
            return f"real processes could not be tried to the end: {error}", None
        if found:
            return "", found
    return f"{len(STEPS)} real producers were killed, one at each step, and nothing was lost that counted", None


REPAIR = Code(
    "repair",
    "After a death",
    """The producer and the consumer of this buffer share `in_` and `out`, which only grow, and two semaphores:

```python
def put(buf, item):
    buf.empty.acquire()
    buf.slots[buf.in_ % buf.capacity] = item
    buf.in_ += 1  # from here on the item counts
    buf.full.release()


def get(buf):
    buf.full.acquire()
    item = buf.slots[buf.out % buf.capacity]
    buf.out += 1
    buf.empty.release()
    return item
```

A producer is killed, somewhere inside `put`. The consumer rests outside of `get`. Write `repair(buf, empty, full)`,
which runs alone, before a new producer starts: `empty` and `full` are the values that the two semaphores have now.
An item that counts must come out, once; one that does not yet count is gone with its producer.""",
    (("repair", "buf, empty, full"),),
    """
def repair(buf, empty, full):
    pass
""",
    """
def repair(buf, empty, full):
    used = buf.in_ - buf.out
    for _ in range(used - full):
        buf.full.release()
    for _ in range(buf.capacity - used - empty):
        buf.empty.release()
""",
    tuple(Case(death.words, death.asked) for death in deaths()),
    killed,
    (
        "You cannot know where it died. What can you know for certain, because it is changed by one single store?",
        "`in_ - out` is the number of items that count. What must `full` be, then? And `empty`?",
        "used = in_ - out. Release `full` until it is `used`, and `empty` until it is capacity - used.",
    ),
    "`in_` and `out` are the truth, since each is moved by one store. The semaphores only say the same in another "
    "way, so "
    "their values can be worked out anew.",
)
