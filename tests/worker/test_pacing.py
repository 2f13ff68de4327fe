"""When items are due: the mean is what was asked, whatever the pattern."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from shmlab.memory import limits
from shmlab.worker.pacing import BURST, BURSTY, CONSTANT, FORGIVEN, POISSON, SHARE, SHORT, TICK, Pace

SLOTS = 1024


def arrivals(pace: Pace, items: int, now: float = 0.0) -> list[float]:
    """When each item is done by a worker that sleeps exactly as long as it is told."""
    times: list[float] = []
    while len(times) < items:
        now += max(0.0, pace.wait(now))
        times += [now] * pace.due(now)
    return times


@pytest.mark.parametrize("rate", [0.1, 1.0, 7.0, 100.0, 999.0, 1001.0, 10_000.0, 100_000.0])
def test_a_constant_rate_is_met_within_one_percent_and_is_even(rate: float) -> None:
    times = arrivals(Pace(rate, CONSTANT, SLOTS, 0.0), 5000)
    assert len(times) / times[-1] == pytest.approx(rate, rel=0.01)
    longest = max(later - earlier for earlier, later in pairwise(times))
    assert longest <= max(1 / rate, 2 * TICK) * 1.01


@pytest.mark.parametrize("rate", [0.1, 20.0, 10_000.0])
def test_poisson_has_the_mean_and_the_spread_of_a_poisson_process(rate: float) -> None:
    random.seed(1965)
    times = arrivals(Pace(rate, POISSON, SLOTS, 0.0), 40_000)
    assert 40_000 / times[-1] == pytest.approx(rate, rel=0.02)  # 4 standard deviations
    if rate < 1 / TICK:
        gaps = [later - earlier for earlier, later in pairwise(times)]
        mean = sum(gaps) / len(gaps)
        deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
        assert deviation / mean == pytest.approx(1, rel=0.05)  # exponential gaps: as wide as their mean


@pytest.mark.parametrize("rate", [0.1, 20.0, 1000.0])
def test_bursts_have_the_mean_rate_and_silences_between_them(rate: float) -> None:
    times = arrivals(Pace(rate, BURSTY, SLOTS, 0.0), 100 * BURST)
    assert len(times) / times[-1] == pytest.approx(rate, rel=0.01)
    if rate < 1 / TICK:
        gaps = [later - earlier for earlier, later in pairwise(times)]
        silences = [gap for gap in gaps if gap > 2 / rate]
        assert len(silences) == pytest.approx(len(times) / BURST, abs=1)
        assert max(gaps) > 10 * min(gaps)


def test_as_fast_as_possible_is_always_due() -> None:
    pace = Pace(math.inf, CONSTANT, SLOTS, 0.0)
    assert [pace.due(now) for now in (0.0, 0.0, 1.0)] == [1, 1, 1]


def test_a_late_worker_catches_up_what_it_missed() -> None:
    pace = Pace(100.0, CONSTANT, SLOTS, 0.0)
    assert pace.due(0.095) == 9
    assert pace.due(0.095) == 0
    assert pace.wait(0.095) == pytest.approx(0.005)


def test_a_very_late_worker_does_not_catch_up_in_an_endless_burst() -> None:
    pace = Pace(100.0, CONSTANT, SLOTS, 0.0)
    assert pace.due(3600.0) <= 100 * FORGIVEN + 1


def test_a_long_time_spent_blocked_is_excused_and_a_short_one_is_caught_up() -> None:
    pace = Pace(10.0, CONSTANT, SLOTS, 0.0)
    pace.excuse(5.0)
    assert pace.due(5.05) == 0
    assert pace.due(5.15) == 1
    pace = Pace(1000.0, CONSTANT, SLOTS, 0.0)
    pace.excuse(SHORT)
    assert pace.due(SHORT + 0.0005) == pytest.approx(1000 * SHORT, abs=1)


@pytest.mark.parametrize(("slots", "at_once"), [(1024, 100), (64, 64 // SHARE), (8, 8 // SHARE), (2, 1)])
def test_a_fast_worker_wakes_once_a_tick_for_no_more_than_its_share_of_the_slots(slots: int, at_once: int) -> None:
    pace = Pace(100_000.0, CONSTANT, slots, 0.0)
    tick = pace.wait(0.0)
    assert tick == pytest.approx(min(TICK, at_once / 100_000))
    assert pace.due(tick) == pytest.approx(at_once, abs=1)


def test_the_patterns_are_those_that_a_user_can_name() -> None:
    assert [limits.PATTERNS[pattern] for pattern in (CONSTANT, POISSON, BURSTY)] == ["constant", "poisson", "bursty"]


@pytest.mark.slow
@given(st.floats(0.1, 100_000), st.sampled_from([CONSTANT, POISSON, BURSTY]), st.lists(st.floats(0, 2), max_size=30))
def test_what_is_due_is_never_more_than_lateness_forgives(rate: float, pattern: int, sleeps: list[float]) -> None:
    pace, now = Pace(rate, pattern, SLOTS, 0.0), 0.0
    for sleep in sleeps:
        now += sleep
        due = pace.due(now)
        assert due >= 0
        if pattern == CONSTANT:
            assert due <= rate * min(sleep, FORGIVEN) + 2 + 1e-6 * rate
        assert pace.due(now) == 0
        assert pace.wait(now) > 0
