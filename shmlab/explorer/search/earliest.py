"""Where a fault first shows: at the step that settles it, and not where some run ends because of it.

A process that can never go on stops nobody until the others stop, too, and an item that two consumers have got comes to
light when everybody has finished (`foreseen` tells of those that have read it). Here the graph of all states tells
where that was settled. It does not change which programs are right, nor how many interleavings fail: every way on from
there ends badly.
"""

from collections.abc import Callable

from shmlab.explorer.program.explorer_errors import OutOfTime
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.search.search import Graph
from shmlab.explorer.search.simplest import farthest, levels


def faults(graph: Graph, most: int | None = None, word: str = "") -> dict[int, Fault]:
    """The states to which a schedule may lead that is told, by number: those that are near the closest fault.

    most: where there is no fault in so many steps, there is none to be told. word: only faults of that kind.
    Where the time is up, a fault is told where a run ends because of it.
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
