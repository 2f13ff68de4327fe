"""Joining a running lab from a terminal: `shmlab produce`, `consume`, `attach`."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from shmlab import ArgumentError, Lab
from shmlab.memory import layout as at
from shmlab.memory.segment import attach
from shmlab.worker.guest import take_row
from tests.apparatus import eventually

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Commands that were started; they are ended."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def command(*words: str) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-m", "shmlab.cli", *words]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["semaphores", "condition", "unbounded"])
def test_a_producer_and_a_consumer_join_from_a_terminal(strategy: str, started: list[Any]) -> None:
    with Lab(strategy, producers=1, consumers=1, produce_rate=20, consume_rate=None) as lab:
        started += [command("produce", lab.name, "--rate", "200", "--items", "60"), command("consume", lab.name)]
        seen = eventually(lambda: (s := lab.snapshot()).produced > 60 and len(s.workers) >= 3 and s, 20)
        assert not seen.faults
        said, _ = started[0].communicate(timeout=20)
        assert said.startswith("joined shmlab-") and "left after 60 items." in said
        eventually(lambda: any(worker.pid == started[1].pid and worker.items for worker in lab.workers), 20)
        started[1].send_signal(signal.SIGINT)
        said, errors = started[1].communicate(timeout=20)
        assert "left after" in said and not errors and started[1].returncode == 0
        eventually(lambda: len(lab.workers) == 2)  # both gave their rows back


def test_a_guest_ends_with_its_lab(started: list[Any]) -> None:
    with Lab(consumers=1, consume_rate=None) as lab:
        guest = command("produce", lab.name, "--rate", "max")
        started.append(guest)
        eventually(lambda: len(lab.workers) == 3, 20)
    said, _ = guest.communicate(timeout=10)
    assert "left after" in said and guest.returncode == 0


def test_the_row_of_a_dead_worker_is_free_only_when_it_is_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nobody shows it any more: it still tells what was in its worker's hand."""
    monkeypatch.setattr("shmlab.memory.limits.WORKERS", 2)
    with Lab(producers=1, consumers=1, slow_motion=0.01, repair=False) as lab:
        assert lab.kill("P0", holding="mutex", timeout=20)
        lab.remove("P0")
        assert [worker.name for worker in lab.workers] == ["C0"] and lab.damaged == ("P0",)
        attached = attach(lab.name)
        try:
            with pytest.raises(ArgumentError, match=r"all 2 rows of .* are in use"):
                take_row(attached, at.PRODUCER, 5)
            assert lab.repair() and not lab.damaged
            assert take_row(attached, at.PRODUCER, 5) == 0
        finally:
            attached.close()


def test_a_killed_guest_is_repaired_after(started: list[Any]) -> None:
    with Lab(producers=1, consumers=2, produce_rate=None, consume_rate=None) as lab:
        guest = command("produce", lab.name, "--rate", "max")
        started.append(guest)
        name = eventually(lambda: next((w.name for w in lab.workers if w.pid == guest.pid and w.items), None), 20)
        os.kill(guest.pid, signal.SIGKILL)
        eventually(lambda: lab.snapshot().worker(name).state == "killed" and not lab.damaged)
        before = lab.snapshot().consumed
        eventually(lambda: lab.snapshot().consumed > before + 100)


@pytest.mark.slow
def test_when_all_rows_are_taken_the_first_guest_that_was_killed_is_shown_no_more(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shmlab.memory.limits.WORKERS", 4)
    with Lab(producers=1, consumers=1) as lab:
        for place in ("P3", "P2", "P3"):
            guest = command("produce", lab.name)
            started.append(guest)
            name = eventually(lambda pid=guest.pid: next((w.name for w in lab.workers if w.pid == pid), None), 20)
            assert name == place
            os.kill(guest.pid, signal.SIGKILL)
            eventually(lambda: not lab.snapshot().worker(name).alive and not lab.damaged)  # noqa: B023
        eventually(lambda: [worker.name for worker in lab.workers] == ["P0", "C0", "P3"])  # so there is room for one


def test_attach_watches_until_the_lab_ends(started: list[Any]) -> None:
    with Lab() as lab:
        watcher = command("attach", lab.name)
        started.append(watcher)
        assert watcher.stdout and "slots full" in watcher.stdout.readline()
    said, _ = watcher.communicate(timeout=10)
    assert "has ended" in said and watcher.returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("produce", "nonsense"), "16 hexadecimal digits"),
        (("consume", "shmlab-0123456789abcdef"), "no segment named"),
        (("produce", "shmlab-0123456789abcdef", "--rate", "nan"), "0.1 to 100,000"),
        (("produce", "shmlab-0123456789abcdef", "--items", "0"), "items must be"),
        (("attach", "../../etc/passwd"), "16 hexadecimal digits"),
    ],
)
def test_what_is_wrong_is_said_and_the_status_is_2(words: tuple[str, ...], says: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "shmlab.cli", *words], capture_output=True, text=True, timeout=20)
    assert ended.returncode == 2 and says in ended.stderr and "Traceback" not in ended.stderr


def test_a_protocol_of_one_s_own_cannot_be_joined() -> None:
    from shmlab.strategies import semaphores

    with Lab(put=semaphores.put, get=semaphores.get) as lab:
        words = [sys.executable, "-m", "shmlab.cli", "produce", lab.name]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 2 and "only its lab knows" in ended.stderr


def test_a_full_lab_says_so() -> None:
    with Lab() as lab, contextlib.closing(attach(lab.name)) as file:
        for _ in range(2, file.layout.rows):
            take_row(file, at.PRODUCER, 5)
        words = [sys.executable, "-m", "shmlab.cli", "produce", lab.name]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 2 and "rows" in ended.stderr and "in use" in ended.stderr
