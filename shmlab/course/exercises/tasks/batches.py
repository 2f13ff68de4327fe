"""Write code: two items at once, which stay together."""

from collections.abc import Callable
from typing import Any

from shmlab.course.exercises.code import Case, Code, Possible
from shmlab.course.exercises.real_run import RealRun, counted
from shmlab.explorer.program.cells import View
from shmlab.explorer.program.items import Judge, numbered, shares
from shmlab.explorer.report import question
from shmlab.explorer.report.question import Question
from shmlab.memory.semaphores import Semaphore

BATCH = 2


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(in_=0, out=0, empty=Semaphore(capacity), full=Semaphore(0), putting=Semaphore(1), getting=Semaphore(1))


def producer(buf: Any, put_batch: Any, batches: Any) -> None:
    for batch in batches:
        put_batch(buf, batch)


def consumer(buf: Any, get_batch: Any, times: int) -> list[object]:
    got: list[object] = []
    for _ in range(times):
        got.append(tuple(get_batch(buf)))
    return got


def asked(put_batch: object, get_batch: object, capacity: int, producers: int, consumers: int, times: int) -> Question:
    """Producers that put so many batches each, consumers that get them all."""
    items = numbered(producers, BATCH * times)
    batches = [tuple(tuple(own[i : i + BATCH]) for i in range(0, len(own), BATCH)) for own in items]
    names = [f"P{p}" for p in range(producers + consumers)]
    whole = {batch for own in batches for batch in own}

    def final(_memory: View, results: list[object]) -> object:
        got: list[Any] = results[producers:]
        flat = [[item for batch in own for item in batch] for own in got]
        judge = Judge(items, names)
        for process, own in enumerate(flat, producers):
            for end in range(1, len(own) + 1):
                found = judge.one(own[:end], process)
                if found and found.word != "reordered":
                    return found.reason
        found = judge.all(flat)
        torn = [batch for own in got for batch in own if batch not in whole]
        if found:
            return found.reason
        return f"a batch was torn apart: somebody got {list(torn[0])}" if torn else True

    processes = [(producer, put_batch, own) for own in batches]
    gets = [(consumer, get_batch, share) for share in shares(producers * times, consumers)]
    memory = {**shared(capacity), "slots": [None] * capacity}
    return question.of([*processes, *gets], shared=memory, final=final)


def case(capacity: int, producers: int = 1, consumers: int = 1, times: int = 1) -> Case:
    batches = "1 batch" if times == 1 else f"{times} batches"
    who = f"{counted(producers, 'producer')}, {counted(consumers, 'consumer')}"
    words = f"with {who}, {counted(capacity, 'slot')} and {batches}" + " each" * (producers > 1)
    return Case(words, lambda put, get: asked(put, get, capacity, producers, consumers, times), sleeps=True)


def room() -> Possible:
    def found(put_batch: object, _get: object) -> bool:
        memory = {**shared(4), "slots": [None] * 4}
        return question.of([(producer, put_batch, ((10, 11), (12, 13)))], shared=memory).verdict().ok

    return Possible("4 slots, no consumer", found, "two batches should find room in 4 slots.", "no room")


def one_by_one(put_batch: Callable[..., object], get_batch: Callable[..., Any]) -> tuple[object, object]:
    """put and get as a real producer and consumer call them, which make and take one item at a time."""
    waiting: list[object] = []
    taken: list[object] = []

    def put(buf: Any, item: object) -> None:
        waiting.append(item)
        if len(waiting) == BATCH:
            put_batch(buf, tuple(waiting))
            waiting.clear()

    def get(buf: Any) -> object:
        if not taken:
            taken.extend(get_batch(buf))
        return taken.pop(0)

    return put, get


BATCHES = Code(
    "batches",
    "Two at a time",
    """A stage of a pipeline hands over its results two by two. Write `put_batch(buf, items)` and `get_batch(buf)` for
several producers and several consumers: `items` is a pair, and `get_batch` returns a list of two items. The two items
of a pair come out together and in their order. There are always two slots at least.

You have `buf.in_`, `buf.out`, `buf.capacity`, the semaphores `buf.empty` (starts at the number of slots), `buf.full`
(starts at 0), and two that start at 1: `buf.putting` and `buf.getting`. An `acquire` takes one, not two.""",
    (("put_batch", "buf, items"), ("get_batch", "buf")),
    """
def put_batch(buf, items):
    pass


def get_batch(buf):
    pass
""",
    """
def put_batch(buf, items):
    with buf.putting:
        for item in items:
            buf.empty.acquire()
            buf.slots[buf.in_] = item
            buf.in_ = (buf.in_ + 1) % buf.capacity
        for _ in items:
            buf.full.release()


def get_batch(buf):
    got = []
    with buf.getting:
        for _ in range(2):
            buf.full.acquire()
            got.append(buf.slots[buf.out])
            buf.out = (buf.out + 1) % buf.capacity
        for _ in range(2):
            buf.empty.release()
    return got
""",
    (
        case(2),
        case(2, times=3),  # the third finds out who gives slots back twice
        case(3, times=2),
        case(2, producers=2),
        case(3, producers=2),
        case(4, consumers=2, times=2),
        case(2, producers=2, consumers=2),
        room(),
    ),
    RealRun(shared, one_by_one, slots=64, producers=2, consumers=2, in_hand=4),
    (
        "Two producers, two slots: each has acquired one `empty` and waits for a second. What is that called?",
        "Only one producer at a time may collect slots, and only one consumer items.",
        "with buf.putting: twice empty.acquire(), fill both slots, twice full.release(). get_batch: the same with "
        "getting, "
        "full and out.",
    ),
    "Who needs two of a kind and takes them one by one can hold one and wait for the other, like a philosopher. One "
    "semaphore around the collecting makes it one step.",
)
