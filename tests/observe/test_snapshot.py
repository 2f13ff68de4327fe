"""A snapshot is frozen data that can be read without the lab."""

import dataclasses
import random
import string
from typing import Any

import pytest

from shmlab.memory import item as items, layout as at
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Slots, Snapshot
from tests.apparatus import Buffer, buffer


def snapshot(it: Buffer) -> Snapshot:
    with Observer(it.name) as observer:
        return observer.snapshot()


def test_nothing_in_a_snapshot_can_be_changed() -> None:
    with buffer() as it:
        seen = snapshot(it)
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen.produced = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        seen.variables["in_"] = 3  # type: ignore[index]
    with pytest.raises(TypeError):
        seen.semaphores["full"] = 3  # type: ignore[index]
    with pytest.raises(TypeError):
        seen.slots[0] = None  # type: ignore[index]
    assert isinstance(seen.header, bytes) and isinstance(seen.slots.raw, bytes) and isinstance(seen.workers, tuple)


def test_what_happens_later_does_not_change_it() -> None:
    with buffer() as it:
        seen = snapshot(it)
        it.strategy.put(it.bind(), items.make(0, 0, 8, 0))
        assert seen.occupancy == 0 and snapshot(it).occupancy == 1


def test_slots_are_a_sequence_of_what_stands_in_memory() -> None:
    with buffer(capacity=5, payload=11) as it:
        buf = it.bind()
        for number in range(3):
            it.strategy.put(buf, items.make(2, 40 + number, 11, 0))
        it.strategy.get(buf)
        slots = snapshot(it).slots
    assert slots.letters == "·FF··"
    assert [slot.state for slot in slots] == ["empty", "full", "full", "empty", "empty"]
    assert slots.states == [at.EMPTY, at.FULL, at.FULL, at.EMPTY, at.EMPTY]
    assert slots.producers == [2, 2, 2, -1, -1] and slots.sequences == [40, 41, 42, -1, -1]
    assert slots[1].payload == bytes((41,)) * 11
    assert slots[-1].index == 4 and [slot.index for slot in slots[1:3]] == [1, 2]
    with pytest.raises(IndexError):
        slots[5]
    assert slots.raw[slots.stride : 2 * slots.stride][at.SLOT_PAYLOAD :][:11] == slots[1].payload


def test_any_bytes_make_slots() -> None:
    for seed in range(50):
        raw = random.Random(seed).randbytes(8 * 64)
        slots = Slots(raw, 64, 24)
        assert len(list(slots)) == 8
        assert set(slots.letters) <= set(at.LETTERS)


def test_every_letter_stands_for_one_state() -> None:
    assert len(set(at.LETTERS)) == len(at.STATES) == 5


def test_the_fields_name_every_word_of_the_header() -> None:
    with buffer() as it:
        seen = snapshot(it)
        fields = {name: (offset, length, text) for offset, length, name, text in seen.fields}
        assert [name for _, _, name, _ in seen.fields] == [*at.HEADER_WORDS, "strategy"]
        assert fields["capacity"] == (64, 8, "4")
        assert fields["strategy"] == (192, 64, "semaphores")
        for offset, length, name, text in seen.fields[:-1]:
            value = int(text.replace(",", ""), 0)
            assert value == int.from_bytes((it.segment.read(offset, length)), "little"), name


def test_the_text_is_one_line_that_tells_the_state() -> None:
    with buffer() as it:
        it.strategy.put(it.bind(), items.make(0, 0, 8, 0))
        text = str(snapshot(it))
    assert text.startswith("semaphores (running): 1 of 4 slots full [F···] in=1 out=0 | empty=3 full=1 mutex=1 | ")
    assert "no faults" in text and "\n" not in text and set(text) - set(string.printable) <= set(at.LETTERS)


def test_the_text_of_many_slots_stays_short() -> None:
    with buffer(capacity=1024) as it:
        assert len(str(snapshot(it))) < 200


def test_faults_are_told_as_words() -> None:
    with buffer() as it:
        seen = snapshot(it)
    counts: dict[str, Any] = dict(lost=2, duplicated=0, out_of_order=1, corrupted=0)
    faulty = dataclasses.replace(seen, **counts)
    assert faulty.faults == 3
    assert faulty.faults_text == "2 lost, 1 out of order"
    assert seen.faults_text == "no faults"


def test_an_unknown_worker_lists_those_there_are() -> None:
    with buffer() as it, pytest.raises(KeyError, match="no worker 'P9'"):
        snapshot(it).worker("P9")
