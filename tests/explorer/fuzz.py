"""Random programs as students write them: the merged automata against whole histories and against brute force.

    python -m tests.explorer.fuzz --seed 1 --count 20000 --save

Those that may wait for ever are compared by `waiting`.
"""

import argparse
import itertools
import json
import linecache
import platform
import random
import time
from collections import Counter
from collections.abc import Callable

from shmlab.explorer.model.build import of_processes
from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.program.explorer_errors import ValueRefused
from shmlab.explorer.search.counting import interleavings
from shmlab.explorer.search.search import Graph, search
from shmlab.memory.semaphores import Semaphore
from tests.clone import ROOT
from tests.explorer import brute, reducing, waiting

ITERABLES = (
    "range(2)",
    "[7, 7]",
    '"ab"',
    "(1, 2)",
    "enumerate([5, 5])",
    "reversed([1, 1])",
    "list(l)",
    "zip([0, 0], [1, 1])",
    "l",
    "k",
    "(k if len(k) < 2 else list(l))",
    "{1: 1, 2: 2}.items()",
)
SMALL = 3_000  # interleavings that brute force may take
STATES = 20_000
FIGURES = ROOT / "docs/figures/explorer-fuzz.json"
SKIPPED = "too big or not valid"
KINDS = ("brute force", "histories", "machine", SKIPPED)
Found = Counter[str]
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
            return self.one("x", "y", "len(l)", "len(k)", "o.x", "(k[-1] if k else 0)")
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
        if roll < 0.96:
            return f"help_{self.number}(buf, {e(deeper)})"
        if roll < 0.98 and self.pay():
            return self.one("o.get(buf)", f"Box_{self.number}(buf, {e(deeper)}).x")
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
            name = self.one("l", "k")
            return [f"{pad}if len({name}) < 4:", f"{pad}    {name}.append({e()})"]
        if roll < 0.575 and self.pay(2):
            return [f"{pad}note_{self.number}(buf, {self.one('l', 'k')})"]
        if roll < 0.58:
            return [f"{pad}k = {self.one('l', 'list(l)', f'(l if {self.condition()} else list(l))')}"]
        if roll < 0.59:
            return [f"{pad}{self.one('o.x = ', f'o = Box_{self.number}(buf, 0) ; o.x = ', 'o.add(buf)  # ')}{e()}"]
        if roll < 0.61:
            return [f"{pad}x, y = {e()}, {e()}"]
        if roll < 0.64 and self.pay(2):
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
        if roll < 0.945:
            raising = [f"{pad}    if {self.condition()}:", f"{pad}        raise ValueError({e()})"]
            caught = [f"{pad}except ValueError as error:", f"{pad}    x = error.args[0]"]
            return [f"{pad}try:", *raising, *caught, *self.block(*inner)]
        if roll < 0.95:
            g = f"g{next(_numbers)}"
            body = [f"{pad}    nonlocal y", f"{pad}    y = {e()}", f"{pad}    return {e()}"]
            return [f"{pad}def {g}():", *body, f"{pad}x = {g}()"]
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
            f"def note_{n}(buf, z):",
            "    if len(z) < 4: z.append(buf.u)",
            f"    z = {self.one('None', 'z if buf.u else list(z)')}",
            f"    buf.v = {self.one('1', '0')}",
            f"    if z: {self.one('z.append(1)', 'z.pop()', 'z = []')}",
            f"class Box_{n}:",
            "    def __init__(self, buf, x):",
            f"        self.x = {self.one('x', 'buf.u', 'x + 1')}",
            "    def add(self, buf):",
            f"        self.x = {self.one('self.x + 1', 'buf.v', 'buf.a[0]')}",
            f"        {self.one('pass', 'buf.u = 1', 'buf.v = self.x')}",
            "    def get(self, buf):",
            f"        return {self.one('self.x', 'buf.v', 'self.x + buf.u')}",
            f"def f_{n}(buf, x):",
            "    y = 0",
            "    l = []",
            "    k = l",
            f"    o = Box_{n}(buf, x)",
            *self.block(1, 0),
            *self.block(1, 0),
            "    return (x, y, l, k, o.x)",
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
    assert reducing.ends(program, few=True) == reducing.ends(program, few=False), f"reduced, other ends:\n{texts}"
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


def run(seed: int, count: int, seconds: float = 1e9, tell: Callable[[Found], object] | None = None) -> Found:
    """So many programs that could be compared: how many with what. A third of them may wait for ever."""
    chance, began, found = random.Random(seed), time.perf_counter(), Found(dict.fromkeys(KINDS, 0))
    while found.total() - found[SKIPPED] < count and time.perf_counter() - began < seconds:
        found[(waiting.one if chance.random() < 1 / 3 else one)(chance) or SKIPPED] += 1
        if tell:
            tell(found)
    return found


def main() -> None:
    """A long run; its figures go to the others, one entry for each version of Python."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--save", action="store_true", help=f"write the figures into {FIGURES.name}")
    given = parser.parse_args()
    began = time.perf_counter()

    def tell(found: Found) -> None:
        if found.total() % 500 == 0:
            print(f"{time.perf_counter() - began:6.0f} s  {dict(found)}", flush=True)

    found = run(given.seed, given.count, given.seconds, tell)  # a disagreement is an error that ends it
    seconds = time.perf_counter() - began
    figures = {
        "python": platform.python_version(),
        "seed": given.seed,
        "programs": found.total() - found[SKIPPED],
        "disagreements": 0,
        **found,
        "seconds": round(seconds),
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(figures))
    if given.save:
        runs = json.loads(FIGURES.read_text())["runs"] if FIGURES.exists() else []
        others = [run for run in runs if run["python"] != figures["python"]]
        runs = sorted([*others, figures], key=lambda run: [int(part) for part in str(run["python"]).split(".")])
        FIGURES.write_text(json.dumps({"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
