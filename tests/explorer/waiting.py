"""Random programs that may wait for ever: the explorer's graph and verdict against those of `machine`.

Both graphs are walked together: after the same steps the same processes must be able to go on, with the same
accesses, in the same memory, and at the end with the same results.
"""

import itertools
import linecache
import random
from collections.abc import Callable

from shmlab.explorer.model.build import Program, of_processes
from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.program.operations import DONE
from shmlab.explorer.report.verdict import verdict
from shmlab.memory.semaphores import Semaphore
from tests.explorer import machine as machines

STATES = 4_000
DEEPEST = 3
_numbers = itertools.count()


class Waiter:
    """Writes one random process, with a helper and a class that wait, too. All its values stay below 3.

    An `orderly` one waits for a lock or for its turn, and gives them back: otherwise nearly all would wait for ever.
    """

    def __init__(self, chance: random.Random, orderly: bool) -> None:
        self.chance, self.budget, self.number = chance, chance.randint(3, 9), next(_numbers)
        self.orderly, self.turns = orderly, 1

    def one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def pay(self) -> bool:
        self.budget -= 1
        return self.budget >= 0

    def look(self) -> str:
        """An expression that is an access."""
        return self.one("buf.u", "buf.v", f"buf.a[{self.local()} % 2]", "buf.t.load()")

    def local(self) -> str:
        return self.one("x", "y", "0", "1", "2")

    def value(self, depth: int = 0) -> str:
        roll = self.chance.random()
        if roll < 0.3 or depth > 1:
            return self.local()
        if roll < 0.6 and self.pay():
            return self.look()
        if roll < 0.75:
            return f"({self.value(depth + 1)} + {self.value(depth + 1)}) % 3"
        if roll < 0.8:
            return f"({self.value(depth + 1)} if {self.condition(depth + 1)} else {self.local()})"
        if self.orderly:
            return self.local()
        if roll < 0.88 and self.pay():
            return self.one("buf.t.swap(2)", "buf.t.test_and_set()", "(1 if buf.t.compare_and_swap(0, 1) else 0)")
        if roll < 0.94 and self.pay():
            return f"help_{self.number}(buf, {self.local()})"
        if self.pay():
            return f"Lock_{self.number}(buf).wait_{self.number}({self.local()})"
        return self.local()

    def condition(self, depth: int = 0) -> str:
        a, b = self.value(depth + 1), self.value(depth + 1)
        return self.one(f"{a} == {b}", f"{a} != {b}", f"not {a}", f"{a} < {b}", f"({a} and {b})", f"({a} or {b})")

    def waits(self) -> str:
        """A condition for a loop that may never end: it begins with an access."""
        look = self.one(self.look(), "buf.t.test_and_set()", "buf.t.swap(2)")
        return self.one(look, f"not {look}", f"{look} == {self.local()}", f"{look} != {self.local()}",
                        f"({look} == {self.local()} and {self.condition(1)})")  # fmt: skip

    def block(self, indent: int, depth: int, loop: bool) -> list[str]:
        count = self.chance.randint(1, 3 if depth < 2 else 1)
        return [line for _ in range(count) for line in self.statement(indent, depth, loop)]

    def statement(self, indent: int, depth: int, loop: bool) -> list[str]:
        roll, pad = self.chance.random(), "    " * indent
        inner = (indent + 1, depth + 1)
        if roll < 0.12:
            return [f"{pad}{self.one('x', 'y')} = {self.value()}"]
        if roll < 0.38 and self.pay():
            cells = ["buf.u", f"buf.a[{self.local()} % 2]", *([] if self.orderly else ["buf.v"])]
            return [f"{pad}{self.one(*cells)} = {self.value()}"]
        if roll < 0.44 and not self.orderly and self.pay():
            return [f"{pad}buf.t.store({self.local()})"]
        if roll < 0.62 and self.orderly and not depth and self.pay():
            ways = [("t.test_and_set()", "t.store(0)"), ("t.swap(1)", "t.swap(0)")]
            if self.turns:
                self.turns, ways = 0, [("v != me", "v = 1 - me")]
            take, give = self.chance.choice(ways)
            inside = self.block(indent, depth + 1, False)
            return [f"{pad}while buf.{take}:", f"{pad}    pass", *inside, f"{pad}buf.{give}"]
        if roll < 0.62 and not self.orderly and self.pay():
            body = ["    " * (indent + 1) + "pass"]
            if depth < DEEPEST and self.chance.random() < 0.5:
                body = self.block(*inner, True)
            return [f"{pad}while {self.waits()}:", *body]
        if depth >= DEEPEST:
            return [f"{pad}pass"]
        if roll < 0.68 and not self.orderly and self.pay():
            leave = [f"{pad}    if {self.condition()}:", f"{pad}        {self.one('break', 'return x')}"]
            return [f"{pad}while True:", f"{pad}    y = {self.look()}", *leave, *self.block(*inner, True)]
        if roll < 0.76:
            return [f"{pad}if {self.condition()}:", *self.block(*inner, loop), f"{pad}else:", *self.block(*inner, loop)]
        if roll < 0.82:
            return [f"{pad}for x in range(2):", *self.block(*inner, True)]
        if roll < 0.9 and self.pay():
            return [f"{pad}with buf.m:", *self.block(*inner, loop)]
        if roll < 0.92 and depth == 0 and self.pay():
            return [f"{pad}buf.m.{self.one('acquire', 'release')}()"]
        if roll < 0.96 and loop:
            return [f"{pad}{self.one('break', 'continue')}"]
        return [f"{pad}if {self.condition()}:", f"{pad}    {'pass' if self.orderly else 'return x'}"]

    def function(self) -> tuple[Callable[..., object], str]:
        n = self.number
        lines = [
            f"def help_{n}(buf, z):",
            f"    while {self.one('buf.u', 'buf.v', 'buf.a[z % 2]')} {self.one('==', '!=')} z:",
            f"        {self.one('pass', 'buf.v = z', 'break', 'return 1', 'z = 0')}",
            f"    return {self.one('z', 'buf.u')}",
            f"class Lock_{n}:",
            "    def __init__(self, buf):",
            "        self.buf = buf",
            f"    def wait_{n}(self, z):",
            f"        while self.buf.{self.one('u', 'v', 't.test_and_set()', 't.load()')}:",
            f"            {self.one('pass', 'self.buf.v = z', 'z = 2', 'self.buf.t.store(0)')}",
            "        return z",
            f"def f_{n}(buf, me):",
            "    x, y = me, 0",
            *self.block(1, 0, False),
            *self.block(1, 0, False),
            "    return (x, y)",
        ]
        text, name = "\n".join(lines) + "\n", f"<waiting {n}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        names: dict[str, object] = {"__name__": "waiting"}
        exec(compile(text, name, "exec"), names)
        return names[f"f_{n}"], text  # type: ignore[return-value]


def one(chance: random.Random) -> str:
    """Try one random program; "machine", or "" if it never waits or has too many states. Fails on a difference."""
    orderly = chance.random() < 0.7
    written = [Waiter(chance, orderly).function() for _ in range(2)]
    text = "\n".join(text for _, text in written)
    program = of_processes(
        [(function, p) for p, (function, _) in enumerate(written)],
        dict(u=0, v=0, a=[0, 0], t=Atomic(0), m=Semaphore(1)),
    )
    machine = machines.Machine(text, program.memory)
    start = machine.start([(function.__name__, (p,)) for p, (function, _) in enumerate(written)])
    try:
        graph = machines.Graph(machine, start, STATES)
    except OverflowError:
        return ""
    if not graph.waits():
        return ""
    compare(program, graph, text)
    return "machine"


def compare(program: Program, graph: machines.Graph, text: str = "") -> None:
    """Walk both graphs together, and compare the verdicts."""
    found = verdict(program.system(), max_states=4 * STATES)
    expected = "deadlock" if graph.deadlock() else "livelock" if graph.livelock() else None
    if expected == "livelock" and found.fault == "deadlock" and (found.loop or graph.stuck()):
        expected = "deadlock"  # in loops, or of some while others go on
    assert found.complete, f"{found}, and not {len(graph.states)}:\n{text}"
    assert found.fault == expected, f"{found}\nand not {expected}:\n{text}"
    assert found.paths is None, f"{found.paths} interleavings, and not infinitely many:\n{text}"
    system, other = found.system, found.graph.states
    work, known = [(0, 0)], {(0, 0)}
    while work:
        here, there = work.pop()
        state, (cells, processes) = other[here], graph.states[there]
        assert system.contents(state)[0] == cells, f"other memory:\n{text}"
        for p, process in enumerate(processes):
            node, pending = system.node(state, p), graph.machine.pending(process)
            assert (pending is None) == (node.kind >= DONE), f"P{p} has ended, or not:\n{text}"
            if pending is None:
                assert repr(node.result) == repr(process[-1][3][0]), f"another result of P{p}:\n{text}"
                continue
            assert (node.kind, node.address, node.argument) == pending, f"another access of P{p}:\n{text}"
        after = dict(found.graph.steps(here))
        assert after.keys() == graph.steps[there].keys(), f"others can go on:\n{text}"
        for p, number in after.items():
            pair = (number, graph.steps[there][p])
            if pair not in known:
                known.add(pair)
                work.append(pair)
