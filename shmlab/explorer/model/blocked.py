"""Find processes that are blocked for ever: they wait for something that no other process will ever provide.

The run need not have stopped. Two processes that wait for each other's lock are in a deadlock from the moment at which
both wait, even if a third continues.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.marking import never_ends
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, DONE, LOAD, RELEASE, STORE

if TYPE_CHECKING:
    from shmlab.explorer.model.states import States

MOST = 20_000  # states visited for one answer; beyond that, a process counts as able to continue
GIVING = {
    ACQUIRE: (RELEASE,),
    LOAD: (STORE, ATOMIC, RELEASE, ACQUIRE),
    ATOMIC: (STORE, ATOMIC, RELEASE),
}  # kinds of steps that may end a wait at a step of this kind


class Blocked:
    """The processes that are blocked for ever in a state of `system`; answers are cached.

    A process whose code never ends, such as a server, may wait for ever for a request. It counts only if it waits for
    a process that is also blocked for ever.
    """

    def __init__(self, system: "States") -> None:
        self._system = system
        self._goes_on: list[set[int]] = [set() for _ in range(system.size)]
        self._never: list[set[int]] = [set() for _ in range(system.size)]
        self._serves = [any(never_ends(f) for f in (function, *given)) for function, given in system.processes]
        self._doomed: list[set[int]] = [set() for _ in range(system.size)]
        self._reached: dict[tuple[int, int, int, int], set[tuple[int, int]]] = {}

    def of(self, state: int) -> tuple[int, ...]:
        """Return the processes that are in a deadlock in this state. Raises OutOfTime."""
        system = self._system
        system.automata.recorder.check_time()
        if system.fault(state):
            return ()
        waiting = [p for p in self._waiting(state) if p not in system.excused]
        stuck = [p for p in waiting if not self._can_go_on(state, p)]
        if not stuck:
            return ()
        circle = self.circle({p: [system.node(state, p)] for p in stuck})
        others = [p for p in self._live(state) if p not in stuck]
        if not circle and any(self._holds_up(state, p, stuck) or self._comes_to_wait(state, p) for p in others):
            return ()  # they wait for one that runs for ever, or that will also block: report it then
        return tuple(p for p in stuck if p in circle or not self._serves[p])

    def _live(self, state: int) -> list[int]:
        system = self._system
        return [p for p in range(system.size) if system.node(state, p).kind < DONE]

    def _holds_up(self, state: int, process: int, stuck: list[int]) -> bool:
        """Return whether a process holds a semaphore that one of `stuck` waits for."""
        awaited = {node.address for node in (self._system.node(state, p) for p in stuck) if node.kind == ACQUIRE}
        held: dict[int, int] = {}
        for kind, address, _ in self._system.node(state, process).operations:
            held[address] = held.get(address, 0) + (kind == ACQUIRE) - (kind == RELEASE)
        return any(held.get(address, 0) > 0 for address in awaited)

    def _comes_to_wait(self, state: int, process: int) -> bool:
        """Return whether a process that can continue now blocks for ever, too, on every path from `state`."""
        system, doomed = self._system, self._doomed[process]
        if state in doomed:
            return True
        steps: dict[int, list[int]] = {}
        moves = []
        work = [state]
        while work:
            here = work.pop()
            if here in steps:
                continue
            if system.node(here, process).kind >= DONE or system.fault(here):
                return False
            if len(steps) > MOST:
                return True
            steps[here] = []
            for actor in range(system.actors):
                if (after := system.after(here, actor)) is not None:
                    steps[here].append(after)
                    work.append(after)
                    if actor == process:
                        moves.append((here, after))
        going = _going(steps)
        if any(here in going and after in going for here, after in moves):
            return False  # it can loop for ever
        doomed.update(steps)
        return True

    def circle(self, nodes: dict[int, list[Node]]) -> set[int]:
        """Return those of the processes that wait for ever at `nodes` that wait for one another.

        The steps that a process would take from its node on show whose wait it could end.
        """
        circle = set(nodes)
        while True:
            left = {p for p in circle if any(self.gives(q, nodes[q], nodes[p]) for q in circle)}
            if left == circle:
                return circle
            circle = left

    def gives(self, process: int, stands: list[Node], awaited: list[Node]) -> bool:
        """Return whether `process`, if it continued from a node in `stands`, would end a wait at one of `awaited`.

        A process that must acquire a semaphore before releasing it ends no wait for that semaphore.
        """
        return any(
            (kind, wait.address) in self._onward(process, node.number, wait.address if wait.kind == ACQUIRE else -1)
            for wait in awaited
            for kind in GIVING.get(wait.kind, ())
            for node in stands
        )

    def _onward(self, process: int, number: int, untaken: int) -> set[tuple[int, int]]:
        """Return the (kind, address) of all known steps that a process may take from node `number` on.

        untaken: address of a semaphore; steps after acquiring it do not count.
        """
        nodes = self._system.automata[process].nodes
        key = (process, number, untaken, len(nodes))  # the automaton grows with every new step
        if key not in self._reached:
            seen, work = {number}, [number]
            for now in work:
                if nodes[now].kind == ACQUIRE and nodes[now].address == untaken:
                    continue
                new = [after for after in nodes[now].successors.values() if after not in seen]
                seen.update(new)
                work += new
            self._reached[key] = {(nodes[n].kind, nodes[n].address) for n in seen}
        return self._reached[key]

    def _waiting(self, state: int) -> Iterator[int]:
        system = self._system
        for p in range(system.size):
            if system.after(state, p) is None and system.node(state, p).kind < DONE:
                yield p

    def _can_go_on(self, state: int, process: int) -> bool:
        """Return whether some path from `state` leads to a step of `process`. A run that fails counts as such."""
        system, goes_on, never = self._system, self._goes_on[process], self._never[process]
        came: dict[int, int | None] = {state: None}
        work = [state]
        while work:
            here = work.pop()
            if here in never:
                continue
            if here in goes_on or system.fault(here) or system.after(here, process) is not None or len(came) > MOST:
                back: int | None = here
                while back is not None:
                    goes_on.add(back)
                    back = came[back]
                return True
            for actor in range(system.actors):
                after = system.after(here, actor)
                if after is not None and after not in came:
                    came[after] = here
                    work.append(after)
        never.update(came)
        return False


def _going(steps: dict[int, list[int]]) -> set[int]:
    """Return the states from which a run may never end: all except those that lead only to ends."""
    before: dict[int, list[int]] = {state: [] for state in steps}
    for state, after in steps.items():
        for one in after:
            before[one].append(state)
    left = {state: len(after) for state, after in steps.items()}
    ended = [state for state, ways in left.items() if not ways]
    for state in ended:  # grows during the iteration
        for earlier in before[state]:
            left[earlier] -= 1
            if not left[earlier]:
                ended.append(earlier)
    return set(steps) - set(ended)
