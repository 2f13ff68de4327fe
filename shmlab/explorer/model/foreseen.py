"""What a consumer will get, whatever happens: it has read it already, and nothing that it still reads changes it.

So an item that a second consumer has read, or an empty slot, is told when it is read and not when `get` returns. That
holds where all states were seen: then all ways on from where a process stands are known.
"""

from typing import TYPE_CHECKING

from shmlab.explorer.program.automaton import Automaton
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.operations import DONE, LOAD

if TYPE_CHECKING:
    from shmlab.explorer.model.states import States

FAR = 1000  # nodes that are looked at for one answer; beyond, nothing is foreseen


def fault(system: "States", state: int) -> Fault | None:
    """What is wrong with what the consumers will get next."""
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
    """The one thing that a process gets next on every way on from a node; nothing where that is still open, or where
    it has yet to look at a slot.
    """
    if number not in automaton.foreseen:
        automaton.foreseen[number] = _gets(automaton, number, slots_at)
    return automaton.foreseen[number]


def _gets(automaton: Automaton, number: int, slots_at: int) -> tuple[object, ...]:
    found: list[object] = []
    seen, work = {number}, [number]
    for here in work:  # grows while it is walked
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
