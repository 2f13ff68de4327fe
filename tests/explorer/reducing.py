"""The ends of a program as the reduced search meets them, and as the whole search does: they must be the same."""

from shmlab.explorer.model.build import Program
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.search import reduced
from shmlab.explorer.search.protection import Contradicted, Protection
from shmlab.explorer.search.search import search


def ends(program: Program, few: bool) -> set[object]:
    """Memory and places at all ends, up to who of those that do the same is who; other faults by their word.

    few: as the reduced search meets them, transaction by transaction; else as the whole search does.
    """
    system = program.system()
    groups = list(reduced._alike(system))

    def seen(state: int, fault: Fault | None) -> object:
        if fault and fault.word != "deadlock":
            return fault.word  # how far the others have come by then is another matter
        places = [system.node(state, q).number for q in range(system.size)]
        for group in groups:
            for q, place in zip(group, sorted(places[q] for q in group), strict=True):
                places[q] = place
        return system.contents(state)[0], tuple(places), fault is not None

    if not few:
        graph = search(system)
        return {seen(graph.states[number], graph.faults.get(number)) for number in {*graph.ends, *graph.faults}}
    semaphores = [at for at, value in enumerate(system.memory.initial) if system.memory.kinds[at] == 1 and value == 1]
    protection = Protection(frozenset(semaphores), reduced.kinds(system))
    while True:
        few_system = reduced.ReducedSystem(system, None, protection)
        found, work, known = set(), [few_system.initial], {few_system.initial}
        try:
            while work:
                state = work.pop()
                after = [few_system.after(state, q) for q in range(system.size)] if not system.fault(state) else []
                if all(other is None for other in after):
                    found.add(seen(state, system.fault(state) or system.end(state)))
                for other in after:
                    if other is not None and other not in known:
                        known.add(other)
                        work.append(other)
            return found
        except Contradicted:
            continue
