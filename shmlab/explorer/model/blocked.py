"""Who can never go on again: processes that wait for what nobody will ever give, whatever the others do.

A run need not have stopped for that. Two processes that have each other's lock are in a deadlock from the moment at
which both wait, although a third goes on.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.marking import never_ends
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, DONE, LOAD, RELEASE, STORE

if TYPE_CHECKING:
    from shmlab.explorer.model.states import States

MOST = 20_000  # states that are looked at for one answer; beyond, a process counts as one that may go on
GIVING = {
    ACQUIRE: (RELEASE,),
    LOAD: (STORE, ATOMIC, RELEASE, ACQUIRE),
    ATOMIC: (STORE, ATOMIC, RELEASE),
}  # steps that may end a wait in a step of this kind


class Blocked:
    """Who can never go on again, by state of `system`. What was found out is kept.

    A process whose text goes on for ever, such as a server, may wait for ever for a request. It counts only where it
    waits for somebody who waits for ever, too.
    """

    def __init__(self, system: "States") -> None:
        self._system = system
        self._goes_on: list[set[int]] = [set() for _ in range(system.size)]
        self._never: list[set[int]] = [set() for _ in range(system.size)]
        self._serves = [any(never_ends(f) for f in (function, *given)) for function, given in system.processes]
        self._doomed: list[set[int]] = [set() for _ in range(system.size)]
        self._reached: dict[tuple[int, int, int, int], set[tuple[int, int]]] = {}

    def of(self, state: int) -> tuple[int, ...]:
        """The processes that are in a deadlock in this state. Raises OutOfTime."""
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
            return ()  # they wait for somebody who goes on for ever, or who will wait, too: it is told once he does
        return tuple(p for p in stuck if p in circle or not self._serves[p])

    def _live(self, state: int) -> list[int]:
        system = self._system
        return [p for p in range(system.size) if system.node(state, p).kind < DONE]

    def _holds_up(self, state: int, process: int, stuck: list[int]) -> bool:
        """Whether a process holds a semaphore that one of `stuck` waits for."""
        awaited = {node.address for node in (self._system.node(state, p) for p in stuck) if node.kind == ACQUIRE}
        held: dict[int, int] = {}
        for kind, address, _ in self._system.node(state, process).operations:
            held[address] = held.get(address, 0) + (kind == ACQUIRE) - (kind == RELEASE)
        return any(held.get(address, 0) > 0 for address in awaited)

    def _comes_to_wait(self, state: int, process: int) -> bool:
        """Whether a process that can go on now ends in a wait for ever, too, on every way on from a state."""
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
            return False  # round and round
        doomed.update(steps)
        return True

    def circle(self, nodes: dict[int, list[Node]]) -> set[int]:
        """Of processes that wait at these nodes for ever, those that wait for one another.

        Who could end a wait is told by what else a process would do from where it stands.
        """
        circle = set(nodes)
        while True:
            left = {p for p in circle if any(self.gives(q, nodes[q], nodes[p]) for q in circle)}
            if left == circle:
                return circle
            circle = left

    def gives(self, process: int, stands: list[Node], awaited: list[Node]) -> bool:
        """Whether a process that stands at one of these nodes would, if it went on, end a wait at one of `awaited`.

        One that takes a semaphore before it gives it back ends nobody's wait for it.
        """
        return any(
            (kind, wait.address) in self._onward(process, node.number, wait.address if wait.kind == ACQUIRE else -1)
            for wait in awaited
            for kind in GIVING.get(wait.kind, ())
            for node in stands
        )

    def _onward(self, process: int, number: int, untaken: int) -> set[tuple[int, int]]:
        """(kind, address) of the steps that a process may take from a node on, as far as they are known.

        untaken: address of a semaphore; what comes after taking it does not count.
        """
        nodes = self._system.automata[process].nodes
        key = (process, number, untaken, len(nodes))  # they become more with every step that nobody has taken before
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
        """Whether some way on from a state leads to a step of `process`. A run that fails counts as one that does."""
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
    """The states from which a run may never end: those that are left when all that only lead to ends are taken out."""
    before: dict[int, list[int]] = {state: [] for state in steps}
    for state, after in steps.items():
        for one in after:
            before[one].append(state)
    left = {state: len(after) for state, after in steps.items()}
    ended = [state for state, ways in left.items() if not ways]
    for state in ended:  # grows while it is walked
        for earlier in before[state]:
            left[earlier] -= 1
            if not left[earlier]:
                ended.append(earlier)
    return set(steps) - set(ended)
