"""Who can be kept waiting for ever: by the semaphores of POSIX, which may pass a sleeper over, and by strong ones.

The textbook's claims about programs without starvation hold for strong semaphores (Downey, The Little Book of
Semaphores, 4.2 and 4.3); and on small graphs every set of states is tried.
"""

from array import array
from itertools import combinations
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from shmlab.explorer.explore import explore
from shmlab.explorer.model.system import System
from shmlab.explorer.program.cells import Critical
from shmlab.explorer.search import liveness
from shmlab.explorer.search.search import Graph
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore

SHARED = dict(readers=0, mutex=Semaphore(1), room=Semaphore(1), turnstile=Semaphore(1), critical=Critical())


def locks(buf):
    while True:
        with buf.mutex, buf.critical:
            pass


def reads(buf):
    while True:
        read(buf)


def reads_after_writers(buf):
    while True:
        with buf.turnstile:
            pass
        read(buf)


def read(buf):
    with buf.mutex:
        buf.readers += 1
        if buf.readers == 1:
            buf.room.acquire()
    with buf.mutex:
        buf.readers -= 1
        if buf.readers == 0:
            buf.room.release()


def writes(buf):
    while True:
        with buf.room, buf.critical:
            pass


def writes_in_turn(buf):
    while True:
        with buf.turnstile, buf.room, buf.critical:
            pass


def spins(buf):
    while True:
        while buf.readers == 1:
            pass
        buf.readers = 1
        with buf.critical:
            pass
        buf.readers = 0


PROGRAMS = {  # the processes, who has to enter, whether strong semaphores help
    "two at a mutex": ([locks] * 2, 0, True),
    "three at a mutex": ([locks] * 3, 0, True),
    "a writer among readers": ([reads, reads, writes], 2, False),
    "a writer behind a turnstile": ([reads_after_writers, reads_after_writers, writes_in_turn], 2, True),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_strong_semaphores_help_where_the_book_says_so(name: str) -> None:
    processes, enters, helps = PROGRAMS[name]
    weak = explore(processes, shared=SHARED, must_enter=[enters])
    assert weak.fault == "starvation" and "even with a fair scheduler." in str(weak)
    strong = explore(processes, shared=SHARED, must_enter=[enters], fairness="strong")
    assert strong.ok == helps
    assert ("is right, if semaphores are strong." if helps else "a fair scheduler and strong semaphores") in str(strong)


def test_they_do_not_help_who_waits_in_a_loop() -> None:
    for fairness in ("weak", "strong"):
        assert explore([spins] * 2, shared=SHARED, must_enter=[0], fairness=fairness).fault


def test_what_ends_is_judged_as_ever() -> None:
    assert str(explore("semaphores", fairness="strong")) == str(explore("semaphores"))


def test_another_word_is_refused() -> None:
    with pytest.raises(ArgumentError, match="fairness must be one of weak, strong"):
        explore("semaphores", fairness="fifo")


# --- on small graphs, against every set of states ---------------------------------------------------------------------

STATES, ACTORS = 5, 2


class Small(Graph):
    """A graph of so many states: `after[i * ACTORS + a]` is the state after a step of actor a, or -1."""

    def __init__(self, after: list[int]) -> None:
        self.actors, self.states, self.successors = ACTORS, list(range(STATES)), array("i", after)
        self.system = cast(System, SimpleNamespace(process_of=int))  # each actor is a process


def possible(graph: Small, acquiring: list[bool]) -> bool:
    """Whether some set of states, each of which leads to each within the set, is a place to stay in for ever."""
    return any(
        stays(graph, set(part), acquiring)
        for size in range(1, STATES + 1)
        for part in combinations(range(STATES), size)
    )


def stays(graph: Small, part: set[int], acquiring: list[bool]) -> bool:
    inside = {(state, actor, after) for state in part for actor, after in graph.steps(state) if after in part}
    if not inside or any(reached(inside, state) != part for state in part):
        return False
    able = {state: {actor for actor, _ in graph.steps(state)} for state in part}
    for actor in set(range(ACTORS)) - {actor for _, actor, _ in inside}:
        if acquiring[actor] and any(actor in able[state] for state in part):
            return False
        if all(actor in able[state] for state in part):
            return False
    return True


def reached(steps: set[tuple[int, int, int]], start: int) -> set[int]:
    """The states that one or more of these steps lead to."""
    found: set[int] = set()
    new = {after for state, _, after in steps if state == start}
    while new - found:
        found |= new
        new = {after for state, _, after in steps if state in found}
    return found


@settings(max_examples=400)
@given(
    st.lists(st.integers(-1, STATES - 1), min_size=STATES * ACTORS, max_size=STATES * ACTORS),
    st.lists(st.booleans(), min_size=ACTORS, max_size=ACTORS),
)
def test_a_place_to_stay_in_for_ever_is_found_where_there_is_one(after: list[int], acquiring: list[bool]) -> None:
    graph = Small(after)
    found = liveness.fair(graph, acquires=lambda _, actor: acquiring[actor])
    assert bool(found) == possible(graph, acquiring)
    assert all(stays(graph, part, acquiring) for part in found)
