"""Predict what a consumer will certainly get: it has already read it, and no later read changes it.

So an item that a second consumer has read, or an empty slot, is reported when it is read, not when `get` returns. This
requires that all states were explored: only then are all paths from a process's current node known.
"""

from typing import TYPE_CHECKING

from shmlab.explorer.program.automaton import Automaton
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import DONE, LOAD

if TYPE_CHECKING:
    from shmlab.explorer.model.states import States

FAR = 1000  # nodes visited for one answer; beyond that, nothing is predicted


def fault(system: "States", state: int) -> Fault | None:
    """Return the fault in what the consumers will get next, or None."""
    assert system.judge
    got = []
    for consumer in system.consumers:
        node = system.node(state, consumer)
        coming = gets(system.automata[consumer], node.number, system.memory.slots_at)
        got.append((*node.taken, *coming))
        if not coming:
            continue
        if system.watch:
            ghosts = system.contents(state)[1]
            _, seen = system.watch.took(ghosts, coming[0], consumer)
            if seen:
                return seen
        if seen := system.judge.one(got[-1], consumer):
            return seen
    return system.judge.twice(got)


def gets(automaton: Automaton, number: int, slots_at: int) -> tuple[object, ...]:
    """Return the one item that a process gets next on every path from a node; empty if that is still undecided, or if
    the process has yet to read a slot.
    """
    if number not in automaton.foreseen:
        automaton.foreseen[number] = _gets(automaton, number, slots_at)
    return automaton.foreseen[number]


def _gets(automaton: Automaton, number: int, slots_at: int) -> tuple[object, ...]:
    found: list[object] = []
    seen, work = {number}, [number]
    for here in work:  # grows during the iteration
        node = automaton.nodes[here]
        looks = node.kind == LOAD and node.address >= slots_at
        if node.kind >= DONE or looks or not node.successors or len(work) > FAR:
            return ()
        for value, after in node.successors.items():
            if gives := node.gives.get(value):
                if found and (type(found[0]) is not type(gives[0]) or found[0] != gives[0]):
                    return ()
                found = [gives[0]]
            elif after not in seen:
                seen.add(after)
                work.append(after)
    return tuple(found)
