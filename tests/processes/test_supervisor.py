"""One thread watches all programs: none of them, however much it prints, keeps it from the others."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shmlab.processes import handle, supervisor
from tests.apparatus import eventually

TALKATIVE = 12


@contextmanager
def talking() -> Iterator[list[int]]:
    """Programs that print without end. What it gives grows by one with each reading of their words."""
    readings: list[int] = []
    running = []
    try:
        for number in range(TALKATIVE):
            heard = lambda text, number=number: readings.append(number)  # noqa: E731
            running.append(supervisor.start(["yes"], b"", heard, lambda _: None))
        eventually(lambda: set(readings) == set(range(TALKATIVE)))  # nobody is forgotten
        yield readings
    finally:
        for process in running:
            process.signal(signal.SIGKILL)
        for process in running:
            assert process.wait(10)


def test_an_order_is_obeyed_before_a_second_talkative_program_is_heard() -> None:
    watcher = supervisor._watcher()
    with talking() as readings:
        for _ in range(50):
            obeyed = threading.Event()
            between: list[int] = []
            given: list[int] = []

            def order(given: list[int] = given, between: list[int] = between, obeyed: threading.Event = obeyed) -> None:
                between.append(len(readings) - given[0])
                obeyed.set()

            given.append(len(readings))
            watcher._order(order)
            assert obeyed.wait(10)
            assert between[0] <= 2  # the one that spoke already, and one for which the thread had just woken up


def test_a_death_is_noted_while_others_print_without_end() -> None:
    with talking():
        for _ in range(5):
            process = supervisor.start(
                [sys.executable, "-c", "print('last words')"], b"", lambda _: None, lambda _: None
            )
            assert process.wait(10) and process.output == "last words\n"


@pytest.mark.parametrize("pidfds", [True, False], ids=["pidfds", "none"])
def test_a_handle_tells_of_its_process_alone(pidfds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not pidfds:
        monkeypatch.delattr("os.pidfd_open")  # as in a Python that was built for an older kernel
    process = supervisor.start(["sleep", "60"], b"", lambda _: None, lambda _: None)
    other = handle.ProcessHandle(process.pid)  # as of somebody else's child
    assert (other.fd is not None) is pidfds
    process.signal(signal.SIGSTOP)
    eventually(process.stopped)
    assert other.stopped() and not other.ended() and not other.wait(0)
    process.signal(signal.SIGCONT)
    eventually(lambda: not process.stopped())
    assert other.signal(signal.SIGKILL)
    assert process.wait(10) and process.returncode == -signal.SIGKILL
    eventually(other.ended)
    assert not other.signal(signal.SIGKILL) and not process.signal(signal.SIGKILL)
    other.close()
    with pytest.raises(ProcessLookupError):
        handle.ProcessHandle(process.pid)


def test_without_pidfds_a_number_that_was_given_away_is_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.pidfd_open")
    process = supervisor.start(["sleep", "60"], b"", lambda _: None, lambda _: None)
    other = handle.ProcessHandle(process.pid)
    other._born = "1"  # the number's earlier owner had started long ago
    assert other.ended() and not other.signal(signal.SIGKILL)
    assert not process.wait(0)
    monkeypatch.setattr(handle, "status", lambda _: [])  # /proc cannot be read
    unknown = handle.ProcessHandle(process.pid)
    assert unknown.stopped() is None and not unknown.ended() and not unknown.signal(signal.SIGKILL)
    assert process.stopped() is False and process.signal(signal.SIGKILL) and process.wait(10)


def test_a_handle_works_beyond_the_descriptors_that_select_knows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    taken = [os.dup(0) for _ in range(1100)]
    try:
        process = supervisor.start(["sleep", "60"], b"", lambda _: None, lambda _: None)
        other = handle.ProcessHandle(process.pid)
        assert other.fd is not None and other.fd > 1024 and not other.wait(0.01)
        process.signal(signal.SIGKILL)
        assert other.wait(10) and process.wait(10)
        other.close()
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
