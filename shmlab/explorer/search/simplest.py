"""Find the simplest schedule that leads to a fault: the one that is easiest to explain.

It is at most a quarter longer than the shortest. Among those, choose the one with the fewest context switches; then
with the fewest preemptions (the running process could have continued, but another was scheduled); then with the
fewest steps. This is Dijkstra's algorithm on pairs of a state and the process that ran last; a more expensive path is
kept as long as it is shorter.
"""

import heapq
from collections.abc import Container, Iterator

from shmlab.explorer.search.search import Graph

LONGER = 4  # a schedule may be longer than the shortest by a fraction of 1 / LONGER
SWITCH, PREEMPTION, STEP = 1 << 48, 1 << 24, 1  # the cost of a path as one number: compared in this order


def levels(graph: Graph) -> Iterator[tuple[int, int]]:
    """Yield (state, steps) for all states, ordered by the fewest steps to reach them, the order of discovery."""
    successors, actors = graph.successors, graph.actors
    steps = last = 0  # the last state at this distance
    furthest = 0
    for state in range(len(graph)):
        if state > last:
            steps, last = steps + 1, furthest
        yield state, steps
        furthest = max(furthest, *successors[state * actors : state * actors + actors])


def farthest(steps: int) -> int:
    """Return the maximum length of a schedule if the shortest has this many steps."""
    return steps + steps // LONGER


def way(graph: Graph, goals: Container[int]) -> list[int] | None:
    """Return the actors of the simplest path from the start to a state in `goals`; None if there is none."""
    most, near = _near(graph, goals)
    left = _left(graph, goals, near, most)
    if left is None:
        return None
    actors, successors = graph.actors, graph.successors
    places = actors + 1
    fewest: dict[int, int] = {}  # fewest steps to a place so far
    labels = [(-1, 0)]  # for each path: the path it extends, and its place
    heap = [(0, 0, 0)]  # cost, steps and number of a path
    while heap:
        paid, steps, number = heapq.heappop(heap)
        before, place = labels[number]
        state, last = divmod(place, places) if before >= 0 else (0, actors)
        if state in goals:
            return _unwound(labels, number, places)
        if fewest.get(place, steps + 1) <= steps and before >= 0:
            continue
        fewest[place] = steps
        could_go_on = last != actors and successors[state * actors + last] >= 0
        for actor, after in graph.steps(state):
            if after >= near or steps + 1 + left[after] > most:
                continue
            price = paid + STEP
            if last != actors and actor != last:
                price += SWITCH + (PREEMPTION if could_go_on else 0)
            there = after * places + actor
            if fewest.get(there, steps + 2) > steps + 1:
                heapq.heappush(heap, (price, steps + 1, len(labels)))
                labels.append((number, there))
    return None


def _near(graph: Graph, goals: Container[int]) -> tuple[int, int]:
    """Return the most steps that a path to a goal may take, and how many states are within that distance."""
    most = near = 0
    found = False
    for state, steps in levels(graph):
        if found and steps > most:
            break
        near = state + 1
        if not found and state in goals:
            most, found = farthest(steps), True
    return most, near


def _left(graph: Graph, goals: Container[int], near: int, most: int) -> list[int] | None:
    """Return the fewest steps to a goal from each of the first `near` states (more than `most`: too far); or None."""
    before: list[list[int]] = [[] for _ in range(near)]
    for state in range(near):
        for _, after in graph.steps(state):
            if after < near:
                before[after].append(state)
    left = [most + 1] * near
    work = [state for state in range(near) if state in goals]
    if not work:
        return None
    for state in work:
        left[state] = 0
    for state in work:  # grows during the iteration
        for earlier in before[state]:
            if left[earlier] > left[state] + 1:
                left[earlier] = left[state] + 1
                work.append(earlier)
    return left


def _unwound(labels: list[tuple[int, int]], number: int, places: int) -> list[int]:
    schedule = []
    while number > 0:
        number, place = labels[number][0], labels[number][1]
        schedule.append(place % places)
    return schedule[::-1]


def follow(graph: Graph, schedule: list[int]) -> int:
    """Return the state to which a schedule leads."""
    state = 0
    for actor in schedule:
        state = graph.successors[state * graph.actors + actor]
    return state
