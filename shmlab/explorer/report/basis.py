"""What a verdict is based on: the sizes explored, which semaphores were ever waited for, and what else to try.

An OK holds for all interleavings of these sizes, and for no others. If no process ever waited for a semaphore, that
part of the program was not tested.
"""

from shmlab.explorer.model.system import FIELD, System
from shmlab.explorer.program.cells import SEMAPHORE
from shmlab.explorer.program.operations import ACQUIRE
from shmlab.explorer.program.stand_ins import PID
from shmlab.explorer.search.search import Graph


def text(graph: Graph, whole: bool, sized: bool = False) -> str:
    """Return the basis, one sentence a line. `whole`: the graph has all states. `sized`: smaller sizes were tried."""
    system = graph.system
    sentences = [f"It rests on {_size(system)}.", *_numbers(system)]
    waited, slept = _waited(graph), _semaphores(system)
    if system.automata and any(automaton.endless() for automaton in system.automata):
        sentences.append("Somebody had to wait in a loop.")
    if waited:
        sentences.append(f"Somebody had to wait for {_and(sorted(waited, key=slept.index))}.")
    never = [name for name in slept if name not in waited] if whole else []
    if never:
        sentences.append(f"Nobody ever had to wait for {_and(never, 'or')}.")
    return "\n".join([*sentences, *_filled(graph, whole), *_slots(system, sized)])


def _size(system: System) -> str:
    if not system.judge:
        return _count(system.size, "process", "es")
    consumers = len(system.consumers)
    producers = system.size - consumers
    room = "endless slots" if system.memory.endless else _count(system.memory.lengths["slots"], "slot")
    each = f"{_count(len(system.judge) // max(1, producers), 'item')} from each producer"
    return f"{_count(producers, 'producer')}, {_count(consumers, 'consumer')}, {room}, {each}"


def _numbers(system: System) -> list[str]:
    """Report which numbers the processes had, if one asked for its own."""
    if not system.automata or not system.automata.recorder.outside.numbered:
        return []
    last = PID + system.size - 1
    return [f"The processes had the numbers {PID} to {last}, in this order; no others were tried."]


def _filled(graph: Graph, whole: bool) -> list[str]:
    """Report whether all slots were ever full, and whether all were ever empty again."""
    system = graph.system
    slots = system.memory.lengths.get("slots")
    if not system.judge or not system.watch:
        return []
    full = empty = False
    producers = [p for p in range(system.size) if p not in system.consumers]
    for state in graph.states:
        unread = system.memories[state & FIELD][1][system.size :]  # for each slot, whether its item is still unread
        full = full or (bool(slots) and all(unread))
        empty = empty or (not any(unread) and any(system.node(state, p).finished for p in producers))
        if full and empty:
            break
    seen = {"full": full, "empty again": empty} if slots else {"empty again": empty}
    found = [word for word, was in seen.items() if was]
    never = [word for word, was in seen.items() if not was and whole]
    both = "full at one time, and empty again at another"
    told = [f"The buffer was {both if found[1:] else found[0] + ' at one time'}."] if found else []
    return told + ([f"The buffer was never {_and(never, 'or')}."] if never else [])


def _slots(system: System, sized: bool) -> list[str]:
    """Report whether slots were reused, and what to try next."""
    slots = system.memory.lengths.get("slots")
    if not system.judge or not slots:
        return []
    more = "capacity=1, as sizes begins with two slots." if sized else "sizes=3 tries all sizes up to three."
    if len(system.judge) > slots:
        return ["Each slot was used again.", f"Worth a try: {more}"]
    producers = system.size - len(system.consumers)
    enough = slots // max(1, producers) + 1
    return ["No slot was used twice.", f"Worth a try: items={enough}, so that one is; {more}"]


def _semaphores(system: System) -> list[str]:
    memory = system.memory
    return [memory.name(at) for at, kind in enumerate(memory.kinds) if kind == SEMAPHORE]


def _waited(graph: Graph) -> set[str]:
    """Return the semaphores for which some process has to wait in some state."""
    system = graph.system
    found: set[int] = set()
    for state in graph.states:
        for p in range(system.size):
            node = system.node(state, p)
            if node.kind == ACQUIRE and node.address not in found and not system.contents(state)[0][node.address]:
                found.add(node.address)
    return {system.memory.name(at) for at in found}


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{plural if number != 1 else ''}"


def _and(names: list[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
