"""An interrupt ends a search between two runs of a function, and never inside of one."""

import signal
import threading
from typing import Any

import pytest

from shmlab import explore
from shmlab.explorer.program import interrupts
from shmlab.explorer.program.call_stack import CallStack
from shmlab.explorer.search import reduced


def interrupted_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, an interrupt comes when so many values have been read: inside put or get, that is."""
    read, calls = CallStack.read, [0]

    def reads(self: CallStack, value: Any) -> None:
        read(self, value)
        calls[0] += 1
        if calls[0] == number:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(CallStack, "read", reads)


@pytest.mark.parametrize("number", [*range(1, 40, 3), 60, 90])
def test_wherever_it_comes_the_program_is_not_blamed(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`with buf.mutex` would give the mutex back on the way out: another step than before."""
    interrupted_at(number, monkeypatch)
    with interrupts.noted():  # else it may come before the search, which has nothing to keep then
        found = explore("semaphores", producers=2, consumers=2)
    assert not found.complete and "it was interrupted" in str(found)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_ends_the_reduced_search_too(monkeypatch: pytest.MonkeyPatch) -> None:
    search = reduced.search

    def interrupted(*given: Any, **more: Any) -> reduced.ReducedResult:
        signal.raise_signal(signal.SIGINT)
        return search(*given, **more)

    monkeypatch.setattr(reduced, "search", interrupted)
    found = explore("semaphores", producers=2, consumers=2, items=4)
    assert not found.complete and "it was interrupted" in str(found)


def test_a_second_one_is_raised_at_once() -> None:
    with interrupts.noted():
        signal.raise_signal(signal.SIGINT)
        assert interrupts.came()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        interrupts.check()  # it is raised once


def test_who_handles_interrupts_otherwise_goes_on_doing_so() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        with interrupts.noted():
            signal.raise_signal(signal.SIGINT)
            assert not interrupts.came()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


def test_in_another_thread_nothing_is_changed() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(explore("semaphores")))
    thread.start()
    thread.join(20)
    assert found and found[0].ok
