"""Shared memory against pipes, sockets and queues: the same items sent through each, measured in real processes.

    print(shmlab.compare(quick=True))

Every figure belongs to the machine it was measured on; only ratios within one run can be compared.

In reading order: `way` is one way of communicating, each a file in `ways/`; `plan` says what is measured and in
which order; `bench` is the program that measures, with its `peers` and `call_count`; `measuring` runs it and passes on
each `result`; `comparison` holds all results, `reasons` explains surprising ones, `units` formats figures.
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

    ways: names from `shmlab.experiments.comparison.ways.names`; None: all that are installed. sizes: bytes of an item,
    1 to 64 MiB. between: pairs of producers and consumers, 1 to 8 each. rounds: how often everything is measured, 1
    to 100. seconds: approximate total time; 50 by default, 7 if `quick`, which also uses fewer sizes
    and only one producer and one consumer. progress: whether to show a progress line.

    Returns a Comparison: `print` it, call its `why()`, save its `csv()`. Raises ArgumentError before anything starts.
    """
    measuring = Measuring(planned(ways, sizes, between, rounds, seconds, quick))
    return follow(measuring, sys.stdout if progress else None)


def follow(measuring: Measuring, line: TextIO | None) -> Comparison:
    """Run all measurements; show the progress on `line`, if given."""
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
