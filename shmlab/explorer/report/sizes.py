"""The same question for all sizes up to a limit: that one size is correct says nothing about a larger one.

The smallest come first, so that a failure is reported with the fewest processes and items that show it.
"""

import time
from collections.abc import Callable, Mapping
from itertools import product

from shmlab.explorer.report.question import Question
from shmlab.explorer.report.verdict import Verdict
from shmlab.explorer.search.search import Progress

Size = Mapping[str, int | None]
MOST = 6  # beyond that, no search of the largest would finish
NAMES = ("capacity", "producers", "consumers", "items")


def up_to(most: int, endless: bool = False) -> list[Size]:
    """Return all sizes up to `most`, smallest first: from 2 slots (as in a lab), or unbounded, and 1 of the rest."""
    capacities = [None] if endless else range(2, max(2, most) + 1)
    numbers = range(1, most + 1)
    sizes = [dict(zip(NAMES, size, strict=True)) for size in product(capacities, numbers, numbers, numbers)]
    return sorted(sizes, key=_large)


def _large(size: Size) -> tuple[int, ...]:
    capacity, producers, consumers, items = (size[name] or 0 for name in NAMES)
    return producers * items + consumers + capacity, producers + consumers, items, capacity


def verdict(
    ask: Callable[[Size], Question],
    sizes: list[Size],
    max_states: int,
    max_seconds: float,
    progress: Progress | None,
) -> Verdict:
    """Return the first verdict that is not OK, or the last. All share the time limit."""
    began = time.perf_counter()
    for done, size in enumerate(sizes):
        found = ask(size).verdict(max_states, max_seconds, progress, began)
        words = ", ".join(f"{name}={size[name]}" for name in NAMES)
        if not found.ok:
            before = f"; the {done} smaller ones are right" if done else ""
            found.size = f"That is the size {words}{before}."
            return found
    found.size = f"That is the size {words}; the {done} smaller ones are right, too."
    return found
