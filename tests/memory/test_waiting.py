"""Waiting until something is true, at most so long."""

import time
from collections.abc import Callable, Iterator

import pytest

from shmlab.memory.waiting import Deadline, until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], float]]:
    """A clock that only sleeping moves."""
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 1e-9)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    yield lambda: now[0]


def test_it_gives_what_it_waited_for(clock: Callable[[], float]) -> None:
    assert until(lambda: clock() > 100.5 and "there", 2) == "there"
    assert clock() == pytest.approx(100.5, abs=0.01)


def test_it_ends_at_the_deadline_with_the_last_answer(clock: Callable[[], float]) -> None:
    assert until(lambda: "", 2, every=0.7) == ""
    assert clock() == pytest.approx(102)


def test_it_looks_at_least_once_and_once_more_when_the_time_is_up(clock: Callable[[], float]) -> None:
    looks: list[float] = []
    assert not until(lambda: looks.append(clock()), 0)
    assert looks == [100]
    assert until(lambda: clock() >= 101, 1, every=60)


def test_waits_that_share_a_deadline_do_not_add_up(clock: Callable[[], float]) -> None:
    deadline = Deadline(1)
    for _ in range(3):
        until(lambda: False, deadline, every=0.1)
    assert clock() == pytest.approx(101) and deadline.over and deadline.left == 0
