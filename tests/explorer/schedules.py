"""Random schedules that fail."""

import random

from shmlab.explorer.model.build import Program
from shmlab.explorer.report.verdict import Verdict, verdict
from shmlab.explorer.search.search import Graph


def random_failing(program: Program, count: int, seed: int, longest: int = 400) -> tuple[Verdict, list[list[int]]]:
    """Different walks of a random scheduler to a fault, and the verdict on the program."""
    found = verdict(program.system())
    graph, chance = found.graph, random.Random(seed)
    doomed = _can_fail(graph)
    schedules: set[tuple[int, ...]] = set()
    for _ in range(count * 200):
        state, schedule = 0, []
        while state not in graph.faults and len(schedule) < longest:
            actor, state = chance.choice([(actor, after) for actor, after in graph.steps(state) if after in doomed])
            schedule.append(actor)
        if state in graph.faults:
            schedules.add(tuple(schedule))
        if len(schedules) == count:
            break
    return found, [list(schedule) for schedule in sorted(schedules)]


def _can_fail(graph: Graph) -> set[int]:
    """The states from which some way leads to a fault."""
    before: dict[int, list[int]] = {}
    for state in range(len(graph)):
        for _, after in graph.steps(state):
            before.setdefault(after, []).append(state)
    reached, work = set(graph.faults), list(graph.faults)
    while work:
        for state in before.get(work.pop(), ()):
            if state not in reached:
                reached.add(state)
                work.append(state)
    return reached
