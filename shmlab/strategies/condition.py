"""The bounded buffer as a monitor: a lock, and conditions to sleep on, here built from semaphores.

Whoever is inside holds `mutex`. A process that cannot go on says so in `..._waiting`, leaves and
sleeps; whoever makes the condition true takes one sleeper off the count and wakes it. A woken
process looks again (`while`, not `if`), because another may have been faster.
Source: Hoare, Monitors (1974); Lampson and Redell, Experience with Processes and Monitors in Mesa
(1980).
"""

from shmlab.memory.semaphores import Semaphore

TITLE = "a monitor: mutex and two conditions"


def shared(capacity: int) -> dict[str, int | Semaphore]:
    return dict(
        in_=0,
        out=0,
        count=0,
        putters_waiting=0,
        getters_waiting=0,
        not_full=Semaphore(0),
        not_empty=Semaphore(0),
        mutex=Semaphore(1),
    )


def at_rest(capacity: int, used: int) -> dict[str, int]:
    return dict(count=used, putters_waiting=0, getters_waiting=0, not_full=0, not_empty=0, mutex=1)


def put(buf, item):
    buf.mutex.acquire()
    while buf.count == buf.capacity:
        buf.putters_waiting += 1
        buf.mutex.release()
        buf.not_full.acquire()  # sleep; a wake-up given before this line is not lost
        buf.mutex.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.count += 1
    if buf.getters_waiting > 0:
        buf.getters_waiting -= 1
        buf.not_empty.release()
    buf.mutex.release()


def get(buf):
    buf.mutex.acquire()
    while buf.count == 0:
        buf.getters_waiting += 1
        buf.mutex.release()
        buf.not_empty.acquire()
        buf.mutex.acquire()
    item = buf.slots[buf.out]
    buf.out = (buf.out + 1) % buf.capacity
    buf.count -= 1
    if buf.putters_waiting > 0:
        buf.putters_waiting -= 1
        buf.not_full.release()
    buf.mutex.release()
    return item


def warning(producers: int, consumers: int) -> str | None:
    return None
