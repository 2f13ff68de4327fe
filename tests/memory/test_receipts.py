"""The books against a plain multiset: whatever is dropped, doubled, damaged or swapped is told exactly."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from shmlab.lab.rebuild import Dead, repair
from shmlab.memory import item as items, layout as at
from shmlab.memory.receipts import PARTS, Deliveries, settle
from shmlab.memory.semaphores import Frozen
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Snapshot
from tests.apparatus import Buffer, buffer

PRODUCERS, CONSUMERS = (0, 1), (2, 3)


class Books:
    """Two producers and two consumers without processes, whose deliveries the test decides."""

    def __init__(self, it: Buffer) -> None:
        self.it = it
        for row in PRODUCERS:
            it.set_word(row, at.ROLE, at.PRODUCER)
        for row in CONSUMERS:
            it.set_word(row, at.ROLE, at.CONSUMER)
        it.file.set_word(at.ROWS_USED, 4)
        self.consumers = {row: Deliveries(it.segment, row) for row in CONSUMERS}
        self.made: Counter[int] = Counter()
        self.got: Counter[tuple[int, int]] = Counter()

    def produce(self, row: int, count: int = 1) -> None:
        for _ in range(count):  # as worker.produce does it
            sequence = self.it.word(row, at.PRODUCED)
            if sequence - self.it.word(row, at.SETTLED) >= self.it.layout.window:
                settle(self.it.segment, row)
            self.it.set_word(row, at.PRODUCED, sequence + 1)
        self.made[row] += count

    def deliver(self, producer: int, sequence: int, consumer: int = 2) -> None:
        self.consumers[consumer].record(items.make(producer, sequence, 8, time.monotonic_ns()))
        self.got[producer, sequence] += 1

    def seen(self) -> Snapshot:
        with Observer(self.it.name) as observer:
            return observer.snapshot()


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("produce"), st.sampled_from(PRODUCERS), st.integers(1, 5)),
            st.tuples(st.just("deliver"), st.integers(0, 400), st.sampled_from(CONSUMERS)),
        ),
        max_size=120,
    )
)
def test_random_deliveries_drops_and_doubles_are_told_exactly(acts: list[tuple[str, int, int]]) -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        for what, first, second in acts:
            if what == "produce":
                books.produce(first, second)
                continue
            made = [(p, n) for p in PRODUCERS for n in range(books.made[p])]
            if made:
                books.deliver(*made[first % len(made)], second)
        seen = books.seen()
        assert seen.produced == sum(books.made.values())
        assert seen.consumed == sum(books.got.values())
        assert seen.lost == seen.produced - len(books.got)
        assert seen.duplicated == seen.consumed - len(books.got)
        assert seen.corrupted == 0


@pytest.mark.slow
@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(500, 6000), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8),
    st.randoms(),
)
def test_the_books_stay_exact_while_the_window_wraps(rounds: list[tuple[int, int, int]], random: object) -> None:
    """Whatever is delivered while its item is within the window is accounted exactly; older losses are remembered."""
    with buffer(rows=4) as it:
        books, producer = Books(it), 0
        for count, drops, doubles in rounds:
            first = books.made[producer]
            books.produce(producer, count)
            numbers = list(range(first, first + count))
            dropped = set(random.sample(numbers, min(drops, count)))  # type: ignore[attr-defined]
            sent = [n for n in numbers if n not in dropped]
            again = random.sample(sent, min(doubles, len(sent)))  # type: ignore[attr-defined]
            for number in sent + again:
                books.deliver(producer, number)
        seen = books.seen()
        assert seen.lost == seen.produced - len(books.got)
        assert seen.duplicated == seen.consumed - len(books.got)


def test_an_item_in_a_slot_or_a_hand_is_not_lost_until_it_is_gone() -> None:
    with buffer(rows=4) as it:
        books, buf = Books(it), it.bind(row=2)
        item = items.make(0, 0, 8, time.monotonic_ns())
        it.bind(row=0).slots[1] = item
        books.produce(0)
        assert books.seen().lost == 0  # in the slot
        got = buf.slots[1]
        assert books.seen().lost == 0  # in the hand
        books.consumers[2].record(got)
        assert books.seen().lost == 0  # delivered
        it.bind(row=0).slots[1] = items.make(0, 1, 8, 0)
        books.produce(0)
        it.bind(row=0).slots[1] = None
        assert books.seen().lost == 1  # gone


def test_a_receipt_is_there_before_the_item_counts_as_received() -> None:
    """In between a consumer may be stalled for as long as one likes, and must not look like a duplicate."""
    with buffer(rows=4) as it:
        books = Books(it)
        books.produce(0)
        stores: list[str] = []
        receipt, received = it.layout.receipts(0), at.row(2) // at.WORD + at.RECEIVED

        class Spy:
            def __init__(self, view: memoryview) -> None:
                self.view = view

            def __getitem__(self, index: int) -> int:
                return self.view[index]

            def __setitem__(self, index: int, value: int) -> None:
                self.view[index] = value
                place = index if self.view.itemsize == 1 else index * at.WORD
                stores.append({receipt: "receipt", received * at.WORD: "received"}.get(place, "other"))
                assert books.seen().faults == 0, stores

        deliveries = books.consumers[2]
        deliveries._data, deliveries._words = Spy(it.segment.data), Spy(it.segment.words)  # type: ignore[assignment]
        books.deliver(0, 0)
        assert stores.index("receipt") < stores.index("received")


def test_a_damaged_or_invented_item_is_corrupted_and_counts_for_nobody() -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        books.produce(0)
        good = items.make(0, 0, 8, 0)
        for bad in (
            items.Item(good.ticket, b"damaged!", 0, good.checksum),
            items.Item(0, bytes(8), 0, 0),
            items.make(900, 0, 8, 0),
        ):
            books.consumers[2].record(bad)
        seen = books.seen()
        assert (seen.corrupted, seen.consumed, seen.lost, seen.duplicated) == (3, 3, 1, 0)


@pytest.mark.parametrize("thing", [None, 3, "item", (1, 2)])
def test_what_is_no_item_is_refused_with_a_sentence(thing: object) -> None:
    with buffer(rows=4) as it, pytest.raises(TypeError, match="get must return the item that it took from a slot"):
        Books(it).consumers[2].record(thing)


def test_out_of_order_is_counted_for_each_consumer_and_producer() -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        books.produce(0, 4)
        books.produce(1, 4)
        for producer, number, consumer in ((0, 1, 2), (0, 0, 3), (1, 0, 2), (0, 3, 3), (1, 1, 2)):
            books.deliver(producer, number, consumer)
        assert books.seen().out_of_order == 0  # each consumer saw each producer's items in order
        books.deliver(0, 2, 3)
        assert books.seen().out_of_order == 1


def test_a_delivery_after_the_books_were_closed_is_late_not_doubled_and_not_lost() -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        window = it.layout.window
        books.produce(0, 1)
        books.produce(0, window)  # closes the books over the first part
        for number in range(1, window + 1):
            books.deliver(0, number)
        assert books.seen().lost == 1
        books.deliver(0, 0, consumer=3)
        seen = books.seen()
        assert (seen.lost, seen.duplicated) == (0, 0)


def test_settling_keeps_the_sum_and_frees_a_quarter() -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        window = it.layout.window
        books.produce(0, window)
        for number in range(0, window, 2):
            books.deliver(0, number)
        before = books.seen()
        settle(it.segment, 0)
        assert it.word(0, at.SETTLED) == window // PARTS
        assert it.word(0, at.DELIVERED) == window // PARTS // 2
        after = books.seen()
        assert (after.lost, after.duplicated) == (before.lost, before.duplicated) == (window // 2, 0)


def test_an_item_that_is_being_taken_counts_as_put_though_its_producer_died_before_it_could_count_it() -> None:
    """Else the producer's successor would make an item of the same number again, and it would look doubled."""
    with buffer("busy_waiting", rows=4) as it:  # for whose repair nobody is parked
        books, item = Books(it), items.make(0, 0, 8, time.monotonic_ns())
        it.bind(row=0).slots[1] = item
        seen = []

        def while_it_is_taken(_kind: str, _name: str) -> None:
            seen.append(repair(it.file, it.strategy, {0: Dead("P0", at.PRODUCER)}))

        books.consumers[2].record(it.bind(2, while_it_is_taken).slots[1])
        assert "before it had counted" in seen[0][0] and it.word(0, at.PRODUCED) == 1
        assert books.seen().faults == 0


class Death(BaseException):
    """Ends settle before one of its instructions, as SIGKILL does."""


def dies_before(instruction: int, act: Callable[[], object]) -> bool:
    """Whether `settle`, called by `act`, has so many instructions; it is ended before that one."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if event == "call":
            frame.f_trace_opcodes = frame.f_code is settle.__code__
            return trace if frame.f_trace_opcodes else None
        if event == "opcode":
            count += 1
            if count > instruction:
                raise Death
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except Death:
        return True
    finally:
        sys.settrace(previous)
    return False


def half_cleared(it: Buffer) -> None:
    """A producer that dies while its bytes are being cleared; in `settle` that is one instruction."""
    size = it.layout.window // PARTS
    start = it.layout.receipts(0) + (it.word(0, at.CLOSING) - size) % it.layout.window
    if it.word(0, at.CLOSING) == it.word(0, at.SETTLED) != 0:
        it.segment.data[start : start + size // 2] = bytes(size // 2)


def fill(it: Buffer) -> None:
    """Producer 0 makes items until its window is full; two of three arrive, the oldest among them."""
    first, window = it.word(0, at.PRODUCED), it.layout.window
    for number in range(first, it.word(0, at.SETTLED) + window):
        it.segment.data[it.layout.receipts(0) + number % window] = number % 3 != 1
        it.set_word(0, at.PRODUCED, number + 1)
        it.set_word(2, at.RECEIVED, it.word(2, at.RECEIVED) + (number % 3 != 1))


@pytest.mark.parametrize("halfway", [False, True])
def test_settling_may_be_stalled_or_killed_before_any_of_its_instructions(halfway: bool) -> None:
    died = 0
    with buffer(rows=4) as it:
        dead = {0: Dead("P0", at.PRODUCER)}
        books = Books(it)
        fill(it)
        dies_before(1 << 30, lambda: settle(it.segment, 0))  # Python 3.13 tells of instructions from the second call on
        while True:
            fill(it)
            before = books.seen()
            killed = dies_before(died, lambda: settle(it.segment, 0))
            if halfway:
                half_cleared(it)
            for act in (lambda: None, lambda: repair(it.file, it.strategy, dead)):
                act()
                seen = books.seen()
                assert (seen.produced, seen.lost, seen.duplicated) == (before.produced, before.lost, 0), died
            assert it.word(0, at.CLOSING) == 0 and before.lost == len(range(1, it.word(0, at.PRODUCED), 3))
            if not killed:
                break
            died += 1
    assert died > 40


def test_latency_percentiles_are_those_of_the_items() -> None:
    with buffer(rows=4) as it:
        books = Books(it)
        assert books.seen().latency_p50 is None
        for number in range(100):
            delay = 1_000_000 if number < 90 else 100_000_000  # nanoseconds
            books.consumers[2].record(items.make(0, number, 8, time.monotonic_ns() - delay))
        seen = books.seen()
        assert seen.latency_p50 == pytest.approx(0.001, rel=0.5)
        assert seen.latency_p99 == pytest.approx(0.1, rel=0.5)


def test_nothing_is_settled_while_a_consumer_may_just_be_marking_it() -> None:
    """A consumer that loses the processor between its look at SETTLED and its mark would mark an item to come."""
    with buffer() as it:
        ticket = (0 + 1) << items.SEQUENCE_BITS | 5
        it.set_word(1, at.HAND, ticket)
        producer = threading.Thread(target=settle, args=(it.segment, 0))
        producer.start()
        producer.join(0.1)
        assert producer.is_alive() and it.word(0, at.SETTLED) == 0
        it.set_word(1, at.HAND, 0)
        producer.join(10)
        assert it.word(0, at.SETTLED) == it.layout.window // PARTS


def test_a_stalled_consumer_delays_the_books_of_one_item_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.memory.receipts.PATIENCE", 0.01)
    with buffer() as it:
        it.set_word(1, at.HAND, (0 + 1) << items.SEQUENCE_BITS | 5)
        settle(it.segment, 0)
        assert it.word(0, at.SETTLED) == it.layout.window // PARTS
        monkeypatch.setattr("shmlab.memory.receipts.PATIENCE", 3600)
        settle(it.segment, 0)  # its item is settled already
        assert it.word(0, at.SETTLED) == 2 * it.layout.window // PARTS


def test_a_producer_that_waits_to_settle_parks_for_a_repair() -> None:
    """The hand may be a dead consumer's, which only the repair takes the item from."""
    with buffer() as it:
        it.set_word(1, at.HAND, (0 + 1) << items.SEQUENCE_BITS | 5)
        it.file.set_word(at.FROZEN, 1)
        with pytest.raises(Frozen):
            settle(it.segment, 0)
        assert it.word(0, at.SETTLED) == 0


def test_an_item_in_a_dead_hand_that_was_settled_meanwhile_died_and_was_not_received() -> None:
    """It was counted as received though it had no receipt: one item looked lost, and one doubled."""
    with buffer() as it:
        it.set_word(0, at.PRODUCED, it.layout.window)
        it.set_word(0, at.SETTLED, it.layout.window // PARTS)
        it.set_word(1, at.HAND, (0 + 1) << items.SEQUENCE_BITS | 5)
        it.set_word(1, at.SLOT, 3)
        told = repair(it.file, it.strategy, {1: Dead("C0", at.CONSUMER)})
        assert "died with item 5" in told[0]
        assert (it.word(1, at.DIED), it.word(1, at.RECEIVED), it.word(1, at.CONSUMED)) == (1, 0, 0)
