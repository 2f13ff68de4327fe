"""A producer dies where it is to die; what it leaves, and whether the others go on, is as its place says."""

import pytest

from shmlab import Lab
from shmlab.experiments.exhibits import deaths, wait
from shmlab.experiments.exhibits.deaths import PLACES
from shmlab.memory.errors import ArgumentError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", PLACES)
def test_a_producer_dies_where_it_is_to_die_and_items_pass_unless_it_held_mutex(place: str) -> None:
    death = deaths.at(place)
    assert PLACES[place].reached(death.left) and not death.left.worker("P0").alive
    assert death.pass_on is bool(PLACES[place].mutex)
    assert death.repaired[-1].endswith("mutex = 1")
    assert str(death).startswith(place) and death.left.slots.letters in str(death)


def test_who_has_gone_on_before_it_was_stopped_was_not_caught() -> None:
    with Lab(slots=4, consumers=0, slow_motion=0.1, repair=False) as lab:
        looks = iter((True, False))
        assert not deaths.kill_when(lab, "P0", lambda _: next(looks))


def test_a_place_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ArgumentError, match="the place"):
        deaths.at("nowhere")


def test_after_deaths_at_random_nothing_is_unaccounted_for() -> None:
    with Lab(slots=4, producers=2, consumers=2, produce_rate=None, consume_rate=None, slow_motion=0.002) as lab:
        died = deaths.at_random(lab, times=5, seconds=20)
        lab.slow_motion = 0
        report = lab.run(items=500)
    assert report.finished and report.produced == report.consumed + report.died
    assert sum(not worker.alive for worker in report.workers) == died > 0


def test_waiting_ends_when_it_is_true_and_when_the_time_is_up() -> None:
    looks = iter((False, False, True))
    assert wait.wait(lambda: next(looks))
    assert not wait.wait(lambda: False, seconds=0.01)
