"""Write code: nobody goes on before all have come, again and again."""

from typing import Any

from shmlab.course.exercises.code import Case, Code
from shmlab.course.exercises.real_run import RealRun
from shmlab.explorer.program.cells import Atomic, View
from shmlab.explorer.report import question
from shmlab.explorer.report.question import Question
from shmlab.memory.semaphores import Semaphore


def shared(parties: int) -> dict[str, int | Semaphore]:
    return dict(parties=parties, count=0, mutex=Semaphore(1), gate=Semaphore(0), second_gate=Semaphore(0))


def party(buf: Any, barrier: Any, rounds: int, parties: int) -> str:
    for number in range(1, rounds + 1):
        buf.came.fetch_add(1)
        barrier(buf)
        if buf.came.load() < parties * number:
            return f"somebody went on in round {number} before all had come"
    return ""


def asked(barrier: object, parties: int, rounds: int) -> Question:
    def final(_memory: View, results: list[object]) -> object:
        return next((said for said in results if said), True)

    memory = {**shared(parties), "came": Atomic(0)}
    return question.of([(party, barrier, rounds, parties)] * parties, shared=memory, final=final)


def case(parties: int, rounds: int) -> Case:
    often = "one round" if rounds == 1 else f"{rounds} rounds"
    return Case(f"with {parties} processes and {often}", lambda barrier: asked(barrier, parties, rounds), sleeps=True)


def handing_over(barrier: Any) -> tuple[object, object]:
    """A producer and a consumer who meet twice for each lot of slots: when it is full, and when it has been emptied."""
    place = 0  # each of the two processes has its own

    def put(buf: Any, item: object) -> None:
        nonlocal place
        buf.slots[place] = item
        place = (place + 1) % buf.capacity
        if place == 0:
            barrier(buf)
            barrier(buf)

    def get(buf: Any) -> object:
        nonlocal place
        if place == 0:
            barrier(buf)
        item = buf.slots[place]
        place = (place + 1) % buf.capacity
        if place == 0:
            barrier(buf)
        return item

    return put, get


BARRIER = Code(
    "barrier",
    "A barrier",
    """Stages that work in step meet after each round. Write `barrier(buf)`: each of `buf.parties` processes calls it,
and nobody comes back before all have called it. It is used **again and again**, so a fast process may be at the next
barrier while a slow one has not yet left this one.

You have `buf.count` (starts at 0), `buf.mutex` (a semaphore that starts at 1), and two semaphores that start at 0:
`buf.gate` and `buf.second_gate`. Who waits sleeps.""",
    (("barrier", "buf"),),
    """
def barrier(buf):
    pass
""",
    """
def barrier(buf):
    with buf.mutex:
        buf.count += 1
        if buf.count == buf.parties:
            for _ in range(buf.parties):
                buf.gate.release()
    buf.gate.acquire()
    with buf.mutex:
        buf.count -= 1
        if buf.count == 0:
            for _ in range(buf.parties):
                buf.second_gate.release()
    buf.second_gate.acquire()
""",
    (case(2, 1), case(3, 1), case(2, 2), case(2, 3), case(3, 2), case(4, 1), case(3, 3)),
    RealRun(lambda _: shared(2), handing_over, slots=40),
    (
        "Count who has come, under `mutex`. The last one opens the gate for all, itself among them.",
        "One gate is enough for one round. In the second, a fast process can slip through the gate that was opened "
        "for a "
        "slow one. So all have to leave before anybody may come again.",
        "Come: count += 1, the last releases gate `parties` times, then gate.acquire(). Leave: count -= 1, the one "
        "that "
        "reaches 0 releases second_gate `parties` times, then second_gate.acquire().",
    ),
    "Two gates, one of which is always shut. Source: Downey, The Little Book of Semaphores, 3.7 (reusable barrier).",
)
