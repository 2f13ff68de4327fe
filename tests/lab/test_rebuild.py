"""The books after a producer's death: an item that it had handed over counts, wherever it is by then."""

from collections.abc import Callable

import pytest

from shmlab.lab.rebuild import Dead, repair
from shmlab.memory import item as items, layout as at
from tests.apparatus import Buffer, buffer

MADE = 5  # items that the dead producer, row 0, has counted
TICKET = 1 << items.SEQUENCE_BITS | MADE  # of the next one


def in_a_slot(it: Buffer) -> None:
    slot = it.layout.slot(3)
    it.file.set_word(slot, at.FULL)
    it.file.set_word(slot + at.SLOT_TICKET * at.WORD, TICKET)


def in_a_hand(it: Buffer) -> None:
    it.set_word(1, at.HAND, TICKET)


def nowhere(_: Buffer) -> None:
    pass


@pytest.mark.parametrize(
    ("place", "counted"),
    [(nowhere, MADE), (in_a_slot, MADE + 1), (in_a_hand, MADE + 1)],
    ids=["nowhere", "in a slot", "in a living consumer's hand"],
)
def test_an_item_that_was_handed_over_is_counted(place: Callable[[Buffer], None], counted: int) -> None:
    with buffer() as it:
        it.file.set_word(at.ROWS_USED, 2)
        it.set_word(0, at.ROLE, at.PRODUCER)
        it.set_word(1, at.ROLE, at.CONSUMER)
        it.set_word(0, at.PRODUCED, MADE)
        place(it)
        repair(it.file, it.strategy, {0: Dead("P0", at.PRODUCER)})
        assert it.word(0, at.PRODUCED) == counted
