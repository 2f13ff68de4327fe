"""Catching a process in its critical section ends in time, whatever the system tells of it and whoever wakes it."""

import itertools
import signal
import threading
import time
from collections.abc import Callable

import pytest

from shmlab.lab.catch import catch
from shmlab.processes.supervisor import RunningProgram

TIMEOUT = 0.1


class Caught(RunningProgram):
    """A process of which the system tells this; `sent` are the signals that it got."""

    def __init__(self, tells: Callable[[], bool | None]) -> None:
        self.ended, self.sent, self.tells = threading.Event(), list[signal.Signals](), tells

    def signal(self, number: signal.Signals) -> bool:
        self.sent.append(number)
        return True

    def stopped(self) -> bool | None:
        return self.tells()


def caught(tells: Callable[[], bool | None], inside: Callable[[], bool]) -> tuple[bool, Caught]:
    process = Caught(tells)
    began = time.monotonic()
    found = catch(process, inside, TIMEOUT)
    assert time.monotonic() - began < 10 * TIMEOUT  # and not for ever
    return found, process


@pytest.mark.parametrize("told", [True, None], ids=["stopped", "nobody knows"])
def test_one_that_stays_inside_is_left_stopped(told: bool | None) -> None:
    found, process = caught(lambda: told, lambda: True)
    assert found and process.sent == [signal.SIGSTOP]


@pytest.mark.parametrize("told", [True, False, None], ids=["stopped", "running", "nobody knows"])
def test_one_that_is_inside_only_until_it_is_stopped_goes_on(told: bool | None) -> None:
    looks = itertools.count()
    found, process = caught(lambda: told, lambda: next(looks) % 2 == 0)
    assert not found and process.sent[-1] == signal.SIGCONT


@pytest.mark.parametrize("told", [True, False, None], ids=["stopped", "running", "nobody knows"])
def test_one_that_is_never_inside_is_not_stopped(told: bool | None) -> None:
    found, process = caught(lambda: told, lambda: False)
    assert not found and not process.sent


def test_one_that_somebody_wakes_again_and_again_goes_on_in_the_end() -> None:
    found, process = caught(lambda: False, lambda: True)
    assert not found and process.sent[-1] == signal.SIGCONT


def test_one_that_has_ended_is_not_caught() -> None:
    process = Caught(lambda: None)
    process.ended.set()
    assert not catch(process, lambda: True, 60.0) and not process.sent


def test_where_nobody_knows_the_signal_has_time_to_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs on another processor, and leaves before the signal reaches it there."""
    left = [False]
    monkeypatch.setattr("shmlab.lab.catch.sleep", lambda _: left.__setitem__(0, True))
    found, process = caught(lambda: None, lambda: not left[0])
    assert not found and process.sent == [signal.SIGSTOP, signal.SIGCONT]
