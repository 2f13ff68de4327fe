"""Fences where the machine is weak: what the lab notes is stored in order, and nothing is paid elsewhere."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from shmlab import strategies
from shmlab.memory import fences, item as items, layout as at, receipts
from shmlab.memory.buf import bind
from tests.apparatus import buffer

pytestmark = pytest.mark.usefixtures("leaves_nothing")


class Noted:
    """Words or bytes, of which each store is written down with its fences."""

    def __init__(self, under: Any, log: list[Any], name: str) -> None:
        self._under, self._log, self._name = under, log, name

    def __getitem__(self, index: Any) -> Any:
        return self._under[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._log.append((self._name, index))
        self._under[index] = value


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """On a weak machine: fences are written down, too."""
    made: list[Any] = []
    monkeypatch.setattr(fences, "WEAK", True)
    monkeypatch.setattr(fences, "private_fence", lambda: lambda: made.append("fence"))
    monkeypatch.setattr(receipts, "private_fence", fences.private_fence)
    yield made


def test_where_stores_stay_in_order_words_are_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    with buffer() as lab:
        words = lab.segment.words
        monkeypatch.setattr(fences, "WEAK", False)
        assert fences.in_order(lab.segment).words is words
        monkeypatch.setattr(fences, "WEAK", True)
        weak = fences.in_order(lab.segment).words
        weak[1] = 5
        weak[1] += 2
        assert weak is not words and words[1] == weak[1] == 7


def test_a_fence_can_be_made_again_and_again() -> None:
    fence = fences.private_fence()
    for _ in range(3):
        fence()


def test_an_item_is_noted_in_its_next_place_before_it_leaves_the_one_before(log: list[Any]) -> None:
    """Slot, hand, receipt: between any two stores of these is a fence."""
    with buffer(rows=2) as lab:
        segment = lab.segment
        mine = at.row(1) // at.WORD
        slot = segment.layout.slots_at // at.WORD
        data, words = segment.data, segment.words
        segment.data, segment.words = Noted(data, log, "byte"), Noted(words, log, "word")  # type: ignore[assignment]
        try:
            slots = bind(segment, 1).slots  # type: ignore[attr-defined]
            deliveries = receipts.Deliveries(segment, 1)
            slots[0] = items.make(0, 0, segment.layout.payload, 1)
            log.clear()
            deliveries.record(slots[0])
            receipt = ("byte", segment.layout.receipts(0))
            moves = [("word", mine + at.HAND), ("word", slot), receipt, ("word", mine + at.RECEIVED)]
            moves.append(("word", mine + at.HAND))
            at_ = -1
            for before, after in pairwise(moves):
                first = log.index(before, at_ + 1)
                second = log.index(after, first)
                assert "fence" in log[first:second] or after == receipt, (before, after)
                at_ = first
            log.clear()
            receipts.settle(segment, 0)
            settled = log.index(("word", at.row(0) // at.WORD + at.SETTLED))
            cleared = next(i for i, entry in enumerate(log) if entry[0] == "byte")
            assert "fence" in log[settled:cleared]
        finally:
            segment.data, segment.words = data, words


def test_busy_waiting_names_the_machine_where_it_is_unsound(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = strategies.find("busy_waiting")
    monkeypatch.setattr(fences, "WEAK", False)
    assert busy.warning(1, 1) is None
    monkeypatch.setattr(fences, "WEAK", True)
    monkeypatch.setattr(fences, "MACHINE", "aarch64")
    assert "This machine (aarch64) may show the new index before the item" in (busy.warning(1, 1) or "")
    assert "with 2 and 1" in (busy.warning(2, 1) or "")
    assert strategies.find("semaphores").warning(8, 8) is None
