"""`buf`: every load and store goes to the segment, and the slot and the row tell what happens."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from shmlab import strategies
from shmlab.memory import item as items, layout as at
from shmlab.memory.buf import bind
from shmlab.memory.semaphores import Semaphore
from shmlab.strategies import Strategy, own
from tests.apparatus import Buffer, buffer


def item(sequence: int, size: int = 8) -> items.Item:
    return items.make(0, sequence, size, 1)


def state(it: Buffer, index: int) -> int:
    return it.segment.words[it.layout.slot(index) // at.WORD + at.SLOT_STATE]


def test_a_variable_lives_in_the_segment_not_in_the_process() -> None:
    with buffer() as it:
        one, other = it.bind(row=0), it.bind(row=1)
        one.in_ = 3
        assert other.in_ == 3
        assert it.file.word(at.variable(0)) == 3
        other.in_ += 1
        assert one.in_ == 4


@pytest.mark.parametrize("value", [0, -1, (1 << 63) - 1, -(1 << 63)])
def test_a_variable_holds_any_signed_word(value: int) -> None:
    with buffer() as it:
        buf = it.bind()
        buf.out = value
        assert buf.out == value


@pytest.mark.parametrize("value", [1.5, "3", None, 1 << 63])
def test_a_variable_holds_nothing_but_a_word(value: Any) -> None:
    with buffer() as it, pytest.raises((TypeError, ValueError)):
        it.bind().in_ = value


def test_a_misspelt_variable_is_an_error_for_loads_and_for_stores() -> None:
    with buffer() as it:
        buf = it.bind()
        with pytest.raises(AttributeError):
            _ = buf.inn
        with pytest.raises(AttributeError):
            buf.inn = 3
        with pytest.raises(AttributeError):
            buf.capacity = 3
        assert buf.capacity == len(buf.slots) == 4


def test_an_item_comes_out_as_it_went_in() -> None:
    with buffer(payload=5000) as it:
        buf, sent = it.bind(), item(70_000, 5000)
        buf.slots[2] = sent
        got = buf.slots[2]
        assert (got.ticket, got.payload) == (sent.ticket, sent.payload)
        assert (got.time, got.checksum) == (sent.time, sent.checksum)
        assert got.whole() and got.producer == 0 and got.sequence == 70_000


def test_a_slot_goes_from_empty_over_filling_full_and_draining_to_empty() -> None:
    seen: list[tuple[str, int]] = []
    with buffer() as it:
        buf = it.bind(before=lambda kind, _: seen.append((kind, state(it, 1))))
        assert state(it, 1) == at.EMPTY
        buf.slots[1] = item(0)
        assert state(it, 1) == at.FULL
        _ = buf.slots[1]
        assert state(it, 1) == at.EMPTY
        assert seen == [("store", at.FILLING), ("load", at.DRAINING)]


def test_overwriting_a_full_slot_is_seen_and_counted() -> None:
    with buffer() as it:
        buf = it.bind(row=2)
        buf.slots[0] = item(0)
        buf.slots[0] = item(1)
        assert state(it, 0) == at.OVERWRITTEN
        assert it.word(2, at.OVERWRITTEN_ITEMS) == 1
        assert buf.slots[0].sequence == 1


def test_reading_an_empty_slot_is_counted_and_gives_no_whole_item() -> None:
    with buffer() as it:
        got = it.bind(row=1).slots[3]
        assert not got.whole() and got.producer == -1
        assert it.word(1, at.EMPTY_READS) == 1


def test_the_item_is_in_the_hand_before_the_slot_is_empty() -> None:
    """The order that lets an observer never lose an item in motion, shown step by step."""
    with buffer() as it:
        buf = it.bind(row=1)
        buf.slots[0] = item(9)
        stores: list[tuple[int, int]] = []

        class Spy:
            def __getitem__(self, index: int) -> int:
                return it.file.word(index * at.WORD)

            def __setitem__(self, index: int, value: int) -> None:
                stores.append((index, value))
                it.file.set_word(index * at.WORD, value)

        words, it.segment.words = it.segment.words, Spy()  # type: ignore[assignment]
        try:
            _ = buf.slots[0]
        finally:
            it.segment.words = words
        hand, slot = at.row(1) // at.WORD + at.HAND, it.layout.slot(0) // at.WORD
        assert stores.index((hand, item(9).ticket)) < stores.index((slot, at.EMPTY))


def test_clearing_a_slot_empties_it() -> None:
    with buffer() as it:
        buf = it.bind()
        buf.slots[0] = item(0)
        buf.slots[0] = None
        assert state(it, 0) == at.EMPTY


@pytest.mark.parametrize("thing", [3, "item", b"12345678", object()])
def test_a_slot_takes_only_the_item_that_put_received(thing: object) -> None:
    with buffer() as it, pytest.raises(TypeError, match="a slot holds the item that put received"):
        it.bind().slots[0] = thing


@pytest.mark.parametrize("index", [-1, 4, 1 << 40])
def test_a_slot_that_is_not_there_says_which_there_are(index: int) -> None:
    with buffer() as it:
        with pytest.raises(IndexError, match=rf"there is no slot {index}: the buffer has slots 0 to 3"):
            it.bind().slots[index] = item(0)
        with pytest.raises(IndexError, match="slots 0 to 3"):
            _ = it.bind().slots[index]


def test_an_endless_array_keeps_its_items_in_order_while_it_grows() -> None:
    with buffer("unbounded", capacity=3, cap=1000) as it:
        writer, reader = it.bind(row=0), it.bind(row=1)
        for number in range(2):  # so that the items stand around the end when it grows
            it.strategy.put(writer, item(number))
            it.strategy.get(reader)
        for number in range(2, 500):
            it.strategy.put(writer, item(number))
        assert it.segment.capacity == 768
        assert sum(state(it, slot) == at.FULL for slot in range(768)) == 498  # none stays where it was moved from
        assert [it.strategy.get(reader).sequence for _ in range(498)] == list(range(2, 500))


def test_another_process_that_did_not_grow_the_buffer_follows() -> None:
    with buffer("unbounded", capacity=2, cap=64) as it:
        from shmlab.memory import segment

        other = segment.attach(it.name)
        reader: Any = bind(other, 1)
        for number in range(9):
            it.strategy.put(it.bind(), item(number))
        assert [it.strategy.get(reader).sequence for _ in range(9)] == list(range(9))
        assert other.capacity == 16
        del reader
        other.close()


def test_slow_motion_announces_every_step_and_changes_nothing_else() -> None:
    steps: list[tuple[str, str]] = []
    with buffer("condition") as it:
        buf = it.bind(before=lambda kind, of: steps.append((kind, of)))
        buf.count += 1
        assert buf.count == 1
        with buf.mutex:
            pass
    count = [("load", "count"), ("store", "count"), ("load", "count")]
    assert steps == [*count, ("acquire", "mutex"), ("release", "mutex")]


USES: dict[str, tuple[Callable[[Any], object], str]] = {
    "compared": (lambda mutex: mutex == 1, "is no number: take one with .acquire()"),
    "true or false": (bool, "is no number: take one with .acquire()"),
    "counted down": (lambda mutex: mutex - 1, "is no number: take one with .acquire()"),
}


@pytest.mark.parametrize("paced", [False, True], ids=["at full speed", "in slow motion"])
@pytest.mark.parametrize("use", USES)
def test_a_semaphore_that_is_used_as_a_number_says_what_it_has(use: str, paced: bool) -> None:
    used, says = USES[use]
    with buffer() as it:
        buf: Any = it.bind(before=(lambda *_: None) if paced else None)
        with pytest.raises(TypeError, match=re.escape(f"buf.mutex {says}")):
            used(buf.mutex)
        assert {buf.mutex: 1}[buf.mutex] == 1 and not hasattr(buf.mutex, "__len__")


def test_own_variables_and_semaphores_are_bound_too() -> None:
    def put(buf: Any, item: Any) -> None: ...
    def get(buf: Any) -> None: ...

    mine: Strategy = own.strategy(put, get, {"turn": -3, "flag": 1, "door": Semaphore(2)})
    with Buffer(mine) as it:
        buf = it.bind()
        assert (buf.turn, buf.flag) == (-3, 1)
        buf.door.P()
        buf.door.down()
        buf.door.V()
        buf.door.wait()
        for give in (buf.door.signal, buf.door.up):
            give()


def test_usual_names_are_shared_as_far_as_they_are_mentioned() -> None:
    def put(buf: Any, item: Any) -> None:
        buf.empty.acquire()
        buf.slots[buf.in_] = item

    def get(buf: Any) -> Any:
        with buf.mutex:
            return list(buf.slots[i] for i in (buf.out,)).pop()  # inside a comprehension, too

    shared_names = own.strategy(put, get, None).shared(8)
    assert shared_names.keys() == {"empty", "mutex", "in_", "out"}
    assert shared_names["empty"].value == 8


def test_every_strategy_binds_all_that_it_shares() -> None:
    for name in strategies.names:
        with buffer(name, **({"cap": 64} if name == "unbounded" else {})) as it:
            buf = it.bind()
            for shared_name in it.strategy.shared(4):
                getattr(buf, shared_name)
