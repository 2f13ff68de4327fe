"""Count the interleavings exactly: the paths through the graph, counted backwards from its ends."""

from shmlab.explorer.search.search import Graph


def order(graph: Graph) -> list[int] | None:
    """Return all states in topological order; None if the graph has a cycle."""
    successors, actors = graph.successors, graph.actors
    incoming = [0] * len(graph)
    for after in successors:
        if after >= 0:
            incoming[after] += 1
    ready = [0] if incoming[0] == 0 else []
    for state in ready:  # grows during the iteration
        for after in successors[state * actors : state * actors + actors]:
            if after >= 0:
                incoming[after] -= 1
                if incoming[after] == 0:
                    ready.append(after)
    return ready if len(ready) == len(graph) else None


def interleavings(graph: Graph) -> tuple[int, int] | None:
    """Return (all, failing): the number of paths from the start to an end. A path ends where it fails.

    None if there are infinitely many (a process can wait in a loop), or if the graph is not complete.
    """
    states = order(graph) if graph.complete else None
    if states is None:
        return None
    successors, actors = graph.successors, graph.actors
    ways, failing = [0] * len(graph), [0] * len(graph)
    for state in reversed(states):
        onward = [after for after in successors[state * actors : state * actors + actors] if after >= 0]
        if onward:
            ways[state] = sum([ways[after] for after in onward])
            failing[state] = sum([failing[after] for after in onward])
        else:
            ways[state], failing[state] = 1, int(state in graph.faults)
    return ways[0], failing[0]
