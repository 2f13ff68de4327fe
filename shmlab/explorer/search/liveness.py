"""What can go on for ever: livelock and starvation, under weak fairness, or with strong semaphores.

Weak fairness: a process that could go on all the time does go on at some time. So nobody waits for ever just
because the scheduler forgot it. A run that never ends stays, from some point on, in a strongly connected part of
the graph; a fair one can stay there when every process takes a step in it or is unable to somewhere in it.

With strong semaphores, whoever waits for one that is free again and again gets it at some time, as if they were
served in the order of their coming. So a process that waits in such a part, and takes no step there, finds its
semaphore free nowhere in it. (Streett's condition: states that break it are left out, and what remains is looked at
again. Source: Emerson and Lei, Modalities for Model Checking, 1987.)
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator

from shmlab.explorer.model.system import FIELD
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import ACQUIRE, DONE, ENTER, LOAD
from shmlab.explorer.search.search import Graph
from shmlab.explorer.search.simplest import follow, way

Allowed = Callable[[int, int], bool]  # (state, actor): may the run take this step for ever?


def components(
    graph: Graph, allowed: Allowed | None = None, among: set[int] | None = None
) -> Iterator[set[int]]:
    """The strongly connected parts with at least one step inside. Tarjan's algorithm, without recursion.

    `among`: only these states are looked at.
    """
    actors, successors = graph.actors, graph.successors
    index = array("i", [-1]) * len(graph)
    low = array("i", [0]) * len(graph)
    inside = bytearray(len(graph))
    stack: list[int] = []
    count = 0
    for root in range(len(graph)) if among is None else among:
        if index[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            state, actor = work.pop()
            if index[state] < 0:
                index[state] = low[state] = count
                count += 1
                stack.append(state)
                inside[state] = 1
            deeper = False
            while actor < actors:
                after = successors[state * actors + actor]
                actor += 1
                if after < 0 or (allowed and not allowed(state, actor - 1)):
                    continue
                if among is not None and after not in among:
                    continue
                if index[after] < 0:
                    work += [(state, actor), (after, 0)]
                    deeper = True
                    break
                if inside[after]:
                    low[state] = min(low[state], index[after])
            if deeper:
                continue
            if work:
                above = work[-1][0]
                low[above] = min(low[above], low[state])
            if low[state] == index[state]:
                part = _popped(stack, inside, state)
                if _has_step(graph, part, allowed):
                    yield part


def _popped(stack: list[int], inside: bytearray, last: int) -> set[int]:
    part = set()
    while True:
        state = stack.pop()
        inside[state] = 0
        part.add(state)
        if state == last:
            return part


def _has_step(graph: Graph, part: set[int], allowed: Allowed | None) -> bool:
    return len(part) > 1 or any(
        after in part and (not allowed or allowed(state, actor))
        for state in part
        for actor, after in graph.steps(state)
    )


def fair(graph: Graph, allowed: Allowed | None = None, acquires: Allowed | None = None) -> list[set[int]]:
    """The parts in which a fair scheduler can keep the processes for ever, by steps that are `allowed`.

    With `acquires` (does this step take a semaphore?) semaphores are strong.
    """
    found = []
    parts = list(components(graph, allowed))
    while parts:
        left: set[int] = set()
        for part in parts:
            stepping, always = _steps(graph, part, allowed)
            unfair = {
                state
                for state in (part if acquires else ())
                for actor, _ in graph.steps(state)
                if actor not in stepping and acquires and acquires(state, actor)
            }
            if unfair:
                left |= part - unfair
            elif always <= stepping:
                found.append(part)
        parts = list(components(graph, allowed, left)) if left else []
    return found


def _steps(graph: Graph, part: set[int], allowed: Allowed | None) -> tuple[set[int], set[int]]:
    """Who takes steps within a part, and who could take one everywhere in it."""
    stepping: set[int] = set()
    always = set(range(graph.actors))
    counts_as = graph.system.process_of
    for state in part:
        able = set()
        for actor, after in graph.steps(state):
            able.add(counts_as(actor))
            if after in part and (not allowed or allowed(state, actor)):
                stepping.add(counts_as(actor))
        always &= able
    return stepping, always


class Lasso:
    """A run without end: the schedule `way`, and then `loop` again and again."""

    def __init__(self, fault: Fault, way: list[int], loop: list[int]) -> None:
        self.fault, self.way, self.loop = fault, way, loop


def judge(
    graph: Graph, must_finish: list[int], must_enter: list[int], partial: bool, strong: bool = False
) -> Lasso | None:
    """A fair run without end in which somebody never finishes, or never again enters the critical section.

    `partial`: only some were asked to finish, so it is their starvation and nobody's livelock. `strong`: so are
    semaphores.
    """
    system = graph.system
    scheduler = f"a fair scheduler{' and strong semaphores' if strong else ''}"

    def acquires(state: int, actor: int) -> bool:
        return actor < system.size and system.node(graph.states[state], actor).kind == ACQUIRE

    waits = acquires if strong else None

    def ended(state: int, process: int) -> bool:
        return system.node(graph.states[state], process).kind >= DONE

    for part in fair(graph, acquires=waits):
        some = next(iter(part))
        stuck = [p for p in must_finish if not ended(some, p)]
        if stuck:
            who = _names(graph, stuck)
            if partial:
                reason = f"{who} can be kept from finishing for ever, even with {scheduler}"
                return _lasso(graph, Fault("starvation", reason, stuck[0]), part, None)
            fault = _circle(graph, part, stuck) or Fault(
                "livelock", f"{who} can go on for ever, even with {scheduler}"
            )
            return _lasso(graph, fault, part, None)
    for p in must_enter:

        def not_entering(state: int, actor: int, p: int = p) -> bool:
            return not (actor == p and system.node(graph.states[state], p).kind == ENTER)

        for part in fair(graph, not_entering, waits):
            if not ended(next(iter(part)), p):
                reason = f"{system.names[p]} can be kept out of the critical section for ever, even with {scheduler}"
                return _lasso(graph, Fault("starvation", reason, p), part, not_entering)
    return None


def _circle(graph: Graph, part: set[int], stuck: list[int]) -> Fault | None:
    """A deadlock of processes that only look, again and again, for what another one of them would store."""
    system = graph.system
    if len({graph.states[state] & FIELD for state in part}) > 1:
        return None  # something changes
    looks = {p: {node.number: node for s in part if (node := system.node(graph.states[s], p))} for p in stuck}
    nodes = {p: [node for node in at.values() if node.kind == LOAD] for p, at in looks.items()}
    circle = system.blocked.circle(nodes)
    if len(circle) < 2:
        return None
    parts = []
    for p in sorted(circle):
        others = circle - {p}
        awaited = [n for n in nodes[p] if any(system.blocked.gives(q, nodes[q], [n]) for q in others)]
        at = " or ".join(sorted({system.memory.name(node.address) for node in awaited}))
        parts.append(f"{system.names[p]} waits in a loop for {at}")
    return Fault("deadlock", f"deadlock: {', '.join(parts)}", waiting=tuple(sorted(circle)))


def _names(graph: Graph, processes: list[int]) -> str:
    return " and ".join(graph.system.names[p] for p in processes)


def _lasso(graph: Graph, fault: Fault, part: set[int], allowed: Allowed | None) -> Lasso:
    """The simplest way into the part, and a loop there in which everybody who can takes a step."""
    way_in = way(graph, part)
    assert way_in is not None
    start = here = follow(graph, way_in)
    waiting = {
        actor
        for state in part
        for actor, after in graph.steps(state)
        if after in part and (not allowed or allowed(state, actor))
    }
    loop: list[int] = []
    while waiting:
        stretch, here = _shortest(graph, part, allowed, here, lambda _, actor: actor in waiting)
        waiting.difference_update(stretch)
        loop += stretch
    stretch, here = _shortest(graph, part, allowed, here, lambda state, _: state == start)
    loop += stretch
    return Lasso(fault, way_in, loop)


def _shortest(
    graph: Graph, part: set[int], allowed: Allowed | None, start: int, good: Callable[[int, int], bool]
) -> tuple[list[int], int]:
    """The shortest way inside the part whose last step is good(state after, actor)."""
    if good(start, -1):
        return [], start
    came: dict[int, tuple[int, int]] = {}
    queue = deque([start])
    while True:
        state = queue.popleft()
        for actor, after in graph.steps(state):
            if after not in part or (allowed and not allowed(state, actor)):
                continue
            if good(after, actor):
                stretch = [actor]
                while state != start:
                    state, before = came[state]
                    stretch.append(before)
                return stretch[::-1], after
            if after not in came and after != start:
                came[after] = (state, actor)
                queue.append(after)
