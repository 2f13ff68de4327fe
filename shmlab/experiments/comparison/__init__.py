"""Shared memory against pipes, sockets and queues: the same items through all of them, measured in real processes.

    print(shmlab.compare(quick=True))

Every figure belongs to the machine it was measured on; ratios within one run are what can be compared.

In reading order: `way` is one way of communicating, each of them a file in `ways/`; `plan` says what is measured in
which order; `bench` is the program that measures, with its `peers` and `call_count`; `measuring` runs it and hands on
each `result`; `comparison` holds all of them, `reasons` explains what surprises, `units` writes figures for people.
"""


import sys
from collections.abc import Iterable
from typing import TextIO

from shmlab.experiments.comparison.comparison import Comparison
from shmlab.experiments.comparison.measuring import Measuring
from shmlab.experiments.comparison.plan import planned
from shmlab.experiments.comparison.result import Result

__all__ = ["Comparison", "Measuring", "Result", "compare", "planned"]


def compare(
    ways: Iterable[str] | None = None,
    sizes: Iterable[int] | None = None,
    between: Iterable[tuple[int, int]] | None = None,
    rounds: int | None = None,
    seconds: float | None = None,
    quick: bool = False,
    progress: bool = True,
) -> Comparison:
    """Measure throughput, processor time, system calls and round trips of many ways of communicating.

    ways: names of `shmlab.experiments.comparison.ways.names`; None: all that are installed. sizes: bytes of an item,
    1 to 64 MiB. between: pairs of producers and consumers, 1 to 8 each. rounds: how often everything is measured, 1
    to 100. seconds: how long all of it may take, about; 50 by itself, 7 when `quick`, which also takes fewer sizes
    and only one producer and one consumer. progress: whether a line tells how far it is.

    Returns a Comparison: `print` it, ask it `why()`, save its `csv()`. Raises ArgumentError before anything starts.
    """
    measuring = Measuring(planned(ways, sizes, between, rounds, seconds, quick))
    return follow(measuring, sys.stdout if progress else None)


def follow(measuring: Measuring, line: TextIO | None) -> Comparison:
    """Measure to the end; `line`, if any, shows how far it is."""
    known = measuring.comparison
    with measuring:
        shown = ""
        for _ in measuring:
            text = f"comparing: {100 * known.done // known.total} %"
            if line is not None and text != shown:
                line.write(f"\r{text}")
                line.flush()
                shown = text
        if line is not None:
            line.write(f"\r{' ' * len(shown)}\r")
            line.flush()
    return known
