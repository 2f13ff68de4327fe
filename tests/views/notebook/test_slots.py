"""The drawing of the slots: form, colour, letter, number, pointers."""

import re
import zlib
from typing import Any

import pytest

from shmlab.views.notebook import geometry, palette, slots_heat, slots_ring, slots_row
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.glow import Glow
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.slots_view import SlotsView, form
from tests.views.notebook.scene import slots, snapshot

pytestmark = pytest.mark.usefixtures("leaves_no_widget")


@pytest.fixture
def view() -> Any:
    made = SlotsView(Parts())
    yield made
    close_tree(made.box, made.head, *made.parts.shared)


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        *[(2, slots_ring.RingDrawing), (64, slots_ring.RingDrawing)],
        *[(65, slots_row.RowDrawing), (256, slots_row.RowDrawing)],
        *[(257, slots_heat.HeatDrawing), (16_384, slots_heat.HeatDrawing)],
    ],
)
def test_the_form_follows_the_number_of_slots(capacity: int, expected: type) -> None:
    assert form(capacity) is expected


def test_every_state_has_its_colour_and_its_letter_on_the_ring(view: SlotsView) -> None:
    view.update(snapshot([0, 1, 2, 3, 4, 0]), 100.0)
    assert isinstance(view.form, slots_ring.RingDrawing)
    assert view.form.slots.fill_colors == [palette.FILLS[state][-1] for state in (0, 1, 2, 3, 4, 0)]
    letters = re.findall(r">([·wFrX])<", view.form.pieces[0].value)
    assert letters == ["·", "w", "F", "r", "X", "·"]
    assert "P0" in view.form.pieces[0].value and ">4<" in view.form.pieces[0].value


def test_a_second_look_at_the_same_thing_sends_nothing(view: SlotsView) -> None:
    assert view.update(snapshot(), 100.0)
    assert not view.update(snapshot(), 200.0)


def test_a_change_glows_and_the_glow_ends() -> None:
    glow = Glow(2)
    assert glow.fills([0, 0], [0, 0], 10.0) == [palette.FILLS[0][-1]] * 2
    assert glow.fills([2, 0], [0, 0], 11.0) == [palette.FILLS[2][0], palette.FILLS[0][-1]]
    assert glow.fills([2, 0], [0, 0], 11.0 + palette.GLOW_SECONDS) == [palette.FILLS[2][-1], palette.FILLS[0][-1]]


def test_only_the_piece_with_the_changed_slot_is_written_anew(view: SlotsView) -> None:
    view.update(snapshot([2] * 64), 100.0)
    assert isinstance(view.form, slots_ring.RingDrawing)
    before = [piece.value for piece in view.form.pieces]
    view.update(snapshot([2] * 20 + [3] + [2] * 43), 100.1)
    changed = [index for index, piece in enumerate(view.form.pieces) if piece.value != before[index]]
    assert changed == [1]


def test_a_protocol_without_pointers_shows_none(view: SlotsView) -> None:
    view.update(snapshot(in_=None, out=None), 100.0)
    assert isinstance(view.form, slots_ring.RingDrawing)
    assert "polygon" not in view.form.hub.value


def test_a_growing_buffer_changes_its_form_and_closes_the_old_one(view: SlotsView) -> None:
    view.update(snapshot([2] * 64, bounded=False), 100.0)
    old = view.form
    view.update(snapshot([2] * 128, bounded=False), 101.0)
    assert isinstance(view.form, slots_row.RowDrawing) and view.wide
    assert old is not None and old.box.comm is None
    assert "128" in view.head.value and "growing" in view.head.value
    view.update(snapshot([2] * 512, bounded=False), 102.0)
    assert isinstance(view.form, slots_heat.HeatDrawing)


def test_rows_carry_a_letter_for_every_slot(view: SlotsView) -> None:
    states = [2] * 40 + [1] + [0] * 58 + [4]
    view.update(snapshot(states, in_=40, out=0), 100.0)
    assert isinstance(view.form, slots_row.RowDrawing)
    text = re.sub(r"<u.*", "", view.form.over.value)
    assert "".join(re.findall(r">([^<]+)<", text)) == "".join(palette.LETTERS[state] for state in states)


def test_the_strip_of_heat_is_a_picture_with_a_pixel_for_each_slot() -> None:
    parts = Parts()
    drawn = slots_heat.HeatDrawing(300, parts)
    drawn.update(snapshot([2] * 299 + [4]), 100.0)
    data = bytes(drawn.image.value)
    assert data.startswith(b"\x89PNG") and int.from_bytes(data[16:20], "big") == slots_heat.ACROSS
    pixels = zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8])
    full = 2 * palette.GLOW + palette.GLOW - 1
    assert pixels[1 : slots_heat.ACROSS + 1] == bytes([full] * slots_heat.ACROSS)
    assert "X" in drawn.over.value
    close_tree(drawn.box, *parts.shared)


def test_beyond_a_thousand_slots_a_pixel_is_the_share_that_is_full() -> None:
    parts = Parts()
    drawn = slots_heat.HeatDrawing(4096, parts)
    assert drawn.each == 4 and drawn.pixels == 1024
    drawn.update(snapshot([2] * 4 + [2, 2, 0, 0] + [0] * 4088), 100.0)
    close_tree(drawn.box, *parts.shared)


def test_the_ring_begins_at_the_top_and_goes_clockwise() -> None:
    x, y = geometry.ring(4)
    assert x.shape == y.shape and x[0].min() >= -1e-6 and y[0].min() >= -1e-6
    assert x[1].min() >= -1e-6 and y[1].max() <= 1e-6


def test_a_long_number_keeps_its_last_digits_where_there_is_no_room() -> None:
    assert slots_ring.number(99_999, 8) == "99999"
    assert slots_ring.number(12_345, 64) == "345" and slots_ring.number(7_007, 64) == "007"


def test_an_item_of_an_unknown_producer_is_a_question_mark() -> None:
    shown = slots_ring.contents(snapshot(slots=slots([2], producers=[31], sequences=[5])))
    assert shown == [(2, 5, "?")]
