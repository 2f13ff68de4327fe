"""The simplest schedule that leads to a fault: the one that is easiest to explain.

It is never more than a quarter longer than the shortest. Among those, the one with the fewest switches from one process
to another; then with the fewest preemptions (the running process could have gone on, and another was taken); then with
the fewest steps. Dijkstra's algorithm on the graph, where a place is a state and who ran last, and a way that costs
more is kept as long as it is shorter.
"""

import heapq
from collections.abc import Container, Iterator

from shmlab.explorer.search.search import Graph

LONGER = 4  # a schedule may be longer than the shortest by one part in so many
SWITCH, PREEMPTION, STEP = 1 << 48, 1 << 24, 1  # the cost of a way as one number: compared in this order


def levels(graph: Graph) -> Iterator[tuple[int, int]]:
    """(state, steps): all states by the fewest steps that lead there. They were discovered in this order."""
    successors, actors = graph.successors, graph.actors
    steps = last = 0  # the last state that takes so many steps
    furthest = 0
    for state in range(len(graph)):
        if state > last:
            steps, last = steps + 1, furthest
        yield state, steps
        furthest = max(furthest, *successors[state * actors : state * actors + actors])


def farthest(steps: int) -> int:
    """How long a schedule may be where the shortest has so many steps."""
    return steps + steps // LONGER


def way(graph: Graph, goals: Container[int]) -> list[int] | None:
    """The actors of the simplest way from the start to a state in `goals`; None where there is none."""
    most, near = _near(graph, goals)
    left = _left(graph, goals, near, most)
    if left is None:
        return None
    actors, successors = graph.actors, graph.successors
    places = actors + 1
    fewest: dict[int, int] = {}  # steps to a place, of the ways there so far
    labels = [(-1, 0)]  # for each way: the one that it goes on from, and its place
    heap = [(0, 0, 0)]  # cost, steps and number of a way
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
    """How many steps a way to a goal may take, and how many states, the first ones, are no farther away."""
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
    """For each of the first `near` states the fewest steps to a goal (more than `most` where it is too far)."""
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
    for state in work:  # grows while it is walked
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
    """The state to which a schedule leads."""
    state = 0
    for actor in schedule:
        state = graph.successors[state * graph.actors + actor]
    return state
