"""A producer and a consumer as in queueing theory: the textbook's put and get, and a delay after each.

The delay is spent asleep. The workers of a lab (see `worker.pacing`) catch up on lost time between two items;
these do not, so that with exponential times the buffer is exactly an M/M/1/K queue.
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
    """Return the seconds to sleep after item `number`, `mean` on average: constant, exponential, or 0 in a burst."""
    if pattern == "poisson":
        return random.expovariate(1 / mean)
    if pattern == "bursty":
        return 0.0 if (number + 1) % BURST else BURST * mean
    return mean


def producer(pattern: str, rate: float) -> Put:
    """Return a `put` followed by a delay: `rate` items per second on average, while there is room."""

    def put(buf: Buf, item: items.Item) -> None:
        semaphores.put(buf, item)
        time.sleep(pause(pattern, 1 / rate, item.sequence))

    return put


def consumer(pattern: str, rate: float) -> Get:
    """Return a `get` followed by a delay: `rate` items per second on average, while there are any. It has no bursts."""
    own = "poisson" if pattern == "poisson" else "constant"

    def get(buf: Buf) -> items.Item:
        item: items.Item = semaphores.get(buf)
        time.sleep(pause(own, 1 / rate, item.sequence))
        return item

    return get
