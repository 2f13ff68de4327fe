"""Find livelock and starvation, under weak fairness or with strong semaphores.

Weak fairness: a process that is continuously enabled eventually takes a step. So no process waits for ever merely
because the scheduler ignores it. An infinite run eventually stays in a strongly connected component of the graph; a
fair run can stay there if every process takes a step in it or is disabled in one of its states.

With strong semaphores, a process that waits for a semaphore which is free infinitely often eventually acquires it, as
if waiters were served in FIFO order. So if a process waits in such a component and takes no step there, its semaphore
is free in none of its states. (Streett condition: remove the states that violate it, and search the rest again.
Source: Emerson and Lei, Modalities for Model Checking, 1987.)
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator

from shmlab.explorer.model.system import FIELD
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import ACQUIRE, DONE, ENTER, LOAD
from shmlab.explorer.search.search import Graph
from shmlab.explorer.search.simplest import follow, way

Allowed = Callable[[int, int], bool]  # (state, actor): whether the run may take this step infinitely often


def components(
    graph: Graph, allowed: Allowed | None = None, among: set[int] | None = None
) -> Iterator[set[int]]:
    """Yield the strongly connected components with at least one `allowed` step inside: Tarjan, without recursion.

    `among`: consider only these states.
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
    """Return the components in which a fair scheduler can keep the processes for ever, by `allowed` steps.

    With `acquires` (does this step acquire a semaphore?), semaphores are strong.
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
    """Return the processes that step within the component `part`, and those enabled in all of its states."""
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
    """An infinite run that shows `fault`: the schedule `way`, and then `loop` for ever."""

    def __init__(self, fault: Fault, way: list[int], loop: list[int]) -> None:
        self.fault, self.way, self.loop = fault, way, loop


def judge(
    graph: Graph, must_finish: list[int], must_enter: list[int], partial: bool, strong: bool = False
) -> Lasso | None:
    """Return a fair infinite run in which a process never finishes, or never again enters the critical section.

    `must_finish` and `must_enter` are the processes checked. `partial`: only some must finish, so the fault is their
    starvation, not livelock. `strong`: semaphores are strong.
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
    """Return a deadlock of processes that busy-wait for values that only others of them would store, or None."""
    system = graph.system
    if len({graph.states[state] & FIELD for state in part}) > 1:
        return None  # memory changes
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
    """Return the simplest path into `part`, and a loop there with a step of every process that can take one."""
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
    """Return the shortest path inside `part` whose last step is good(state after, actor), and its last state."""
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
