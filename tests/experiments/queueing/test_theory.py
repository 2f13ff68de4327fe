"""The formulas against three things that are not they: closed forms, a simulation, and Little's law on it."""

import itertools
import math
import random

import pytest

from shmlab.experiments import queueing

RATIOS = (0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 10.0)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("places", [1, 2, 7])
def test_the_chances_are_those_of_the_closed_form(ratio: float, places: int) -> None:
    """Kleinrock 1975, (3.40) and (3.41)."""
    empty = 1 / (places + 1) if ratio == 1 else (1 - ratio) / (1 - ratio ** (places + 1))
    expected = [empty * ratio**n for n in range(places + 1)]
    assert queueing.states(ratio, places) == pytest.approx(expected)
    assert queueing.in_system(ratio, places) == pytest.approx(sum(n * p for n, p in enumerate(expected)))


@pytest.mark.parametrize("ratio", [1e-300, 1e300])
def test_an_extreme_ratio_overflows_nothing(ratio: float) -> None:
    assert sum(queueing.states(ratio, 1024)) == pytest.approx(1)
    assert queueing.occupied(ratio, 1024) == pytest.approx(1024 if ratio > 1 else 0)


def test_at_equal_rates_half_of_the_slots_are_occupied() -> None:
    assert [queueing.occupied(1, slots) for slots in (2, 8, 100)] == pytest.approx([1, 4, 50])


def test_with_many_places_a_ratio_below_one_gives_the_unbounded_queue() -> None:
    assert queueing.in_system(0.8, 2000) == pytest.approx(0.8 / (1 - 0.8))


def test_more_slots_bring_more_through_but_ever_less_more() -> None:
    through = [queueing.throughput(1, slots) for slots in (2, 4, 8, 16, 32)]
    gains = [after - before for before, after in itertools.pairwise(through)]
    assert through[0] == pytest.approx(4 / 5) and max(through) < 1
    assert gains == sorted(gains, reverse=True) and min(gains) > 0


def test_what_comes_in_goes_out() -> None:
    for ratio in RATIOS:
        refused = queueing.states(ratio, 8 + queueing.HANDS)[-1]
        assert queueing.throughput(ratio, 8) == pytest.approx(ratio * (1 - refused))


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.4])
def test_a_simulated_lab_has_as_many_occupied_slots_as_the_formula_says(ratio: float) -> None:
    """A producer that stops with its item in hand, a consumer that works on one: event by event, seeded."""
    assert simulated(ratio, slots=4, items=60_000) == pytest.approx(queueing.occupied(ratio, 4), rel=0.04)


def simulated(ratio: float, slots: int, items: int) -> float:
    """The mean number of occupied slots when put and get take no time."""
    chance = random.Random(1)
    time = area = 0.0
    occupied, made, blocked, busy = 0, chance.expovariate(ratio), False, math.inf
    for _ in range(items):
        soon = min(made, busy)
        area, time = area + occupied * (soon - time), soon
        if made <= busy:  # the producer has an item
            if busy == math.inf:
                busy = time + chance.expovariate(1)
            elif occupied < slots:
                occupied += 1
            else:
                blocked = True
            made = math.inf if blocked else time + chance.expovariate(ratio)
        else:  # the consumer has done one
            if occupied == 0:
                busy = math.inf
                continue
            busy = time + chance.expovariate(1)
            if blocked:
                blocked, made = False, time + chance.expovariate(ratio)
            else:
                occupied -= 1
    return area / time


def test_a_burst_needs_a_slot_for_each_item_less_what_is_taken_meanwhile() -> None:
    assert queueing.slots_for_burst(10, burst_rate=1000, consume_rate=100) == pytest.approx(9)
    assert queueing.slots_for_burst(10, burst_rate=50, consume_rate=100) == 0
