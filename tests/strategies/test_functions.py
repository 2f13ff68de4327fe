"""One inspector of student functions: the lab and the explorer find the same shared variables, or refuse alike."""

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

import shmlab
from shmlab import Lab, explore, strategies
from shmlab.explorer.model.build import of_buffer
from shmlab.memory.errors import ArgumentError
from shmlab.strategies import functions, own, semaphores
from tests.apparatus import named

GOOD = {"in_", "out", "empty", "full", "mutex"}
put_text, get_text = strategies.semaphores.put, strategies.semaphores.get


def put(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


def get(buf):
    buf.full.acquire()
    with buf.mutex:
        item = buf.slots[buf.out]
        buf.out = (buf.out + 1) % buf.capacity
    buf.empty.release()
    return item


class Buffer:
    def __init__(self, buf):
        self.buf = buf

    def put(self, item):
        put(self.buf, item)

    @staticmethod
    def put_by(buf, item):
        put(buf, item)

    @property
    def item(self):
        return get(self.buf)


def a_closure_over_a_class() -> Callable[..., object]:
    class Inner:
        def put(self, buf, item):
            put(buf, item)

    def closing(buf, item):
        Inner().put(buf, item)

    return closing


def a_class_over_a_closure() -> Callable[..., object]:
    inner = put

    class Over:
        def put(self, buf, item):
            inner(buf, item)

    def closing(buf, item):
        Over().put(buf, item)

    return closing


def a_closure_over_a_partial() -> Callable[..., object]:
    inner = functools.partial(put)

    def closing(buf, item):
        inner(buf, item)

    return closing


def a_closure_over_a_bound_method() -> Callable[..., object]:
    class Holder:
        def put(self, buf, item):
            put(buf, item)

    bound = Holder().put

    def closing(buf, item):
        bound(buf, item)

    return closing


def a_closure_over_an_object() -> Callable[..., object]:
    class Holder:
        def __init__(self):
            self.do = put

    holder = Holder()

    def closing(buf, item):
        holder.do(buf, item)

    return closing


def a_decorated_function() -> Callable[..., object]:
    def twice_or_once(function):
        @functools.wraps(function)
        def inner(*arguments):
            return function(*arguments)

        return inner

    @twice_or_once
    def decorated(buf, item):
        put(buf, item)

    return decorated


def a_decorator_that_is_a_class() -> Callable[..., object]:
    class Counted:
        def __init__(self, function):
            self.function = function

        def __call__(self, *arguments):
            return self.function(*arguments)

    counted = Counted(put)

    def closing(buf, item):
        counted(buf, item)

    return closing


def defaults() -> Callable[..., object]:
    def closing(buf, item, do=put, *, table={"put": put}):  # noqa: B006 - as a student may write it
        table["put"](buf, item) if do is None else do(buf, item)

    return closing


def from_a_table() -> Callable[..., object]:
    table = {"put": [put]}

    def closing(buf, item):
        table["put"][0](buf, item)

    return closing


def by_a_class(buf, item):
    Buffer(buf).put(item)


def by_a_static_method(buf, item):
    Buffer.put_by(buf, item)


def recursive(buf, item, again=True):
    if again:
        return recursive(buf, item, False)
    put(buf, item)


def of_a_text() -> Callable[..., object]:
    names: dict[str, Any] = {}
    text = "def inner(buf, item):\n    put(buf, item)\n"
    import linecache

    linecache.cache["<a text>"] = (len(text), None, text.splitlines(keepends=True), "<a text>")
    exec(compile(text, "<a text>", "exec"), {"put": put}, names)
    inner: Callable[..., object] = names["inner"]
    return inner


KINDS = [
    *(a_closure_over_a_class(), a_class_over_a_closure(), a_closure_over_a_partial(), a_closure_over_a_bound_method()),
    *(a_closure_over_an_object(), a_decorated_function(), a_decorator_that_is_a_class(), defaults(), from_a_table()),
    *(by_a_class, by_a_static_method, recursive, of_a_text(), Buffer.put_by),
]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_the_lab_and_the_explorer_find_the_same_shared_variables(kind: int) -> None:
    function = KINDS[kind]
    lab = own.strategy(function, get, None).shared(2)
    program = of_buffer(function, get)
    assert lab.keys() == program.memory.addresses.keys() - {"slots"} == GOOD
    assert explore(function, get, producers=2, items=1).ok


def of_an_item(buf):
    return Buffer(buf).item


def test_a_property_is_found_too() -> None:
    assert own.strategy(put, of_an_item, None).shared(2).keys() == GOOD
    assert explore(put, of_an_item).ok


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Buffer(None).put, "A method belongs to one object"),
        (functools.partial(put), "Call it from a function, defined with def"),
        (Buffer, "Call it from a function, defined with def"),
        (len, "Call it from a function, defined with def"),
        (3, "must be a function put"),
        (lambda buf: None, "put is called as put"),
        (get, "put is called as put"),
    ],
    ids=named,
)
def test_what_is_no_function_is_refused_alike(given: object, says: str) -> None:
    told = []
    for ask in (lambda: shmlab.Lab(put=given, get=get), lambda: explore(given, get)):
        with pytest.raises(ArgumentError, match=says) as raised:
            ask()
        told.append(str(raised.value))
    assert told[0] == told[1]


def test_names_of_python_itself_are_not_looked_into() -> None:
    def mentions(buf):
        return functools.reduce(max, [1]), shmlab.strategies

    assert [f.__name__ for f in functions.reached(mentions)] == ["mentions"]  # type: ignore[arg-type]
    assert all(isinstance(f, FunctionType) for f in functions.reached(put, get))


TEXT = """
def put(buf, item):
    buf.empty.acquire()
    with buf.mutex:
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()

def loops(buf, item):
    while True:
        pass

def yields(buf, item):
    yield item

def draws(buf, item):
    import random
    buf.slots[0] = random.randrange(9)

def changes(buf, item):
    global total
    total = item
"""


def made(name: str) -> Any:
    names: dict[str, Any] = {}
    exec(TEXT, {}, names)
    return names[name]


def test_a_function_made_by_exec_is_explored_like_any_other() -> None:
    found, expected = explore(made("put"), get, producers=2), explore(put, get, producers=2)
    assert found.ok and found.paths == expected.paths
    assert own.strategy(made("put"), get, None).shared(2).keys() == GOOD
    processes = [(made("put"), 1), (made("put"), 2)]
    shared = dict(
        empty=shmlab.Semaphore(2), full=shmlab.Semaphore(0), mutex=shmlab.Semaphore(1), in_=0, slots=[None] * 2
    )
    ends = explore(processes, shared=shared, final=lambda memory, _: memory.slots == [1, 2])
    assert ends.fault == "invariant" and ends.replay(real=True).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("loops", "line 10 of loops runs on for ever|line 11 of loops runs on for ever"),
        ("yields", "the source of yields cannot be read"),
        ("draws", "random.randrange"),
        ("changes", r"the global total.*shared=dict\(total=0\)"),
    ],
)
def test_a_mistake_in_a_function_made_by_exec_gets_its_sentence(name: str, says: str) -> None:
    with pytest.raises(shmlab.ShmlabError, match=says):
        explore(made(name), get)
    assert shmlab.check.index_buffer(made(name), get).state == "wrong"


def test_a_class_of_a_text_run_under_a_name_of_its_own_is_explored_like_any_other() -> None:
    text = """
class Counter:
    def __init__(self, start):
        self.count = start

    def up(self):
        self.count += 1

def put(buf, item):
    counter = Counter(0)
    counter.up()
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + counter.count) % buf.capacity
    buf.full.release()
"""
    names: dict[str, object] = {"__name__": "handed_in"}
    exec(compile(text, "<handed in>", "exec"), names)
    assert explore(names["put"], get_text, producers=1, consumers=1).ok


# --- the number of a process ----------------------------------------------------------------------------------------


def bakery_put(buf: Any, item: Any, me: int) -> None:
    """Lamport's tickets keep producers apart: each needs a number of its own."""
    buf.choosing[me] = 1
    buf.ticket[me] = 1 + max(buf.ticket[p] for p in range(2))
    buf.choosing[me] = 0
    for other in range(2):
        while buf.choosing[other]:
            pass
        while buf.ticket[other] and (buf.ticket[other], other) < (buf.ticket[me], me):
            pass
    buf.empty.acquire()
    buf.slots[buf.in_] = item
    buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()
    buf.ticket[me] = 0


def test_put_is_given_the_number_of_its_process_by_the_explorer() -> None:
    shared = dict(semaphores.shared(2), choosing=[0, 0], ticket=[0, 0])
    assert explore(bakery_put, semaphores.get, producers=2, items=1, shared=shared).ok

    def of_one(buf: Any, item: Any, me: int) -> None:
        bakery_put(buf, item, 0)

    assert explore(of_one, semaphores.get, producers=2, items=1, shared=shared).fault


def test_get_is_given_it_too_and_producers_come_first() -> None:
    def get(buf: Any, me: int) -> Any:
        buf.last = me
        return semaphores.get(buf)

    shared = dict(semaphores.shared(2), last=-1)
    for producers in (1, 2):
        told = explore(
            semaphores.put,
            get,
            producers=producers,
            items=1,
            shared=shared,
            final=lambda memory, _, producers=producers: memory.last == producers,
        )
        assert told.ok


def test_an_argument_of_another_name_is_not_the_number() -> None:
    def get(buf: Any, item: Any) -> Any:
        return semaphores.get(buf)

    with pytest.raises(ArgumentError, match=r"get is called as get\(buf\), or get\(buf, me\), where me is the number"):
        explore(semaphores.put, get)


@pytest.mark.usefixtures("leaves_nothing")
def test_a_lab_s_workers_are_given_it() -> None:
    def put(buf: Any, item: Any, me: int) -> None:
        buf.producers += 1 << 8 * me
        semaphores.put(buf, item)

    def get(buf: Any, me: int = 0) -> Any:
        item = semaphores.get(buf)
        buf.consumers += 1 << 8 * me
        return item

    shared = dict(semaphores.shared(8), producers=0, consumers=0)
    with Lab(put=put, get=get, shared=shared, produce_rate=None, consume_rate=None) as lab:
        now = lab.run(100).variables  # afterwards the workers go on
    assert now["producers"] == 100 and now["consumers"] == 100 << 8
