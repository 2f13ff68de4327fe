"""Textbook programs, written as a student would, and what is known about each."""

from collections.abc import Callable, Mapping
from typing import Any

from shmlab.explorer.model.build import Program, of_buffer, of_processes
from shmlab.explorer.program.cells import Atomic, Critical, Initial
from shmlab.memory.semaphores import Semaphore

# --- lost update ------------------------------------------------------------------------------------------


def increment(buf, times):
    for _ in range(times):
        buf.count += 1


def lost_update(processes: int, times: int) -> Program:
    total = processes * times
    return of_processes(
        [(increment, times)] * processes,
        dict(count=0),
        final=lambda memory, _: memory.count == total or f"count is {memory.count}, not {total}",
    )


# --- bounded buffers --------------------------------------------------------------------------------------


def put_in_out(buf, item):
    while (buf.in_ + 1) % buf.capacity == buf.out:
        pass
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity


def get_in_out(buf):
    while buf.in_ == buf.out:
        pass
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    return item


def put_count(buf, item):
    while buf.count == buf.capacity:
        pass
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1


def get_count(buf):
    while buf.count == 0:
        pass
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    return item


def put_semaphores(buf, item):
    buf.empty.acquire()
    buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.mutex.release()
    buf.full.release()


def get_semaphores(buf):
    buf.full.acquire()
    buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.mutex.release()
    buf.empty.release()
    return item


def put_wrong_order(buf, item):
    buf.mutex.acquire()
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.mutex.release()
    buf.full.release()


def put_without_mutex(buf, item):
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get_without_mutex(buf):
    buf.full.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item


def buffer(put: Any, get: Any, producers: int, consumers: int, items: int, capacity: int = 2) -> Program:
    return of_buffer(put, get, capacity, producers, consumers, items)


# --- mutual exclusion -------------------------------------------------------------------------------------


def peterson(buf, me, rounds):
    other = 1 - me
    for _ in range(rounds):
        buf.flag[me] = 1
        buf.turn = other
        while buf.flag[other] and buf.turn == other:
            pass
        with buf.critical:
            pass
        buf.flag[me] = 0


def peterson_fenced(buf, me, rounds):
    other = 1 - me
    for _ in range(rounds):
        buf.flag[me] = 1
        buf.turn = other
        buf.fence.swap(0)
        while buf.flag[other] and buf.turn == other:
            pass
        with buf.critical:
            pass
        buf.flag[me] = 0


def peterson_forever(buf, me):
    other = 1 - me
    while True:
        buf.flag[me] = 1
        buf.turn = other
        while buf.flag[other] and buf.turn == other:
            pass
        with buf.critical:
            pass
        buf.flag[me] = 0


def peterson_swapped(buf, me, rounds):
    other = 1 - me
    for _ in range(rounds):
        buf.turn = other  # BROKEN: before the flag
        buf.flag[me] = 1
        while buf.flag[other] and buf.turn == other:
            pass
        with buf.critical:
            pass
        buf.flag[me] = 0


def flags_only(buf, me, rounds):
    other = 1 - me
    for _ in range(rounds):
        buf.flag[me] = 1
        while buf.flag[other]:
            pass
        with buf.critical:
            pass
        buf.flag[me] = 0


def polite(buf, me, rounds):
    other = 1 - me
    for _ in range(rounds):
        buf.flag[me] = 1
        while buf.flag[other]:
            buf.flag[me] = 0
            buf.flag[me] = 1
        with buf.critical:
            pass
        buf.flag[me] = 0


def mutual_exclusion(function: Any, rounds: int | None = 1, **more: Any) -> Program:
    shared: dict[str, Initial] = dict(flag=[0, 0], turn=0, critical=Critical())
    shared |= more.pop("shared", {})
    processes = [(function, me) if rounds is None else (function, me, rounds) for me in (0, 1)]
    return of_processes(processes, shared, **more)


def test_and_set(buf, rounds):
    i = 0
    while i < rounds:
        while buf.lock.test_and_set():
            pass
        with buf.critical:
            buf.count += 1
        buf.lock.store(0)
        i += 1


def test_and_set_forever(buf):
    while True:
        while buf.lock.test_and_set():
            pass
        with buf.critical:
            pass
        buf.lock.store(0)


def naive_lock(buf, rounds):
    i = 0
    while i < rounds:
        while buf.lock.load():
            pass
        buf.lock.store(1)
        with buf.critical:
            buf.count += 1
        buf.lock.store(0)
        i += 1


def locks(function: Any, processes: int = 2, rounds: int | None = 1) -> Program:
    return of_processes(
        [(function,) if rounds is None else (function, rounds)] * processes,
        dict(lock=Atomic(0), count=0, critical=Critical()),
        final=None if rounds is None else lambda memory, _: memory.count == processes * rounds,
    )


# --- dining philosophers ----------------------------------------------------------------------------------


def philosopher(buf, i, n, meals):
    left, right = i, (i + 1) % n
    for _ in range(meals):
        buf.fork[left].wait()
        buf.fork[right].wait()
        buf.fork[left].signal()
        buf.fork[right].signal()


def philosopher_ordered(buf, i, n, meals):
    first, second = min(i, (i + 1) % n), max(i, (i + 1) % n)
    for _ in range(meals):
        with buf.fork[first], buf.fork[second]:
            pass


def dining(function: Any, n: int = 3, meals: int = 1) -> Program:
    return of_processes([(function, i, n, meals) for i in range(n)], dict(fork=[Semaphore(1) for _ in range(n)]))


# --- all of them, with the fault that each has --------------------------------------------------------------

S = (put_semaphores, get_semaphores)
WRONG = (put_wrong_order, get_semaphores)
NO_MUTEX = (put_without_mutex, get_semaphores)
IN_OUT = (put_in_out, get_in_out)
COUNT = (put_count, get_count)

TEXTBOOK: Mapping[str, tuple[Callable[[], Program], str | None]] = {
    "lost update 2x1": (lambda: lost_update(2, 1), "invariant"),
    "lost update 2x2": (lambda: lost_update(2, 2), "invariant"),
    "lost update 2x3": (lambda: lost_update(2, 3), "invariant"),
    "lost update 3x2": (lambda: lost_update(3, 2), "invariant"),
    "in/out 1+1, 3 items": (lambda: buffer(*IN_OUT, 1, 1, 3), None),
    "in/out 1+1, 4 items, 3 slots": (lambda: buffer(*IN_OUT, 1, 1, 4, 3), None),
    "in/out 2+1, 1 item": (lambda: buffer(*IN_OUT, 2, 1, 1), "overwrite"),
    "in/out 2+1, 1 item, 3 slots": (lambda: buffer(*IN_OUT, 2, 1, 1, 3), "overwrite"),
    "count 1+1, 1 item": (lambda: buffer(*COUNT, 1, 1, 1), None),
    "count 1+1, 2 items": (lambda: buffer(*COUNT, 1, 1, 2), "livelock"),
    "count 1+1, 3 items": (lambda: buffer(*COUNT, 1, 1, 3), "duplicated"),
    "semaphores 1+1, 3 items": (lambda: buffer(*S, 1, 1, 3), None),
    "semaphores 2+1, 2 items": (lambda: buffer(*S, 2, 1, 2), None),
    "semaphores 2+2, 1 item": (lambda: buffer(*S, 2, 2, 1), None),
    "semaphores 2+2, 2 items": (lambda: buffer(*S, 2, 2, 2), None),
    "wrong order 1+1, 3 items": (lambda: buffer(*WRONG, 1, 1, 3), "deadlock"),
    "wrong order 2+2, 1 slot": (lambda: buffer(*WRONG, 2, 2, 2, 1), "deadlock"),
    "no mutex 2+1, 1 item": (lambda: buffer(*NO_MUTEX, 2, 1, 1), "overwrite"),
    "no mutex 2+1, 2 items": (lambda: buffer(*NO_MUTEX, 2, 1, 2), "overwrite"),
    "no mutex in get 1+2": (lambda: buffer(put_semaphores, get_without_mutex, 1, 2, 2), "duplicated"),
    "peterson": (lambda: mutual_exclusion(peterson), None),
    "peterson x3": (lambda: mutual_exclusion(peterson, 3), None),
    "peterson swapped": (lambda: mutual_exclusion(peterson_swapped), "mutual-exclusion"),
    "flags only": (lambda: mutual_exclusion(flags_only), "deadlock"),
    "polite": (lambda: mutual_exclusion(polite), "livelock"),
    "test and set 2x2": (lambda: locks(test_and_set, 2, 2), None),
    "test and set 4x1": (lambda: locks(test_and_set, 4, 1), None),
    "naive lock": (lambda: locks(naive_lock), "mutual-exclusion"),
    "dining 3": (lambda: dining(philosopher, 3), "deadlock"),
    "dining 5": (lambda: dining(philosopher, 5), "deadlock"),
    "dining in order 3": (lambda: dining(philosopher_ordered, 3), None),
    "dining in order 5": (lambda: dining(philosopher_ordered, 5), None),
}
