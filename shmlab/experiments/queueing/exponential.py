"""A producer and a consumer as queueing theory has them: the textbook's put and get, and a time of work after each.

The time is slept through. What the workers of a lab do between two items (see `worker.pacing`) makes up for lost time;
here nothing is made up for, so that with exponential times the buffer is exactly an M/M/1/K queue.
"""

import random
import time
from collections.abc import Callable

from shmlab.memory import item as items
from shmlab.memory.buf import Buf
from shmlab.strategies import semaphores
from shmlab.worker.pacing import BURST

Put = Callable[[Buf, items.Item], None]
Get = Callable[[Buf], items.Item]


def pause(pattern: str, mean: float, number: int) -> float:
    """Seconds after item `number`, `mean` on average: the same each time, exponential, or none within a burst."""
    if pattern == "poisson":
        return random.expovariate(1 / mean)
    if pattern == "bursty":
        return 0.0 if (number + 1) % BURST else BURST * mean
    return mean


def producer(pattern: str, rate: float) -> Put:
    """A `put` that takes its time: `rate` items per second on average, while there is room."""

    def put(buf: Buf, item: items.Item) -> None:
        semaphores.put(buf, item)
        time.sleep(pause(pattern, 1 / rate, item.sequence))

    return put


def consumer(pattern: str, rate: float) -> Get:
    """A `get` that takes its time: `rate` items per second on average, while there are any. Bursts are not for it."""
    own = "poisson" if pattern == "poisson" else "constant"

    def get(buf: Buf) -> items.Item:
        item: items.Item = semaphores.get(buf)
        time.sleep(pause(own, 1 / rate, item.sequence))
        return item

    return get
