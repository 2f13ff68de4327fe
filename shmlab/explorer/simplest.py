"""The simplest schedule that leads to a fault: the one that is easiest to explain.

Fewest preemptions (the running process could have gone on, and another was taken), then fewest switches, then
fewest steps. Dijkstra's algorithm on the graph, where a place is a state and who ran last.
"""

import heapq
from collections.abc import Container

from shmlab.explorer.search import Graph

PREEMPTION, SWITCH, STEP = 1 << 48, 1 << 24, 1  # the cost of a way as one number: compared in this order


def way(graph: Graph, goals: Container[int]) -> list[int] | None:
    """The actors of the simplest way from the start to a state in `goals`; None where there is none."""
    actors = graph.actors
    nobody = actors
    places = actors + 1
    start = 0 * places + nobody
    cost = {start: 0}
    came: dict[int, int] = {}
    heap = [(0, start)]
    while heap:
        paid, place = heapq.heappop(heap)
        if paid > cost[place]:
            continue
        state, last = divmod(place, places)
        if state in goals:
            return _unwound(came, place, places)
        could_go_on = last != nobody and graph.successors[state * actors + last] >= 0
        for actor, after in graph.steps(state):
            price = paid + STEP
            if last != nobody and actor != last:
                price += SWITCH + (PREEMPTION if could_go_on else 0)
            there = after * places + actor
            if price < cost.get(there, price + 1):
                cost[there], came[there] = price, place
                heapq.heappush(heap, (price, there))
    return None


def _unwound(came: dict[int, int], place: int, places: int) -> list[int]:
    schedule = []
    while place in came:
        schedule.append(place % places)
        place = came[place]
    return schedule[::-1]


def follow(graph: Graph, schedule: list[int]) -> int:
    """The state to which a schedule leads."""
    state = 0
    for actor in schedule:
        state = graph.successors[state * graph.actors + actor]
    return state
