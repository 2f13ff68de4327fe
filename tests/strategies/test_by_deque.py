"""Each sound strategy against `collections.deque`: whatever is put comes out, once, in order, and the books agree.

Hypothesis chooses the operations; one process takes all roles, so nothing here races (the explorer is for that).
"""

from collections import deque

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shmlab import Observer
from shmlab.memory import item as items, layout as at
from tests.apparatus import Buffer, buffer

SOUND = ("semaphores", "busy_waiting", "condition", "unbounded")
CAP = 64  # slots of the unbounded buffer, at most


class Against(RuleBasedStateMachine):
    """A real segment and a deque, side by side."""

    strategy = "semaphores"

    def __init__(self) -> None:
        super().__init__()
        self.buffer: Buffer | None = None
        self.expected: deque[tuple[int, bytes]] = deque()
        self.produced = [0, 0]
        self.room = 0

    @initialize(capacity=st.integers(2, 9), payload=st.sampled_from([8, 9, 64, 1000]))
    def create(self, capacity: int, payload: int) -> None:
        unbounded = self.strategy == "unbounded"
        self.buffer = buffer(self.strategy, capacity=capacity, payload=payload, cap=CAP if unbounded else 0)
        self.payload = payload
        self.room = CAP if unbounded else capacity - (self.strategy == "busy_waiting")
        self.eye = Observer(self.buffer.name)

    @precondition(lambda self: self.buffer and len(self.expected) < self.room)
    @rule(producer=st.integers(0, 1))
    def put(self, producer: int) -> None:
        assert self.buffer
        item = items.make(producer, self.produced[producer], self.payload, 0)
        self.produced[producer] += 1
        self.buffer.strategy.put(self.buffer.bind(producer), item)
        self.expected.append((item.ticket, item.payload))

    @precondition(lambda self: self.expected)
    @rule(consumer=st.integers(2, 3))
    def get(self, consumer: int) -> None:
        assert self.buffer
        item = self.buffer.strategy.get(self.buffer.bind(consumer))
        assert (item.ticket, item.payload) == self.expected.popleft()
        assert items.checksum(item.payload, item.ticket) == item.checksum

    @invariant()
    def what_an_observer_sees_is_what_the_deque_holds(self) -> None:
        if not self.buffer:
            return
        seen = self.eye.snapshot()
        full = [ticket for ticket, state in zip(seen.slots.tickets, seen.slots.states, strict=True) if state == at.FULL]
        assert sorted(full) == sorted(ticket for ticket, _ in self.expected)
        assert seen.occupancy == len(self.expected) and seen.overwritten == seen.empty_reads == 0
        rest = self.buffer.strategy.at_rest
        assert rest
        values = {**seen.variables, **seen.semaphores}
        for name, value in rest(seen.capacity, len(self.expected)).items():
            assert values[name] == value, name

    def teardown(self) -> None:
        if self.buffer:
            self.eye.close()
            self.buffer.close()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", SOUND)
def test_a_sound_strategy_does_what_a_deque_does(strategy: str) -> None:
    machine = type(strategy, (Against,), {"strategy": strategy})
    enough = settings(max_examples=30, stateful_step_count=60, suppress_health_check=list(HealthCheck))
    enough = settings(max_examples=30, stateful_step_count=60, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=enough)
