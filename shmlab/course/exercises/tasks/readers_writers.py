"""Write code: many may read at once, who writes is alone."""

from typing import Any

from shmlab.course.exercises.code import Case, Code, Possible
from shmlab.course.exercises.real_run import RealRun, counted
from shmlab.explorer.program.cells import Atomic, View
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import Goal
from shmlab.explorer.report.question import Question
from shmlab.memory.semaphores import Semaphore

FOUR = ("start_read", "end_read", "start_write", "end_write")


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(readers=0, mutex=Semaphore(1), room=Semaphore(1))


def shared_for_real(capacity: int) -> dict[str, int | Semaphore]:
    both = dict(first=0, second=0, in_=0, out=0)
    return {**shared(capacity), **both, "empty": Semaphore(capacity), "full": Semaphore(0), "lock": Semaphore(1)}


def reader(buf: Any, start: Any, end: Any, times: int) -> None:
    for _ in range(times):
        start(buf)
        buf.reading.fetch_add(1)
        buf.reading.fetch_add(-1)
        end(buf)


def writer(buf: Any, start: Any, end: Any, times: int) -> None:
    for _ in range(times):
        start(buf)
        buf.writing.fetch_add(1)
        buf.writing.fetch_add(-1)
        end(buf)


def alone(memory: View) -> object:
    """The invariant: a writer inside is the only one inside."""
    reading, writing = memory["reading"], memory["writing"]
    assert isinstance(reading, int) and isinstance(writing, int)
    if writing > 1:
        return "two writers are inside at once"
    return f"a writer and {counted(reading, 'reader')} are inside at once" if writing and reading else True


def asked(functions: tuple[Any, ...], readers: int, writers: int, times: int) -> Question:
    start_read, end_read, start_write, end_write = functions
    processes = [(reader, start_read, end_read, times)] * readers + [(writer, start_write, end_write, times)] * writers
    memory = {**shared(0), "reading": Atomic(0), "writing": Atomic(0)}
    return question.of(processes, shared=memory, invariant=alone)


def case(readers: int, writers: int, times: int = 1) -> Case:
    often = "once" if times == 1 else "twice"
    who = " and ".join(counted(n, what) for n, what in ((readers, "reader"), (writers, "writer")) if n)
    return Case(f"with {who}, each {often}", lambda *functions: asked(functions, readers, writers, times), sleeps=True)


def together() -> Possible:
    def found(*functions: object) -> bool:
        return bool(asked(functions, 2, 0, 1).find(Goal(lambda memory: memory["reading"] == 2)).schedule)

    return Possible(
        "2 readers", found, "two readers are never inside at once. Nobody is harmed if they are.", "too strict"
    )


def with_items(start_read: Any, end_read: Any, start_write: Any, end_write: Any) -> tuple[object, object]:
    """put writes two words that must always be equal, get reads both; the items go their own way beside."""

    def put(buf: Any, item: object) -> None:
        start_write(buf)
        number = buf.first + 1
        buf.first = number
        buf.second = number
        end_write(buf)
        buf.empty.acquire()
        with buf.lock:
            buf.slots[buf.in_] = item
            buf.in_ = (buf.in_ + 1) % buf.capacity
        buf.full.release()

    def get(buf: Any) -> object:
        buf.full.acquire()
        with buf.lock:
            item = buf.slots[buf.out]
            buf.out = (buf.out + 1) % buf.capacity
        buf.empty.release()
        start_read(buf)
        first, second = buf.first, buf.second
        end_read(buf)
        if first != second:
            raise AssertionError(f"a reader saw half of what was written: {first} and {second}")
        return item

    return put, get


READERS_WRITERS = Code(
    "readers_writers",
    "Readers and writers",
    """A table lies in shared memory, so that many processes can read it where it is, without a copy and without a
message. Now and then one writes. Any number may **read** at once; who **writes** is alone.

A reader calls `start_read`, reads, calls `end_read`; a writer `start_write` and `end_write`. Write these four. You have
`buf.readers` (starts at 0) and two semaphores that start at 1: `buf.mutex` for the count of readers, `buf.room` for the
right to be at the table. Who waits sleeps. (That writers may have to wait long is allowed here.)""",
    tuple((name, "buf") for name in FOUR),
    "\n\n".join(f"def {name}(buf):\n    pass\n" for name in FOUR),
    """
def start_read(buf):
    with buf.mutex:
        buf.readers += 1
        if buf.readers == 1:
            buf.room.acquire()


def end_read(buf):
    with buf.mutex:
        buf.readers -= 1
        if buf.readers == 0:
            buf.room.release()


def start_write(buf):
    buf.room.acquire()


def end_write(buf):
    buf.room.release()
""",
    (case(1, 1), case(2, 0), case(0, 2), case(2, 1), case(1, 1, 2), case(2, 1, 2), case(2, 2), case(3, 1), together()),
    RealRun(shared_for_real, with_items, producers=2, consumers=2),
    (
        "All readers together are one guest at the table. Which of them has to take `room`, and which gives it back?",
        "The first reader takes `room`, the last one gives it back. To know who is first, count under `mutex`.",
        "start_read: with mutex: readers += 1, and if it is 1 now, room.acquire(). end_read: the mirror image. A "
        "writer "
        "takes room and gives it back.",
    ),
    "The first reader waits for `room` while it holds `mutex`, and that is right: the others have to wait for the "
    "same. "
    "Source: Courtois, Heymans, Parnas, Concurrent Control with Readers and Writers (1971), problem 1.",
)
