"""Breadth-first search through every state that some interleaving reaches.

The search is exhaustive, not sampled: when `complete`, the graph has every reachable state and every step between
them.
"""

import gc
import time
from array import array
from collections.abc import Callable, Iterator

from shmlab.explorer.model.system import FIELD, System
from shmlab.explorer.program import interrupts
from shmlab.explorer.program.explorer_errors import OutOfTime
from shmlab.explorer.program.fault import Fault

Progress = Callable[[int, float], object]
EVERY = 512  # states between two checks of the clock
ENOUGH = 100_000  # states after which to stop once there is a fault but no finite count
FIRST_NEWS, NEWS = 1.0, 0.25  # seconds until the first progress report, and between later ones


class Graph:
    """All states and steps that a search found.

    `states` are in order of discovery; `successors[i * actors + a]` is the state after a step of actor a, or -1;
    `ends` are the states in which no process can take a step; `faults` are the faults by state. `complete` is
    False if a limit or the user stopped the search: then `stopped` says why. `beyond`: it has more states than allowed.
    """

    def __init__(self, system: System) -> None:
        self.system, self.actors = system, system.actors
        self.states: list[int] = [system.initial]
        self.successors = array("i")
        self.faults: dict[int, Fault] = {}
        self.ends: list[int] = []
        self.transitions = 0
        self.complete, self.stopped, self.seconds, self.beyond = True, "", 0.0, False

    def __len__(self) -> int:
        return len(self.states)

    def steps(self, state: int) -> Iterator[tuple[int, int]]:
        """Yield the steps out of a state: (actor, state after)."""
        at = state * self.actors
        for actor in range(self.actors):
            after = self.successors[at + actor]
            if after >= 0:
                yield actor, after


def search(
    system: System,
    max_states: int = 1_000_000,
    max_seconds: float = 60.0,
    progress: Progress | None = None,
    enough: int = ENOUGH,
    began: float | None = None,
) -> Graph:
    """Return the graph of a system, complete unless it has more states or takes more seconds than allowed.

    Time counts from `began`, a value of time.perf_counter; without it, from now.
    `progress(states, seconds)` is called periodically once a second has passed; if it returns False, or on a keyboard
    interrupt, the search stops with an incomplete graph of what it has found so far.
    """
    graph = Graph(system)
    began = time.perf_counter() if began is None else began
    collecting = gc.isenabled()
    gc.disable()  # it would scan all states repeatedly, and there is no garbage
    try:
        with interrupts.noted():
            _spread(graph, max_states, began, max_seconds, progress, enough)
    except KeyboardInterrupt:
        graph.stopped = "it was interrupted"
    except OutOfTime:  # while a process computes between two steps
        graph.stopped = f"it took more than {max_seconds:g} s"
    finally:
        if collecting:
            gc.enable()
    if graph.stopped:
        graph.complete = False
        graph.stopped += system.automata.recorder.unseen
        if graph.successors and graph.successors[-1] >= len(graph.states):
            graph.successors[-1] = -1  # interrupted between recording a step and its target state
        missing = len(graph.states) * graph.actors - len(graph.successors)
        graph.successors.extend([-1] * missing)
    system.foresees = graph.complete
    graph.transitions = len(graph.successors) - graph.successors.count(-1)
    graph.seconds = time.perf_counter() - began
    return graph


def _spread(
    graph: Graph, max_states: int, began: float, max_seconds: float, progress: Progress | None, enough: int
) -> None:
    system, states, successors = graph.system, graph.states, graph.successors
    numbers = {system.initial: 0}
    actors = list(enumerate(zip(system.masks, system.moves, strict=True)))
    faulty, known, append, found = system.faulty, numbers.setdefault, successors.append, states.append
    count = 1
    look, news = EVERY, began + FIRST_NEWS
    for number, state in enumerate(states):  # the list grows during the iteration
        if number == look:
            look += EVERY
            interrupts.check()
            now = time.perf_counter()
            if len(states) > max_states:
                graph.beyond = True
                graph.stopped = f"there are more than {max_states:,} states"
                return
            if now - began > max_seconds:
                graph.stopped = f"it took more than {max_seconds:g} s"
                return
            if graph.faults and number > enough and any(automaton.endless() for automaton in system.automata):
                graph.stopped = "a failing interleaving was found and there are infinitely many"
                return
            if progress and now > news:
                news = now + NEWS
                if progress(len(states), now - began) is False:
                    graph.stopped = "it was stopped"
                    return
        if faulty and state & FIELD in faulty:
            graph.faults[number] = faulty[state & FIELD]
            successors.extend([-1] * len(actors))
            continue
        stuck = True
        for actor, (mask, moves) in actors:
            try:
                move = moves[state & mask]
            except KeyError:
                move = moves[state & mask] = system.work_out(state, actor)
            if move is None:
                append(-1)
                continue
            stuck = False
            after = state + move
            seen = known(after, count)
            append(seen)
            if seen == count:
                found(after)
                count += 1
        if stuck:
            graph.ends.append(number)
            fault = system.end(state)
            if fault:
                graph.faults[number] = fault
