"""Types only: the contents of a state, and the parts of a system that `blocked` and `foreseen` need.

A system calls them about its own states, so they cannot import it.
"""

from typing import Protocol

from shmlab.explorer.program.automata import Automata, Process
from shmlab.explorer.program.automaton import Node
from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.fault import Fault
from shmlab.explorer.program.items import Ghosts, Judge, Watch
from shmlab.explorer.program.operations import Value

Cells = tuple[Value, ...]
Buffers = tuple[tuple[tuple[int, Value], ...], ...]  # for each process, its stores that have not reached memory yet
Contents = tuple[Cells, Ghosts, Buffers]


class States(Protocol):
    """The numbered states of a program; see `System`."""

    size: int
    memory: Memory
    automata: Automata
    judge: Judge | None
    watch: Watch | None
    consumers: list[int]
    excused: frozenset[int]
    processes: list[Process]

    @property
    def actors(self) -> int: ...
    def node(self, state: int, process: int) -> Node: ...
    def contents(self, state: int) -> Contents: ...
    def fault(self, state: int) -> Fault | None: ...
    def after(self, state: int, actor: int) -> int | None: ...
