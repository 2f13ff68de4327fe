"""Random programs as students write them: the merged automata against whole histories and against brute force.

python -m tests.explorer.fuzz --seed 1 --count 20000 --seconds 3600
"""

import argparse
import itertools
import linecache
import random
import sys
import time
from collections.abc import Callable

from shmlab.explorer import Atomic
from shmlab.explorer.counting import interleavings
from shmlab.explorer.errors import ValueRefused
from shmlab.explorer.program import of_processes
from shmlab.explorer.search import Graph, search
from shmlab.sync import Semaphore
from tests.explorer import brute

ITERABLES = (
    "range(2)",
    "[7, 7]",
    '"ab"',
    "(1, 2)",
    "enumerate([5, 5])",
    "reversed([1, 1])",
    "list(l)",
    "zip([0, 0], [1, 1])",
)
SMALL = 3_000  # interleavings that brute force may take
STATES = 20_000
_numbers = itertools.count()


class Author:
    """Writes one random function and its helper. `budget` limits its shared accesses."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.budget, self.number = chance, chance.randint(3, 8), next(_numbers)

    def pay(self, price: int = 1) -> bool:
        if self.budget <= 0:
            return False
        self.budget -= price
        return True

    def one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def expression(self, depth: int = 0) -> str:
        roll, deeper = self.chance.random(), depth + 1
        e = self.expression
        if depth > 2 or roll < 0.25:
            return self.one("0", "1", "2")
        if roll < 0.45:
            return self.one("x", "y", "len(l)")
        if roll < 0.62 and self.pay():
            return self.one("buf.u", "buf.v")
        if roll < 0.70 and self.pay():
            return f"buf.a[{e(depth + 2)} % 2]"
        if roll < 0.80:
            return f"({e(deeper)} + {e(deeper)}) % 3"
        if roll < 0.84:
            return f"({e(deeper)} if {self.condition(deeper)} else {e(deeper)})"
        if roll < 0.88:
            return f"({e(deeper)} {self.one('and', 'or')} {e(deeper)})"
        if roll < 0.91 and self.pay(2):
            return "sum([buf.a[j] for j in range(2)])"
        if roll < 0.94 and self.pay():
            return self.one("buf.t.fetch_add()", "buf.t.swap(2)", "(1 if buf.t.compare_and_swap(0, 1) else 0)")
        if roll < 0.97:
            return f"help_{self.number}(buf, {e(deeper)})"
        return f"(lambda q: q + {e(deeper)})({self.one('0', '1', '2')})"

    def condition(self, depth: int = 0) -> str:
        a, b = self.expression(depth + 1), self.expression(depth + 1)
        return self.one(f"{a} == {b}", a, f"not {a}", f"{a} < {b}", f"0 <= {a} < {b}")

    def block(self, indent: int, depth: int, loop: bool = False) -> list[str]:
        count = self.chance.randint(1, 3 if depth < 2 else 1)
        return [line for _ in range(count) for line in self.statement(indent, depth, loop)]

    def statement(self, indent: int, depth: int, loop: bool) -> list[str]:
        roll, pad, e = self.chance.random(), "    " * indent, self.expression
        inner = (indent + 1, depth + 1)
        if roll < 0.15:
            return [f"{pad}{self.one('x', 'y')} = {e()}"]
        if roll < 0.35 and self.pay():
            return [f"{pad}buf.{self.one('u', 'v')} = {e()}"]
        if roll < 0.45 and self.pay(2):
            return [f"{pad}buf.{self.one('u', 'v')} += {e()}"]
        if roll < 0.52 and self.pay():
            return [f"{pad}buf.a[{e(2)} % 2] = {e()}"]
        if roll < 0.57:
            return [f"{pad}l.append({e()})"]
        if roll < 0.60:
            return [f"{pad}x, y = {e()}, {e()}"]
        if roll < 0.63 and self.pay(2):
            return [f"{pad}buf.a[{e(2)} % 2] += {e()}"]
        if depth >= 3:
            return [f"{pad}pass"]
        if roll < 0.72:
            return [f"{pad}if {self.condition()}:", *self.block(*inner, loop), f"{pad}else:", *self.block(*inner, loop)]
        if roll < 0.82:
            target = self.one("i", "_", "x")
            return [f"{pad}for {target} in {self.one(*ITERABLES)}:", *self.block(*inner, True)]
        if roll < 0.88:
            k = f"k{next(_numbers)}"
            head = [f"{pad}{k} = 0", f"{pad}while {k} < 2 and {self.condition()}:", f"{pad}    {k} += 1"]
            return [*head, *self.block(*inner, True)]
        if roll < 0.92 and self.pay(2):
            return [f"{pad}with buf.m:", *self.block(*inner)]
        if roll < 0.935:
            return [f"{pad}try:", *self.block(*inner), f"{pad}finally:", *self.block(*inner)]
        if roll < 0.95:
            raising = [f"{pad}    if {self.condition()}:", f"{pad}        raise ValueError"]
            return [f"{pad}try:", *raising, f"{pad}except ValueError:", *self.block(*inner)]
        if roll < 0.97 and loop:
            return [f"{pad}{self.one('break', 'continue')}"]
        return [f"{pad}if {self.condition()}:", f"{pad}    return x"]

    def function(self) -> tuple[Callable[..., object], str]:
        n = self.number
        lines = [
            f"def help_{n}(buf, z):",
            "    w = 1",
            f"    if z: w = {self.one('buf.u', 'buf.v', '2')}",
            "    for q in [3, 3]:",
            f"        {self.one('buf.v = w', 'w += 1', 'pass')}",
            "    return w",
            f"def f_{n}(buf, x):",
            "    y = 0",
            "    l = []",
            *self.block(1, 0),
            *self.block(1, 0),
            "    return (x, y, l)",
        ]
        text, name = "\n".join(lines) + "\n", f"<fuzz {n}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        names: dict[str, object] = {"__name__": "fuzz"}
        exec(compile(text, name, "exec"), names)
        return names[f"f_{n}"], text  # type: ignore[return-value]


def one(chance: random.Random) -> str:
    """Try one random program; what it was compared with, "" if it is too big or not valid. Fails on a difference."""
    written = [Author(chance).function() for _ in range(2)]
    program = of_processes(
        [(function, 0) if p == 0 else (function, 1) for p, (function, _) in enumerate(written)],
        dict(u=0, v=0, a=[0, 0], t=Atomic(0), m=Semaphore(1)),
    )
    texts = "\n".join(text for _, text in written)
    try:
        merged = search(program.system(), STATES, 5)
    except ValueRefused:  # a tuple of enumerate on its way into a shared cell
        return ""
    if not merged.complete:
        return ""
    count = interleavings(merged)
    assert count is not None, f"a cycle:\n{texts}"
    compared = "brute force" if count[0] <= SMALL else ""
    whole = search(program.system(merge=False), STATES, 5)
    if whole.complete:
        assert interleavings(whole) == count, f"merged {count}, by histories {interleavings(whole)}:\n{texts}"
        assert ends_of(whole) == ends_of(merged), f"other ends:\n{texts}"
        compared = compared or "histories"
    if count[0] <= SMALL:
        expected = brute.interleavings(program)
        assert expected and expected[:2] == count, f"merged {count}, brute force {expected and expected[:2]}:\n{texts}"
        assert expected[2] == ends_of(merged), f"other ends than brute force:\n{texts}"
    return compared


def ends_of(graph: Graph) -> brute.Ends:
    system, ends = graph.system, set()
    for number in graph.ends:
        if number not in graph.faults:
            state = graph.states[number]
            results = [system.node(state, p).result for p in range(system.size)]
            ends.add((tuple(system.contents(state)[0]), repr(results)))
    return ends


def run(seed: int, count: int, seconds: float = 1e9) -> dict[str, int]:
    """So many programs that could be compared; how many with what."""
    chance, began = random.Random(seed), time.perf_counter()
    done = {"brute force": 0, "histories": 0, "": 0}
    while done["brute force"] + done["histories"] < count and time.perf_counter() - began < seconds:
        done[one(chance)] += 1
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1e9)
    given = parser.parse_args()
    start = time.perf_counter()
    found = run(given.seed, given.count, given.seconds)
    print(
        f"Python {sys.version.split()[0]}, seed {given.seed}: {found['brute force']} programs agree with brute force "
        f"and {found['histories']} more with whole histories; {found['']} were too big or not valid; "
        f"{time.perf_counter() - start:.0f} s"
    )
