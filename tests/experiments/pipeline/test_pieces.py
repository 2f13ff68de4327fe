"""Pieces survive the way through a slot, whatever they carry; orders that through a command line."""

import pytest
from hypothesis import given, strategies as st

from shmlab.experiments.pipeline import stage_order
from shmlab.experiments.pipeline.pieces import END, PART, Piece, pack, room, unpack
from shmlab.experiments.pipeline.stage_order import Order


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.integers(PART, END), st.binary(max_size=120))
def test_what_is_packed_is_what_is_unpacked(module: int, kind: int, text: bytes) -> None:
    piece = Piece(module, kind, text)
    data = pack(piece, 128)
    assert len(data) == 128 and unpack(data) == piece


@pytest.mark.parametrize("payload", [32, 65_536])
def test_a_full_slot_holds_as_much_as_room_says(payload: int) -> None:
    piece = Piece(1, PART, b"x" * room(payload))
    assert len(pack(piece, payload)) == payload and unpack(pack(piece, payload)) == piece


def test_an_order_is_read_as_it_was_written() -> None:
    wanted = Order("compiler", ("/a b/ä.c", "/c.c"), "/somewhere", "-O2", 3, (0, 1), 2)
    assert stage_order.read(wanted.text()) == wanted
