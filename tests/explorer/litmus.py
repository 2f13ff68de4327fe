"""Litmus tests, and an oracle for them that knows nothing of store buffers: executions as graphs, judged by axioms.

A thread is a row of operations: ("W", cell, value), ("R", cell) and ("F",), a full fence. An outcome is what each
thread's loads gave, and the cells at the end. `outcomes` asks the explorer; `allowed` makes every candidate execution
(which store each load reads from, and in which order stores to a cell reach memory) and keeps those that

- keep the order of accesses to each cell (no load reads an older store after a newer one, ...), and
- have no circle of: reading from another thread's store, being read before a store of another thread or overwritten
  by it, a fence in between, and an access to a cell before a later store of the same thread to it.

That is the model of the Arm architecture without dependencies, one-way fences and atomic operations.
Source: Pulte, Flur, Deacon, French, Sarkar, Sewell, Simplifying ARM Concurrency: Multicopy-Atomic Axiomatic and
Operational Models for ARMv8 (2018), section 5; Alglave, Maranget, Tautschnig, Herding Cats (2014).
"""

from itertools import permutations, product
from typing import Any

from shmlab.explorer.program.cells import Atomic, View
from shmlab.explorer.report.question import of
from shmlab.explorer.search.search import search

Operation = tuple[Any, ...]
Program = tuple[tuple[Operation, ...], ...]
Outcome = tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]


def thread(buf, operations):
    got = []
    for what, *rest in operations:
        if what == "W":
            buf.cell[rest[0]] = rest[1]
        elif what == "R":
            got.append(buf.cell[rest[0]])
        else:
            buf.fence.swap(0)
    return tuple(got)


def ends(processes: list[tuple[Any, ...]], shared: dict[str, Any], memory: str) -> set[tuple[Any, Any]]:
    """What the processes have returned, and the array `cell`, wherever all have finished."""
    system = of(processes, shared=shared, memory=memory).system()
    graph = search(system)
    assert graph.complete and not graph.faults
    found = set()
    for number in graph.ends:
        state = graph.states[number]
        results = tuple(system.node(state, p).result for p in range(system.size))
        found.add((results, tuple(View(system.memory, system.contents(state)[0])["cell"])))  # type: ignore[arg-type]
    return found


def outcomes(program: Program, cells: int = 2, memory: str = "weak") -> set[Outcome]:
    """What the explorer says can come out."""
    shared = dict(cell=[0] * cells, fence=Atomic(0))
    return ends([(thread, operations) for operations in program], shared, memory)


def allowed(program: Program, cells: int = 2) -> set[Outcome]:
    """What the axioms allow to come out."""
    events = [(t, i, *op) for t, ops in enumerate(program) for i, op in enumerate(ops)]
    writes = [[("init", cell)] + [e for e in events if e[2:4] == ("W", cell)] for cell in range(cells)]
    reads = [e for e in events if e[2] == "R"]
    found: set[Outcome] = set()
    for orders in product(*(permutations(ws[1:]) for ws in writes)):
        coherence = [(ws[0], *order) for ws, order in zip(writes, orders, strict=True)]
        for sources in product(*(writes[e[3]] for e in reads)):
            source = dict(zip(reads, sources, strict=True))
            if _consistent(program, events, coherence, source):
                got = tuple(tuple(_value(source[e]) for e in reads if e[0] == t) for t in range(len(program)))
                found.add((got, tuple(_value(order[-1]) for order in coherence)))
    return found


def _value(write: Operation) -> int:
    return 0 if write[0] == "init" else int(write[4])


def _consistent(program: Program, events: list[Any], coherence: list[Any], source: dict[Any, Any]) -> bool:
    communication = set()
    for order in coherence:
        communication |= {(a, b) for i, a in enumerate(order) for b in order[i + 1 :]}
    for read, write in source.items():
        communication.add((write, read))
        order = coherence[read[3]]
        communication |= {(read, later) for later in order[order.index(write) + 1 :]}
    same_cell, ordered = set(), set()
    for a in events:
        for b in events:
            if a[0] != b[0] or a[1] >= b[1]:
                continue
            if any(op[0] == "F" for op in program[a[0]][a[1] + 1 : b[1]]):
                ordered.add((a, b))
            if "F" not in (a[2], b[2]) and a[3] == b[3]:
                same_cell.add((a, b))
                if b[2] == "W":
                    ordered.add((a, b))
    between = {(a, b) for a, b in communication if a[0] != b[0]}
    return _acyclic(communication | same_cell) and _acyclic(between | ordered)


def _acyclic(pairs: set[Any]) -> bool:
    after: dict[Any, set[Any]] = {}
    for a, b in pairs:
        after.setdefault(a, set()).add(b)
        after.setdefault(b, set())
    while after:
        last = [a for a, bs in after.items() if not bs]
        if not last:
            return False
        for a in last:
            del after[a]
        for bs in after.values():
            bs.difference_update(last)
    return True
