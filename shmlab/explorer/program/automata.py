"""All processes of a program as automata, and what can be inferred about them without a search."""

import math
from collections.abc import Callable, Sequence
from types import FunctionType, NoneType

from shmlab.explorer.program import interrupts
from shmlab.explorer.program.automaton import TAKEN, Automaton
from shmlab.explorer.program.call_stack import CallStack
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.explorer_errors import ExplorerError
from shmlab.explorer.program.operations import (
    ACQUIRE,
    ATOMIC,
    CHOOSE,
    DONE,
    LOAD,
    RELEASE,
    STORE,
    atomically,
    attempts,
)

Process = tuple[Callable[..., object], tuple[object, ...]]
COMPARED = (int, str, bool, FunctionType, NoneType)  # arguments that are fully described by their value
FAR = 500  # maximum steps for which a process is run alone


class Automata(list[Automaton]):
    """One automaton for each process; processes that do the same share one. `merge`: see Automaton.

    Several systems may share them: they depend on the program only. `seconds`: the time limit for all of their steps
    together, from now on.
    """

    def __init__(
        self,
        memory: Memory,
        processes: Sequence[Process],
        merge: bool = True,
        names: Sequence[str] = (),
        seconds: float = math.inf,
    ) -> None:
        self.recorder, self._memory = CallStack(), memory
        self.recorder.within(seconds)
        known: dict[object, Automaton] = {}
        for number, process in enumerate(processes):
            key = alike(process)
            if key not in known or self.recorder.outside.tells_apart:
                me = (number, names[number] if number < len(names) else f"P{number}")
                with interrupts.noted():
                    known[key] = Automaton(*process, memory, self.recorder, merge, me)
            self.append(known[key])

    def locks(self) -> set[int]:
        """Return the semaphores used as locks: they start at 1, and are released only by processes that acquire them.

        A process that acquires one and never releases it holds it, too. (`empty` of a buffer with one slot also starts
        at 1, but a producer acquires it and a consumer releases it.)
        """
        taken, given = set(), set()
        for p, automaton in enumerate(self):
            stuck = [node.number for node in automaton.nodes if node.kind == ACQUIRE and not node.successors]
            for number in (automaton.root, *stuck):
                self._alone(automaton, number)
            taken |= {
                (p, node.address)
                for node in automaton.nodes
                if node.kind == ACQUIRE or attempts(node.kind, node.argument)
            }
            given |= {(p, node.address) for node in automaton.nodes if node.kind == RELEASE}
        one_sided = {at for _, at in given - taken}
        return {at for _, at in taken if self._memory.initial[at] == 1 and at not in one_sided}

    def _alone(self, automaton: Automaton, number: int) -> None:
        """Run a process from a node as if it were alone and never had to wait, to see everything that it does."""
        cells = dict(enumerate(self._memory.initial))
        node = automaton.nodes[number]
        for _ in range(FAR):
            if node.kind >= DONE:
                return
            value: object = node.kind == CHOOSE or None
            if node.kind == LOAD:
                value = cells.get(node.address)
            elif node.kind == STORE:
                cells[node.address] = node.argument  # type: ignore[assignment]
            elif node.kind == ATOMIC:
                cells[node.address], value = atomically(node.argument, cells.get(node.address))  # type: ignore[arg-type]
            try:
                node = automaton.nodes[automaton.step(node.number, value)]
            except ExplorerError:  # on a path that no real run may take
                return


def alike(process: Process) -> object:
    """Return a key: processes with equal keys do the same."""
    function, arguments = process
    if all(type(argument) in COMPARED or argument is TAKEN for argument in arguments):
        return function, tuple([(type(argument), argument) for argument in arguments])
    return id(process)
