"""What the tasks about put and get have in common: the cases in which they are explored."""

from collections.abc import Callable, Mapping
from typing import Any

from shmlab.course.exercises.code import Case, Possible
from shmlab.course.exercises.real_run import counted
from shmlab.explorer.program.items import producer
from shmlab.explorer.report import question
from shmlab.explorer.report.question import End

Initial = Callable[[int], Mapping[str, Any]]
PUT_GET = (("put", "buf, item"), ("get", "buf"))


def case(
    shared: Initial,
    capacity: int | None = 2,
    producers: int = 1,
    consumers: int = 1,
    items: int = 2,
    sleeps: bool = True,
    final: End | None = None,
) -> Case:
    """So many producers put so many items each; `final` judges the memory when all have ended."""
    slots = "endless slots" if capacity is None else counted(capacity, "slot")
    each = counted(items, "item") + " each" * (producers > 1)
    words = f"with {counted(producers, 'producer')}, {counted(consumers, 'consumer')}, {slots} and {each}"
    sizes: dict[str, Any] = dict(capacity=capacity, producers=producers, consumers=consumers, items=items, final=final)
    return Case(words, lambda put, get: question.of(put, get, shared=shared(capacity or 0), **sizes), sleeps)


def room(shared: Initial, capacity: int, items: int) -> Possible:
    """So many items find room while nobody takes one out."""

    def found(put: object, _get: object) -> bool:
        memory = {**shared(capacity), "slots": [None] * capacity}
        return question.of([(producer, put, tuple(range(10, 10 + items)))], shared=memory).verdict().ok

    return Possible(
        f"{counted(capacity, 'slot')}, no consumer",
        found,
        f"{counted(items, 'item')} should find room in {counted(capacity, 'slot')}: "
        "the producer has to wait before it should.",
        "no room",
    )
