"""Any sequence of operations does to a ring what it does to a deque of bounded length."""

from collections import deque

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shmlab.memory.errors import RingTimeout
from shmlab.ring.ring import Ring

SIZE = 3
item = st.binary(min_size=SIZE, max_size=SIZE)


class Bounded(RuleBasedStateMachine):
    """A ring and a deque. Two attached peers of each role, where there are seats, take turns in using it."""

    @initialize(
        slots=st.integers(2, 9),
        producers=st.integers(1, 2),
        consumers=st.integers(1, 2),
        passed=st.sampled_from([0, 7, 10**9]),
    )
    def create(self, slots: int, producers: int, consumers: int, passed: int) -> None:
        self.slots, self.deque = slots, deque[bytes]()
        self.ring = Ring.create(slots, SIZE, producers, consumers)
        for counter in ("in_", "out"):
            self.ring.word(counter)[0] = passed
        self.putting = [Ring.attach(self.ring.name, "producer") for _ in range(producers)]
        self.taking = [Ring.attach(self.ring.name, "consumer") for _ in range(consumers)]

    def teardown(self) -> None:
        if hasattr(self, "ring"):
            for peer in (*self.putting, *self.taking, self.ring):
                peer.close()

    def producer(self, who: int) -> Ring:
        return self.putting[who % len(self.putting)]

    def consumer(self, who: int) -> Ring:
        return self.taking[who % len(self.taking)]

    @rule(who=st.integers(0, 1), item=item)
    def put(self, who: int, item: bytes) -> None:
        if len(self.deque) < self.slots:
            self.producer(who).put(item, timeout=0)
            self.deque.append(item)
        else:
            with pytest.raises(RingTimeout):
                self.producer(who).put(item, timeout=0)

    @rule(who=st.integers(0, 1))
    def get(self, who: int) -> None:
        if self.deque:
            assert self.consumer(who).get(timeout=0) == self.deque.popleft()
        else:
            with pytest.raises(RingTimeout):
                self.consumer(who).get(timeout=0)

    @rule(who=st.integers(0, 1), items=st.lists(item, max_size=12), joined=st.booleans())
    def put_many(self, who: int, items: list[bytes], joined: bool) -> None:
        fit = items[: self.slots - len(self.deque)]
        if items and not fit:
            with pytest.raises(RingTimeout):
                self.producer(who).put_many(items, timeout=0)
        else:
            assert self.producer(who).put_many(b"".join(items) if joined else items, timeout=0) == len(fit)
            self.deque.extend(fit)

    @rule(who=st.integers(0, 1), most=st.integers(1, 12), joined=st.booleans())
    def get_many(self, who: int, most: int, joined: bool) -> None:
        expected = [self.deque.popleft() for _ in range(min(most, len(self.deque)))]
        try:
            if joined:
                room = bytearray(SIZE * most + SIZE - 1)
                count = self.consumer(who).get_into(room, timeout=0)
                got = [bytes(room[i * SIZE : (i + 1) * SIZE]) for i in range(count)]
            else:
                got = self.consumer(who).get_many(most, timeout=0)
        except RingTimeout:
            got = []
        assert got == expected

    @rule(who=st.integers(0, 1), item=item, fails=st.booleans())
    def claim(self, who: int, item: bytes, fails: bool) -> None:
        try:
            with self.producer(who).claim(timeout=0) as slot:
                slot[:] = item
                if fails:
                    raise KeyError
        except RingTimeout:
            assert len(self.deque) == self.slots
        except KeyError:
            assert fails
        else:
            self.deque.append(item)

    @rule(who=st.integers(0, 1), fails=st.booleans())
    def peek(self, who: int, fails: bool) -> None:
        try:
            with self.consumer(who).peek(timeout=0) as seen:
                assert seen == self.deque[0]
                if fails:
                    raise KeyError
        except RingTimeout:
            assert not self.deque
        except KeyError:
            assert fails
        else:
            self.deque.popleft()

    @rule(who=st.integers(0, 1))
    def leave_and_come_back(self, who: int) -> None:
        who %= len(self.putting)
        self.putting[who].close()
        self.putting[who] = Ring.attach(self.ring.name, "producer")

    @invariant()
    def as_full(self) -> None:
        if hasattr(self, "ring"):
            assert len(self.ring) == len(self.deque)


Bounded.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestRing = pytest.mark.usefixtures("leaves_nothing")(Bounded.TestCase)
