"""Find where a fault becomes inevitable, which may be long before some run ends because of it.

A process that can never continue stops no other until those stop, too, and an item that two consumers got is noticed
only when all have finished (`foreseen` reports consumers that have read it). Here the graph of all states shows where
that was decided. This changes neither which programs are correct nor how many interleavings fail: every path from there
fails.
"""

from collections.abc import Callable

from shmlab.explorer.program.explorer_errors import OutOfTime
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.search.search import Graph
from shmlab.explorer.search.simplest import farthest, levels


def faults(graph: Graph, most: int | None = None, word: str = "") -> dict[int, Fault]:
    """Return the faults near the closest one, by state number: candidates for the end of the reported schedule.

    most: report no fault unless the closest is within this many steps. word: only faults of that kind.
    If time runs out, report faults only where a run ends because of them.
    """
    try:
        return _faults(graph, most, word, graph.system.settled)
    except OutOfTime:
        return _faults(graph, most, word, lambda _: None)


def _faults(graph: Graph, most: int | None, word: str, settled: Callable[[int], Fault | None]) -> dict[int, Fault]:
    found: dict[int, Fault] = {}
    for number, steps in levels(graph):
        if most is not None and steps > most:
            break
        fault = graph.faults.get(number) or settled(graph.states[number])
        if fault and (not word or fault.word == word):
            most = farthest(steps) if not found else most
            found[number] = fault
    return found
