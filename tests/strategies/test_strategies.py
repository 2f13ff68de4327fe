"""Each protocol, used by one process on real memory, against `collections.deque`."""

import contextlib
import inspect
import io
from collections import deque
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import shmlab
from shmlab import strategies
from shmlab.memory import fences, item as items, layout as at, semaphores
from shmlab.memory.errors import ArgumentError
from shmlab.observe.observer import Observer
from tests.apparatus import Buffer, buffer

FREE = {"busy_waiting": 1}  # slots that are never filled
ENDLESS = 10_000


class OneProcess(RuleBasedStateMachine):
    """put and get by turns, never where the protocol would wait; a deque says what must come out."""

    strategy = ""

    @initialize(capacity=st.integers(2, 5), payload=st.sampled_from([8, 9, 64, 1000]))
    def start(self, capacity: int, payload: int) -> None:
        strategy = strategies.find(self.strategy)
        self.most = ENDLESS if strategy.unbounded else capacity - FREE.get(self.strategy, 0)
        self.world = Buffer(strategy, capacity=capacity, payload=payload, cap=1024 if strategy.unbounded else 0)
        self.buf: Any = self.world.bind()
        self.model: deque[items.Item] = deque()
        self.made = 0

    def may_put(self) -> bool:
        return len(self.model) < self.most

    @precondition(may_put)
    @rule(count=st.integers(1, 8))
    def put(self, count: int) -> None:
        for _ in range(min(count, self.most - len(self.model))):
            item = items.make(self.made % 3, self.made, self.world.layout.payload, self.made)
            self.world.strategy.put(self.buf, item)
            self.model.append(item)
            self.made += 1

    @precondition(lambda self: self.model)
    @rule(count=st.integers(1, 8))
    def get(self, count: int) -> None:
        for _ in range(min(count, len(self.model))):
            item, expected = self.world.strategy.get(self.buf), self.model.popleft()
            assert item.whole()
            assert (item.ticket, item.payload, item.time) == (expected.ticket, expected.payload, expected.time)

    @invariant()
    def the_segment_holds_what_the_deque_holds(self) -> None:
        if not hasattr(self, "world"):
            return
        with Observer(self.world.name) as observer:
            seen = observer.snapshot()
        held = {t for t, state in zip(seen.slots.tickets, seen.slots.states, strict=True) if state == at.FULL}
        assert held == {item.ticket for item in self.model}
        assert seen.occupancy == len(self.model)
        if "full" in seen.semaphores:
            assert seen.semaphores["full"] == len(self.model)
        if "empty" in seen.semaphores:
            assert seen.semaphores["empty"] == seen.capacity - len(self.model)
        if "count" in seen.variables:
            assert seen.variables["count"] == len(self.model)
        assert seen.semaphores.get("mutex", 1) == 1
        assert seen.overwritten == seen.empty_reads == 0

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()


def machine(name: str) -> type:
    case = type(f"OneProcess_{name}", (OneProcess,), {"strategy": name}).TestCase  # type: ignore[attr-defined]
    case.settings = settings(max_examples=12, stateful_step_count=25)
    return case  # type: ignore[no-any-return]


TestSemaphores = machine("semaphores")
TestBusyWaiting = machine("busy_waiting")
TestCondition = machine("condition")
TestUnsynchronised = machine("unsynchronised")  # one process alone never races
TestUnbounded = machine("unbounded")


def shown(thing: object) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        shmlab.show(thing)
    return out.getvalue()


@pytest.mark.parametrize("name", strategies.names)
def test_what_show_prints_is_the_function_that_the_worker_runs(name: str) -> None:
    from shmlab.worker.program import _functions

    with buffer(name) as it:
        put, get, _ = _functions(it.segment, own=False)
    module = getattr(strategies, name)
    for function, shown_text in ((put, shown(module.put)), (get, shown(module.get))):
        scope: dict[str, Any] = {}
        exec(compile(shown_text, "<shown>", "exec"), scope)
        compiled = scope[function.__name__].__code__
        assert (compiled.co_code, compiled.co_names, compiled.co_consts) == (
            function.__code__.co_code,
            function.__code__.co_names,
            function.__code__.co_consts,
        )


def test_show_prints_the_live_source_and_nothing_else() -> None:
    assert shown(shmlab.strategies.semaphores.put) == inspect.getsource(shmlab.strategies.semaphores.put)
    assert shown(shmlab.strategies.semaphores).startswith('"""The bounded buffer with three semaphores')


@pytest.mark.parametrize("thing", [3, None, "put", len])
def test_what_has_no_source_cannot_be_shown(thing: object) -> None:
    with pytest.raises(ArgumentError, match="show prints the source of a function, class or module"):
        shmlab.show(thing)


def test_the_registry_names_every_strategy_and_finds_it() -> None:
    assert strategies.names == ("semaphores", "busy_waiting", "condition", "unsynchronised", "unbounded")
    for name in strategies.names:
        strategy = strategies.find(name)
        assert strategy.name == name and strategy.title
        assert strategy.put is getattr(strategies, name).put
        assert {"in_", "out"} <= strategy.shared(8).keys()


@pytest.mark.parametrize("name", ["semaphore", "", "own", "os", "../semaphores", "Semaphores", None, 3, ["own"], "\0"])
def test_an_unknown_strategy_lists_those_that_exist(name: object) -> None:
    listed = "Strategies: semaphores, busy_waiting, condition, unsynchronised, unbounded"
    with pytest.raises(ArgumentError, match=listed):
        strategies.find(name)  # type: ignore[arg-type]


def test_a_misspelt_strategy_module_lists_those_that_exist() -> None:
    with pytest.raises(AttributeError, match="Strategies: semaphores, busy_waiting"):
        _ = shmlab.strategies.semafores


def test_the_broken_strategy_says_where_it_is_broken() -> None:
    for function in (strategies.unsynchronised.put, strategies.unsynchronised.get):
        broken = [line for line in inspect.getsource(function).splitlines() if "# BROKEN:" in line]
        assert len(broken) == 1 and "count" in broken[0]
    for name in set(strategies.names) - {"unsynchronised"}:
        assert "BROKEN" not in inspect.getsource(getattr(strategies, name))


def test_a_warning_stands_where_a_strategy_is_not_sound() -> None:
    assert strategies.find("unsynchronised").warning(1, 1)
    busy = strategies.find("busy_waiting")
    assert (busy.warning(1, 1) is None) == (not fences.WEAK)
    assert "one producer and one consumer only: with 2 and 1" in (busy.warning(2, 1) or "")
    for name in ("semaphores", "condition", "unbounded"):
        assert strategies.find(name).warning(8, 8) is None


def test_semaphores_start_as_the_textbook_has_them() -> None:
    initial = strategies.find("semaphores").shared(8)
    values = {name: value.value for name, value in initial.items() if isinstance(value, semaphores.Semaphore)}
    assert values == {"empty": 8, "full": 0, "mutex": 1}


@pytest.mark.parametrize("name", strategies.names)
def test_a_protocol_takes_every_step_through_the_buffer(name: str) -> None:
    """What the stepper will step: one put and one get are these steps, in this order."""
    steps: list[str] = []
    with buffer(name, **({"cap": 1024} if name == "unbounded" else {})) as it:
        buf = it.bind(before=lambda kind, of: steps.append(f"{kind} {of}"))
        it.strategy.put(buf, items.make(0, 0, 8, 0))
        it.strategy.get(buf)
    stores = [step for step in steps if step.startswith("store")]
    assert "store slots[0]" in stores and "store in_" in stores and "store out" in stores
    assert steps.index("store slots[0]") < steps.index("store in_") < steps.index("load slots[0]")
    if name == "semaphores":
        assert [step for step in steps if "re" in step.split()[0] and "store" not in step] == [
            "acquire empty", "acquire mutex", "release mutex", "release full",
            "acquire full", "acquire mutex", "release mutex", "release empty",
        ]  # fmt: skip
