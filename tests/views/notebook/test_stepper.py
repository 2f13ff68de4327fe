"""The stepper as a whole, without a browser: buttons, keys, goals, the search, real processes."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import shmlab
from shmlab import labs, strategies
from shmlab.views.notebook.stepper import REAL, Stepper
from tests.apparatus import eventually

pytestmark = pytest.mark.usefixtures("leaves_no_widget", "leaves_nothing")
Open = Callable[..., Stepper]


def add(buf):  # type: ignore[no-untyped-def]
    buf.count += 1


def put_wrong(buf, item):  # type: ignore[no-untyped-def]
    with buf.mutex:
        buf.empty.acquire()
        buf.slots[buf.in_] = item
        buf.in_ = (buf.in_ + 1) % buf.capacity
    buf.full.release()


ADDING: Any = [(add,), (add,)]
ADDED_ONCE = ("Let both add one, and the count be one.", "invariant")


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens steppers, closes them."""
    yield labs.stepper
    labs.close()


@pytest.fixture
def adding(opened: Open) -> Stepper:
    final = lambda memory, _: memory.count == 2  # noqa: E731
    return opened(ADDING, shared={"count": 0}, final=final, goal=ADDED_ONCE)


def shown(stepper: Stepper, condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait until a picture that is drawn whole meets the condition: a lock is held from its first part to its last."""

    def look() -> Any:
        with stepper.lock:
            return condition()

    eventually(look, seconds)


def settled(stepper: Stepper, schedule: str) -> None:
    """Wait until exactly these steps are taken and drawn."""
    eventually(lambda: stepper.stepping.schedule == schedule and stepper.field.value == schedule)


def test_a_button_lets_its_process_take_one_step(adding: Stepper) -> None:
    assert adding.cards[0].go.description == "P0: read count"
    adding.cards[0].go.click()
    settled(adding, "P0")
    shown(adding, lambda: adding.cards[0].go.description == "P0: count = 1")
    assert "count → 0" in adding.cards[0].text.value
    assert 'class="code lit"' in adding.cards[0].source.value


def test_winning_is_told(adding: Stepper) -> None:
    assert "Let both add one" in adding.head.value
    for process in (0, 1, 0, 1):
        adding.cards[process].go.click()
    shown(adding, lambda: "Reached after 4 steps" in adding.note.value)
    assert adding.cards[0].go.disabled and adding.cards[0].go.description == "P0 has ended"


def test_another_end_is_not_a_win(adding: Stepper) -> None:
    adding.field.value = "0011"
    shown(adding, lambda: "All have ended, and nothing went wrong" in adding.note.value)
    assert "won" not in adding.note.value


def test_undo_and_reset(adding: Stepper) -> None:
    assert adding.undo.disabled and adding.reset.disabled
    adding.field.value = "010"
    settled(adding, "P0 P1 P0") if adding.field.value != "010" else eventually(
        lambda: adding.stepping.schedule == "P0 P1 P0"
    )
    adding.undo.click()
    settled(adding, "P0 P1")
    adding.reset.click()
    settled(adding, "")


def test_each_key_is_a_step_and_backspace_takes_it_back(adding: Stepper) -> None:
    for typed, taken in (("0", [0]), ("01", [0, 1]), ("0", [0]), ("", [])):
        adding.field.value = typed
        eventually(lambda taken=taken: adding.stepping.taken == taken)  # type: ignore[misc]
        assert adding.field.value == typed  # what one types is left as it is


def test_half_a_name_waits_for_its_other_half(adding: Stepper) -> None:
    for typed in ("P", "P1", "P1 ", "P1 p", "P1 p0"):
        adding.field.value = typed
    eventually(lambda: adding.stepping.taken == [1, 0])
    assert "no process is called" not in adding.note.value


def test_a_name_that_nobody_has_is_refused_and_the_field_shows_what_is(adding: Stepper) -> None:
    adding.cards[1].go.click()
    settled(adding, "P1")
    adding.field.value = "P1 X"
    shown(adding, lambda: "no process is called" in adding.note.value)
    settled(adding, "P1")


def test_a_schedule_that_cannot_go_on_stays_in_sight(adding: Stepper) -> None:
    adding.field.value = "000011"
    shown(adding, lambda: "step 3: P0 has nothing left to do" in adding.note.value)
    settled(adding, "P0 P0")
    assert adding.stepping.ahead == [0, 0, 1, 1]
    assert adding.chips.value.count("ahead") == 4


@pytest.mark.slow
def test_show_me_how_lays_a_schedule_ahead_and_play_takes_it(adding: Stepper) -> None:
    adding.search.click()
    shown(adding, lambda: adding.stepping.ahead and not adding.play.disabled)
    assert "4 steps reach it" in adding.note.value
    adding.next.click()
    eventually(lambda: len(adding.stepping.taken) == 1)
    adding.play.click()
    shown(adding, lambda: "Reached after 4 steps" in adding.note.value)


def test_whoever_acts_ends_what_is_played(adding: Stepper) -> None:
    adding.search.click()
    shown(adding, lambda: not adding.play.disabled)
    adding.play.click()
    eventually(lambda: len(adding.stepping.taken) == 1)
    adding.reset.click()
    settled(adding, "")
    assert len(adding.stepping.ahead) == 4


def test_a_right_program_is_told_to_be_right(opened: Open) -> None:
    stepper = opened("semaphores")
    stepper.search.click()
    shown(stepper, lambda: "OK: every interleaving is right" in stepper.note.value)
    assert stepper.play.disabled


@pytest.mark.slow
def test_a_long_search_tells_how_far_it_is_and_can_be_stopped(opened: Open) -> None:
    stepper = opened("semaphores", producers=4, consumers=4, items=6)
    stepper.search.click()
    shown(stepper, lambda: stepper.search.description == "■ stop the search")
    assert stepper.cards[0].go.disabled
    shown(stepper, lambda: "states in" in stepper.note.value, 20)
    stepper.search.click()
    shown(stepper, lambda: "it was stopped" in stepper.note.value, 20)
    assert "NO VERDICT" in stepper.note.value and not stepper.cards[0].go.disabled


@pytest.mark.slow
def test_closing_ends_a_search(opened: Open) -> None:
    stepper = opened("semaphores", producers=4, consumers=4, items=6)
    stepper.search.click()
    eventually(lambda: bool(stepper.busy))
    stepper.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "shmlab-tasks"]


def test_the_switch_runs_the_same_on_real_processes(adding: Stepper) -> None:
    adding.field.value = "01"
    eventually(lambda: adding.stepping.taken == [0, 1])
    adding.where.value = REAL
    shown(adding, lambda: "pid" in adding.cards[1].text.value)
    assert "/dev/shm/shmlab-" in adding.head.value
    adding.cards[0].go.click()
    adding.cards[1].go.click()
    shown(adding, lambda: "Reached after 4 steps" in adding.note.value)
    adding.where.value = "model"
    shown(adding, lambda: "pid" not in adding.cards[1].text.value)
    assert adding.stepping.real is None and len(adding.stepping.taken) == 4


def test_a_deadlock_is_drawn_with_what_the_kernel_says(opened: Open) -> None:
    stepper = opened(put_wrong, strategies.semaphores.get, items=3, goal="deadlock", real=True)
    stepper.search.click()
    shown(stepper, lambda: not stepper.play.disabled)
    stepper.field.value = "P" * 17 + "C"
    shown(stepper, lambda: "sleeps in the kernel on semaphore" in stepper.note.value, 20)
    assert stepper.cards[0].go.description == "P: waits for empty" and stepper.cards[0].go.disabled
    assert "held by P" in stepper.values.value


def test_store_buffers_have_buttons_of_their_own_and_no_real_processes(opened: Open) -> None:
    stepper = opened(ADDING, shared={"count": 0}, memory="tso")
    assert stepper.cards[0].drain.disabled
    stepper.field.value = "P0 P0"
    shown(stepper, lambda: stepper.cards[0].drain.description == "p0: drain count = 1")
    assert stepper.where.disabled
    stepper.request("where", REAL)  # a browser can send anything
    shown(stepper, lambda: "store buffer" in stepper.note.value and stepper.where.value == "model")
    stepper.cards[0].drain.click()
    eventually(lambda: stepper.stepping.schedule == "P0 P0 p0")
    with pytest.raises(shmlab.ArgumentError, match="tso"):
        opened(ADDING, shared={"count": 0}, memory="tso", real=True)


@pytest.mark.slow
def test_a_verdict_is_played(opened: Open) -> None:
    verdict = shmlab.explore(ADDING, shared={"count": 0}, final=lambda memory, _: memory.count == 2)
    stepper = verdict.play(real=True)
    shown(stepper, lambda: "pid" in stepper.cards[0].text.value)
    assert stepper.stepping.ahead == verdict.actors
    stepper.play.click()
    eventually(lambda: len(stepper.stepping.taken) == 4)


def test_a_right_verdict_is_played_from_the_beginning(opened: Open) -> None:
    stepper = shmlab.explore("semaphores", items=1).play(real=False)
    assert stepper.stepping.ahead == [] and stepper.play.disabled


def test_the_text_of_the_view_is_fixed_and_print_gives_the_state(adding: Stepper) -> None:
    assert repr(adding) == "<Stepper: P0, P1>" == adding._repr_mimebundle_()["text/plain"]
    assert str(adding).startswith("at the beginning | P0 next: read count")
    adding.close()
    adding.close()
    assert adding._repr_mimebundle_() == {"text/plain": "<Stepper: P0, P1>"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"goal": "bogus"}, "empty-read"),
        ({"slots": 4}, "capacity"),
        ({"schedule": "PQ"}, "no process is called"),
        ({"producers": 0}, "producers"),
        ({"goal": lambda memory: memory.cuont}, "count"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_shown(opened: Open, arguments: Any, says: str) -> None:
    threads = threading.active_count()
    with pytest.raises((shmlab.ShmlabError, AttributeError), match=says):
        opened("unsynchronised", **arguments)
    assert threading.active_count() == threads
