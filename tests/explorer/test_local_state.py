"""What tells two local states apart: programs in which it is easy to forget something, against brute force.

Each process here reads `buf.u`, which another one may have set by then, keeps what it has read where it is hard
to see, makes a step, and only then uses it. States that forget it would be taken for one.
"""

import dataclasses
import functools
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import pytest

from shmlab.explorer.model.build import of_processes
from shmlab.explorer.search.counting import interleavings
from shmlab.explorer.search.search import search
from tests.explorer import brute
from tests.explorer.fuzz import ends_of


def sets(buf):
    buf.u = 1


class Stack(list):
    pass


class Table(dict):
    pass


class Oops(Exception):
    pass


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Box:
    def __init__(self, buf):
        self.x = buf.u


class Money(int):
    pass


Point = namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: int


MAKERS = [
    lambda x: Stack([x]),
    lambda x: Table(x=x),
    lambda x: Oops(x),
    lambda x: Slotted(x),
    lambda x: Money(x),
    lambda x: Point(x, 1),
    lambda x: Frozen(x),
    lambda x: deque([x]),
    lambda x: OrderedDict(x=x),
    lambda x: Counter(x=x),
    lambda x: defaultdict(int, x=x),
    lambda x: {x},
    lambda x: [x, [x]],
    lambda x: functools.partial(max, x),
    lambda x: [x].pop,
    lambda x: iter([5, x]),
    lambda x: iter({x: 1}.items()),
    lambda x: enumerate([x]),
    lambda x: (y for y in [x]),
    lambda x: {x: 1}.items(),
    lambda x: type("Inner", (), {"x": x}),
    lambda x: lambda: x,
]


def keeps(buf, number):
    kept = MAKERS[number](buf.u)
    buf.v = 1
    return said(kept)


def said(kept):
    if isinstance(kept, (int, dict, Counter)):
        return repr(kept)
    if isinstance(kept, Exception):
        return kept.args
    if hasattr(kept, "x"):
        return kept.x
    if isinstance(kept, functools.partial):
        return kept(0)
    return kept() if callable(kept) else list(kept)


def forgets_an_argument(buf):
    def note(numbers):
        numbers.append(buf.u)
        numbers = None
        buf.v = 1

    numbers = []
    note(numbers)
    return numbers


def walks_the_list_or_a_copy(buf):
    numbers, rounds = [1, 2], 0
    for _ in numbers if buf.u else list(numbers):
        buf.v = 1
        rounds += 1
        if rounds < 3:
            numbers.append(3)
    return rounds


def walks_the_table_or_a_copy(buf):
    table, seen = {1: 1, 2: 2}, []
    for number in (table if buf.u else dict(table)).values():
        buf.v = 1
        seen.append(number)
        table[2] = 7
    return seen


def walks_a_table_that_it_changes(buf):
    table = {1: buf.u, 2: 2}
    for number in table:
        buf.v = 1
        if number == 1:
            table.pop(2)
            table[2] = 7
    return table


def appends_to_the_list_or_a_copy(buf):
    def append(numbers):
        numbers = numbers if buf.u else list(numbers)
        buf.v = 1
        numbers.append(1)

    numbers = []
    append(numbers)
    return numbers


def gets_the_list_or_a_copy_back(buf):
    def same(numbers):
        return numbers if buf.u else list(numbers)

    def first(numbers, _, other):
        numbers.append(1)
        return other

    numbers = []
    return first(same(numbers), buf.v, numbers)


def makes_an_object_and_reads_on(buf):
    def first(box, _):
        return box.x

    return first(Box(buf), buf.v)


def catches_what_an_exception_carries(buf):
    def fails():
        error = Oops()
        error.x = buf.u
        raise error

    try:
        fails()
    except Oops as error:
        buf.v = 1
        return error.x


def closes_over(buf):
    x = 0

    def inner():
        nonlocal x
        x = buf.u

    inner()
    buf.v = 1
    return x


def changes_what_another_closes_over(buf):
    x = 0

    def change():
        nonlocal x
        x = buf.u

    def changes():
        change()
        buf.v = 1

    changes()
    return x


def keeps_it_in_a_function(buf):
    def kept():
        pass

    kept.x = buf.u
    buf.v = 1
    return kept.x


def keeps_it_in_a_class(buf):
    class Kept:
        pass

    Kept.x = buf.u
    kept = Kept()
    buf.v = 1
    return kept.x


HIDING = [
    forgets_an_argument,
    walks_the_list_or_a_copy,
    walks_the_table_or_a_copy,
    walks_a_table_that_it_changes,
    appends_to_the_list_or_a_copy,
    gets_the_list_or_a_copy_back,
    makes_an_object_and_reads_on,
    catches_what_an_exception_carries,
    closes_over,
    changes_what_another_closes_over,
    keeps_it_in_a_function,
    keeps_it_in_a_class,
]


@pytest.mark.parametrize(
    "process",
    [*((function,) for function in HIDING), *((keeps, number) for number in range(len(MAKERS)))],
    ids=lambda process: process[0].__name__,
)
def test_nothing_that_was_read_is_forgotten(process) -> None:
    program = of_processes([process, (sets,)], dict(u=0, v=0))
    expected = brute.interleavings(program)
    found = search(program.system())
    assert expected and interleavings(found) == expected[:2]
    assert ends_of(found) == expected[2]
    assert len({results for _, results in expected[2]}) > 1, "what is read makes no difference"


def returns(buf, what):
    buf.v = 1
    return what


def test_processes_share_an_automaton_if_they_cannot_differ() -> None:
    automata = of_processes([(returns, 1), (returns, 1), (returns, True), (returns, [1])], dict(v=0)).system().automata
    assert automata[0] is automata[1]
    assert len({id(automaton) for automaton in automata}) == 3
