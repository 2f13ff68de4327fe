"""Cards, semaphores, charts, bytes, events: what they say about a snapshot, and that they never harm the page."""

from typing import Any

import pytest

from shmlab.lab.lab import Event
from shmlab.views import format
from shmlab.views.notebook import palette, rate_scale
from shmlab.views.notebook.cards import CardsView
from shmlab.views.notebook.charts import POINTS, ChartsView, nice
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.event_list import EventsView, table
from shmlab.views.notebook.hex_view import HexView, text
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.semaphores_view import SemaphoresView
from tests.views.notebook.scene import slots, snapshot, worker

pytestmark = pytest.mark.usefixtures("leaves_no_widget")
Requests = list[tuple[Any, ...]]


@pytest.fixture
def asked() -> Requests:
    return []


@pytest.fixture
def cards(asked: Requests) -> Any:
    made = CardsView(lambda *request: asked.append(request), Parts())
    yield made
    close_tree(made.producers, made.consumers, *made.parts.shared)


def test_a_card_says_who_it_is_and_what_it_does(cards: CardsView) -> None:
    cards.update(snapshot(workers=(worker(state="waiting for empty", achieved=4.2, rate=5.0),)))
    (card,) = cards.cards.values()
    for piece in ("P0", "pid 4000", "waiting for empty", "4.2", "asked 5", "12", "500 ms"):
        assert piece in card.text.value
    assert not card.kill.disabled


def test_a_killed_process_can_only_be_removed(cards: CardsView) -> None:
    cards.update(snapshot())
    cards.update(snapshot(workers=(worker(state="killed", alive=False), worker(1, "consumer"))))
    card = next(iter(cards.cards.values()))
    assert "killed" in card.text.value and "✕" in card.text.value
    assert card.kill.disabled and card.stall.disabled and card.slider.disabled and not card.remove.disabled


def test_cards_come_and_go_with_their_processes(cards: CardsView) -> None:
    cards.update(snapshot())
    assert len(cards.producers.children) == len(cards.consumers.children) == 1
    gone = cards.producers.children[0]
    cards.update(snapshot(workers=(worker(1, "consumer"), worker(2, "consumer"))))
    assert len(cards.producers.children) == 0 and len(cards.consumers.children) == 2
    assert gone.comm is None


def test_buttons_and_slider_only_send_requests(cards: CardsView, asked: Requests) -> None:
    cards.update(snapshot(workers=(worker(),)))
    (card,) = cards.cards.values()
    card.single.click()
    card.stall.click()
    card.kill.click()
    card.slider.index = rate_scale.nearest(50.0)
    card.shape.value = "bursty"
    assert asked == [
        ("one_item", 0),
        ("stall", 0),
        ("kill", 0),
        ("set_rate", 0, 50.0),
        ("set_rate", 0, 50.0, "bursty"),
    ]


def test_a_rate_set_elsewhere_moves_the_slider_and_asks_for_nothing(cards: CardsView, asked: Requests) -> None:
    cards.update(snapshot(workers=(worker(),)))
    cards.update(snapshot(workers=(worker(rate=None, pattern="poisson"),)))
    (card,) = cards.cards.values()
    assert rate_scale.LABELS[card.slider.index] == "max" and card.shape.value == "poisson"
    assert asked == []


def test_a_stalled_process_is_offered_to_go_on(cards: CardsView, asked: Requests) -> None:
    cards.update(snapshot(workers=(worker(state="stalled"),)))
    (card,) = cards.cards.values()
    assert card.stall.description == "resume"
    card.stall.click()
    assert asked == [("unstall", 0)]


def test_the_words_of_a_worker_are_escaped(cards: CardsView) -> None:
    cards.update(snapshot(workers=(worker(error="<script>alert(1)</script>", state="failed", alive=False),)))
    (card,) = cards.cards.values()
    assert "<script>" not in card.text.value and "&lt;script&gt;" in card.text.value


def test_the_slider_reaches_from_a_tenth_to_a_hundred_thousand_and_max() -> None:
    assert rate_scale.RATES[0] == 0.1 and rate_scale.RATES[-2:] == (100_000.0, None) and len(rate_scale.RATES) == 62
    for n, rate in enumerate(rate_scale.RATES):
        assert rate_scale.nearest(rate) == n


def test_no_fault_is_green_and_one_is_red_with_a_cross() -> None:
    assert "✓ no faults" in SemaphoresView.accounts(snapshot())
    shown = SemaphoresView.accounts(snapshot(lost=1))
    assert "✕ 1 fault<" in shown and 'class="faults bad"' in shown


def test_a_semaphore_shows_its_tokens_its_holder_and_who_waits() -> None:
    workers = (
        worker(holds="mutex", alive=False, state="killed"),
        worker(1, "consumer", waits="mutex", state="waiting for mutex"),
    )
    shown = SemaphoresView.synchronisation(snapshot(semaphores={"mutex": 0}, workers=workers))
    assert "○" in shown and "held by P0 ✕" in shown and "C1 waits" in shown


def test_a_damaged_semaphore_value_does_not_break_the_strip() -> None:
    assert "-3" in SemaphoresView.synchronisation(snapshot(semaphores={"full": -3}))


def test_the_charts_keep_one_minute_and_round_their_upper_end() -> None:
    parts = Parts()
    charts = ChartsView(parts)
    for second in range(5):
        charts.update(snapshot(produced=100 * second, consumed=90 * second), 10.0 + second)
    assert len(charts.occupied) == POINTS and charts.occupied[-1] == 5
    assert charts.flow.y_scale.max == 200 and charts.fill.y_scale.max == 8
    charts.clear()
    assert not charts.past
    close_tree(charts.box, *parts.shared)


@pytest.mark.parametrize(("value", "expected"), [(0, 1), (1.1, 2), (2.1, 5), (51, 100), (99_000, 100_000)])
def test_upper_ends_are_round_numbers(value: float, expected: float) -> None:
    assert nice(value) == expected


def test_bytes_are_shown_in_the_colour_of_their_slot_and_escaped() -> None:
    parts = Parts()
    view = HexView(parts)
    assert view.update(snapshot([2, 0]))
    assert "class='s2'>F</i>0" in view.box.value and "magic" in view.box.value
    assert not view.update(snapshot([2, 0]))
    assert text(b"<b>&\x00") == "&lt;b&gt;&amp;·"
    close_tree(view.box, *parts.shared)


def test_many_slots_are_not_all_shown_as_bytes() -> None:
    assert "and 960 more slots" in HexView.slots(snapshot(slots=slots([0] * 1024)))


def test_events_are_sentences_newest_first_and_escaped() -> None:
    parts = Parts()
    view = EventsView(parts)
    events = [Event(0.0, "info", "Segment created."), Event(1.25, "fault", "<i>1 item lost</i>")]
    assert view.update(events, "")
    assert view.log.value.index("1 item lost") < view.log.value.index("Segment created.")
    assert "<i>1 item" not in view.log.value
    assert not view.update(events, "")
    assert view.update(events, "<b>hello</b>") and "&lt;b&gt;hello" in view.output.value
    close_tree(view.log, view.output, *parts.shared)


def test_the_log_as_a_table() -> None:
    assert (
        table([Event(0.5, "info", 'say "hi", twice')]) == 'seconds,kind,text\r\n0.500000,info,"say ""hi"", twice"\r\n'
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (0, "0 s"), (2.5e-6, "2.5 µs"), (0.0213, "21 ms"), (3.21, "3.2 s"), (90, "1.5 min")],
)
def test_time_spans_have_the_unit_that_suits_them(value: float | None, expected: str) -> None:
    assert format.seconds(value) == expected


def test_every_state_of_a_worker_has_a_shape() -> None:
    assert palette.sign("waiting for anything") == ("…", "waits")
    assert palette.sign("a state of tomorrow")[1] == "calm"
