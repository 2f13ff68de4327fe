"""A worker that prints without end, 100 MB/s if anybody took it: an order to others is answered as soon as in silence.

Two orders are timed: a worker of another lab moves one item, and a program starts. Each is given some times while the
one that prints is stopped, and as often while it prints, by turns, so that whatever else the machine does meets both.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from statistics import median

from shmlab import Lab
from shmlab.memory.waiting import until
from shmlab.processes import supervisor

TIMES = 20  # that each order is given
BEYOND = 0.05  # seconds that an answer may take longer, in the middle of all
PATIENCE = 30.0  # seconds until what has to come has come, on a machine that is busy


def put(buf, item):  # type: ignore[no-untyped-def]
    import os

    line = b"x" * 65_535 + b"\n"
    while True:
        os.write(1, line)


def get(buf):  # type: ignore[no-untyped-def]
    return 0


def delays() -> dict[str, float]:
    """For each order, how many seconds longer its answer took beside the prints: the median of each, compared."""
    with Lab(put=put, get=get, produce_rate=None) as loud, Lab().start(paused=True) as lab:
        until(lambda: loud.output, PATIENCE)
        orders = {"one item": lambda: one_item(lab), "a start": start}
        quiet: dict[str, list[float]] = {order: [] for order in orders}
        beside: dict[str, list[float]] = {order: [] for order in orders}
        for _ in range(TIMES):
            for found, change in ((quiet, loud.stall), (beside, loud.unstall)):
                change("P0")
                for order, give in orders.items():
                    found[order].append(timed(give))
        return {order: median(beside[order]) - median(quiet[order]) for order in orders}


def timed(give: Callable[[], object]) -> float:
    began = time.monotonic()
    give()
    return time.monotonic() - began


def one_item(lab: Lab) -> None:
    """A producer and a consumer move one item each."""
    for worker in ("P0", "C0"):
        items = lab.snapshot().worker(worker).items
        lab.one_item(worker)
        if not until(lambda worker=worker, items=items: lab.snapshot().worker(worker).items > items, PATIENCE, 0.001):
            raise TimeoutError(f"no answer from {worker} within {PATIENCE:g} s")


def start() -> None:
    """A program starts, and its end is noticed."""
    over = threading.Event()
    supervisor.start([sys.executable, "-IS", "-c", ""], os.fsencode(""), lambda _: None, lambda _: over.set())
    if not over.wait(PATIENCE):
        raise TimeoutError(f"a program did not end within {PATIENCE:g} s")
