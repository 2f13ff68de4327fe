"""The views of two processes, without a browser: what is drawn, what buttons do, what is left."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shmlab import labs
from shmlab.experiments.exhibits.access import BOTH, NOTHING, READ, UNTRIED, Access
from shmlab.experiments.exhibits.calls import Act, Tally
from shmlab.experiments.exhibits.child import DeadProcess, Refused
from shmlab.processes import address_space
from shmlab.views.notebook.address_space_drawing import far, rows
from shmlab.views.notebook.address_spaces import AddressSpaces
from shmlab.views.notebook.segment_board import SegmentBoard
from shmlab.views.notebook.tables import AccessTable, CallsTable
from tests.apparatus import eventually


@pytest.fixture(autouse=True)
def _all_closed(leaves_no_widget: None) -> Iterator[None]:
    yield
    labs.close()


def area(kind: str, start: int, end: int) -> address_space.Area:
    return address_space.Area(kind, (address_space.Region(start, end, "rw-p", 0, "", kind),))


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def buttons(root: Any) -> list[Any]:
    """The buttons below a widget, in order."""
    if hasattr(root, "click"):
        return [root]
    return [button for child in getattr(root, "children", ()) for button in buttons(child)]


def test_what_is_at_the_same_addresses_stands_in_one_row() -> None:
    page = area("own page", 0x1000, 0x2000)
    found = rows({"A": [page, area("heap", 0x5000, 0x6000)], "B": [page]})
    assert [(row.start, list(row.areas)) for row in found] == [(0x5000, ["A"]), (0x1000, ["A", "B"])]


def test_areas_of_one_process_never_share_a_row() -> None:
    code, data = area("code", 0x1000, 0x2000), area("data", 0x2000, 0x3000)
    found = rows({"A": [code, data], "B": [area("heap", 0x1800, 0x2800)]})
    assert [list(row.areas) for row in found] == [["A"], ["A", "B"]]


def test_a_distance_is_told_in_a_unit_that_suits_it() -> None:
    assert (far(3 << 40), far(5 << 30), far(4096)) == ("3 TiB", "5 GiB", "4,096 bytes")


def test_the_picture_has_a_box_for_every_area_and_shows_the_values() -> None:
    view = labs.maps()
    for name, value in (("A", 111), ("B", 222)):
        view.own_page(name, address_space.OWN)
        view.store(name, address_space.OWN, value)
    count = sum(len(address_space.areas(view.regions(name))) for name in "AB")
    assert len(view.spaces.shapes.fill_colors) == count == view.spaces.over.value.count('<div class="area ')
    assert "<em>111</em>" in view.spaces.over.value and "<em>222</em>" in view.spaces.over.value
    for kind in ("code", "data", "heap", "libraries", "stack"):
        assert f"<strong>{kind}</strong>" in view.spaces.over.value
    assert str(view).startswith("A (pid ")


def test_a_process_that_dies_leaves_an_empty_column_and_can_be_replaced() -> None:
    view = labs.maps()
    dead = view.load("B", 8)
    assert isinstance(dead, DeadProcess)
    assert "ended by SIGSEGV" in view.note.value and "B ended by SIGSEGV" in words(view.spaces.heads.value)
    next(button for button in buttons(view.box) if button.description == "new B").click()
    eventually(lambda: view.pair.child("B").alive and "pid" in words(view.spaces.heads.value).split("B", 1)[1])
    eventually(lambda: view.note.value == "")


def test_an_address_is_looked_at_by_a_button() -> None:
    view = labs.maps()
    view.own_page("A", address_space.OWN)
    view.store("A", address_space.OWN, 7)
    load = next(button for button in buttons(view.box) if button.description == "A loads it")
    load.click()
    eventually(lambda: "A finds 7 at 0x20_0000_0000" in view.note.value)
    view.field.value = "here"
    load.click()
    eventually(lambda: "an address is a hexadecimal number" in view.note.value)
    view.field.value = "0x2000000000"
    load.click()
    eventually(lambda: "hexadecimal" not in view.note.value)


def test_the_board_follows_buttons_and_lines() -> None:
    board = labs.lifecycle()
    a = {button.description: button for button in buttons(board.box)[:8]}
    a["create"].click()
    eventually(lambda: "mapped by A" in words(board.middle.value))
    board.attach("B")
    assert "mapped by A and B" in words(board.middle.value) and "✓ there" in board.middle.value
    a["write"].click()
    eventually(lambda: "writes 1 into word 0" in board.story.value)
    assert board.read("B") == 1
    a["unlink"].click()
    eventually(lambda: "– not there" in board.middle.value)
    assert "attached, name gone" in board.cards["B"].value
    a["attach"].click()
    eventually(lambda: "A has a segment already" in board.note.value)
    a["kill"].click()
    eventually(lambda: "ended by SIGKILL" in board.cards["A"].value)
    board.detach("B")
    assert "no memory" in board.middle.value


def test_a_refusal_is_raised_to_a_line_of_python() -> None:
    board = labs.lifecycle()
    with pytest.raises(Refused, match="there is no segment of that name"):
        board.attach("B")


@pytest.mark.parametrize("show", [labs.maps, labs.lifecycle])
def test_closing_ends_the_processes_and_twice_is_once(show: Any) -> None:
    view: AddressSpaces | SegmentBoard = show()
    fixed = repr(view)
    assert view._repr_mimebundle_()["text/plain"] == fixed == f"<{type(view).__name__}: A, B>"
    view.close()
    view.close()
    assert not any(child.alive for child in view.pair.children.values())
    assert view._repr_mimebundle_() == {"text/plain": fixed}


def test_who_may_attach_is_a_table_with_signs_and_words() -> None:
    may = {(0o640, "its owner"): BOTH, (0o640, "another user"): READ, (0o640, "root"): UNTRIED}
    table = AccessTable(Access(may, ("its owner", "another user", "root"), "no root"))
    text = words(table.box.children[2].value)
    assert "0640 rw-r----- ● reads and writes ◐ only reads – not tried" in text and "no root" in text
    table.close()
    assert NOTHING not in text and table._repr_mimebundle_() == {"text/plain": "<AccessTable>"}


def test_counted_calls_are_a_table_and_what_was_not_counted_is_no_zero() -> None:
    acts = (Act("create", {"A": None}), Act("stores", {"A": {}, "B": {}}), Act("messages", {"A": {"write": 1000}}))
    table = CallsTable(Tally(acts, "no strace"))
    text = words(table.box.children[2].value)
    assert "create not counted" in text and "stores 0 none none" in text and "messages 1,000 write × 1,000" in text
    assert str(table) == "create: not counted | stores: 0 | messages: 1,000 | no strace"
    table.close()
