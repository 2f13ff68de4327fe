"""The live lab as a whole, with real processes and without a browser."""

import base64
import re
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

import shmlab
from shmlab import labs
from shmlab.views.notebook import download
from shmlab.views.notebook.live import LiveLab
from shmlab.views.notebook.svg_picture import svg
from tests.apparatus import entries, eventually
from tests.views.notebook.scene import slots, snapshot

pytestmark = pytest.mark.usefixtures("leaves_no_widget", "leaves_nothing")


@pytest.fixture
def live() -> Iterator[LiveLab]:
    shown = labs.live(produce_rate=50, consume_rate=40)
    yield shown
    shown.close()
    labs.close()


def test_the_text_of_the_view_is_fixed_and_print_gives_the_state(live: LiveLab) -> None:
    bundle = live._repr_mimebundle_()
    assert bundle["text/plain"] == repr(live) == "<LiveLab: semaphores, 8 slots, 1 producer, 1 consumer>"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "of 8 slots full" in str(live)


def test_close_ends_processes_threads_and_widgets_and_may_be_called_twice() -> None:
    shown = labs.live()
    name = shown.lab.name
    shown.close()
    shown.close()
    assert not shown.lab.running and shown._repr_mimebundle_() == {"text/plain": repr(shown)}
    assert not any(name in entry for entry in entries())


def test_the_same_line_again_closes_the_old_lab_and_another_line_does_not() -> None:
    shown = [labs.live() for _ in range(2)]
    other = labs.live()
    assert shown[0].closed and not shown[1].closed and not other.closed
    labs.close()
    assert shown[1].closed and other.closed


@pytest.mark.parametrize("bad", [{"slots": 1}, {"produce_rate": float("nan")}, {"fps": 0}, {"fps": 61}, {"fps": True}])
def test_bad_arguments_are_refused_before_anything_starts(bad: dict[str, float]) -> None:
    threads = threading.active_count()
    with pytest.raises(shmlab.ArgumentError):
        labs.live(**bad)  # type: ignore[arg-type]
    assert threading.active_count() == threads


def test_an_unknown_scenario_lists_those_that_exist() -> None:
    with pytest.raises(shmlab.ArgumentError, match="balanced"):
        labs.live(scenario="chaos")


def test_another_number_of_slots_is_another_segment_in_the_same_view(live: LiveLab) -> None:
    before = live.lab.name
    live.controls.slots.value = 100
    eventually(lambda: live.snapshot().capacity == 100 and live.lab.name != before)
    eventually(lambda: "wide" in live.stage._dom_classes)


@pytest.mark.parametrize("slots", [1, 0, -5, 10**9])
def test_a_setting_that_is_refused_is_explained_and_jumps_back(live: LiveLab, slots: int) -> None:
    before = live.lab.name
    live.controls.slots.value = slots
    eventually(lambda: "slots must be" in live.note.value)
    assert live.lab.name == before and live.controls.slots.value == 8


def test_pause_and_start_are_requests(live: LiveLab) -> None:
    live.controls.pause.click()
    eventually(lambda: live.lab.paused)
    eventually(lambda: live.controls.pause.disabled)
    live.controls.start.click()
    eventually(lambda: not live.lab.paused)


def test_a_killed_producer_says_so(live: LiveLab) -> None:
    card = next(card for card in live.cards.cards.values() if card.role == "producer")
    card.kill.click()
    eventually(lambda: "killed" in card.text.value)


def test_a_scenario_brings_its_settings_and_its_question(live: LiveLab) -> None:
    live.controls.scenario.value = "race"
    eventually(lambda: live.snapshot().strategy == "unsynchronised")
    eventually(lambda: "What will go wrong" in live.note.value)


def test_unbounded_is_a_switch_and_back_is_where_one_was(live: LiveLab) -> None:
    live.controls.strategy.value = "condition"
    eventually(lambda: live.snapshot().strategy == "condition")
    live.controls.bounded.value = "unbounded"
    eventually(lambda: live.snapshot().strategy == "unbounded")
    eventually(lambda: live.controls.strategy.value == "unbounded")
    live.controls.bounded.value = "bounded"
    eventually(lambda: live.snapshot().strategy == "condition")


def test_the_event_log_and_the_picture_are_handed_to_the_browser(live: LiveLab) -> None:
    for kind in ("csv", "svg", "png"):
        live.request("save", kind)
        eventually(lambda kind=kind: f".{kind}" in live.download.value)  # type: ignore[misc]


@pytest.mark.parametrize("count", [2, 8, 33, 64, 100, 300])
def test_the_picture_is_a_well_formed_svg(count: int) -> None:
    text = svg(snapshot(slots=slots([i % 5 for i in range(count)])), "Semaphores <&>")
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg") and "Semaphores <&>" in "".join(root.itertext())


def test_a_link_carries_the_whole_file_and_escapes_its_name() -> None:
    link = download.link('a"b.csv', "x,<y>")
    assert 'download="a&quot;b.csv"' in link
    match = re.search(r"base64,([^\"]+)", link)
    assert match and base64.b64decode(match[1]) == b"x,<y>"
