"""`shmlab run` and `shmlab attach` as somebody at a terminal has them, and where there is no terminal."""

import os
import re
import signal
import subprocess
import sys

import pytest

from shmlab import Lab
from tests import apparatus
from tests.apparatus import entries, eventually, workers_of
from tests.views.terminal.driven import LEFT, Terminal

pytestmark = [pytest.mark.usefixtures("leaves_nothing"), pytest.mark.slow]  # programs that are started and looked at
NAME = re.compile(r"shmlab-[0-9a-f]{16}")


def name_on(page: str) -> str:
    found = NAME.search(page)
    assert found
    return found[0]


def nothing_left(name: str) -> bool:
    return not workers_of(name) and not [entry for entry in entries() if name in entry]


def test_a_lab_is_shown_steered_and_repaired_and_the_terminal_is_as_before() -> None:
    with Terminal("run", "--producers", "2") as terminal:
        page = terminal.shows("▶ running")
        assert len(page.splitlines()) <= 24 and max(map(len, page.splitlines())) <= 80
        assert "P1 producer" in page and "C0 consumer" in page and "empty" in page and "no faults" in page
        assert not terminal.is_as_before()  # keys come at once, and are not echoed
        terminal.type(" ")
        terminal.shows("‖ paused")
        terminal.type("f")
        terminal.shows("    10 ")  # items a second that are asked for
        terminal.type(" \tk")
        page = terminal.shows("✕ killed")
        assert re.search(r"▸ P1 producer +\d+ ✕ killed", page)
        terminal.shows("Repaired in")
        terminal.type("p")
        terminal.shows("P2 producer")
        terminal.resize(120, 40)
        page = terminal.shows("blocked")  # a column for which there was no room
        assert 30 < len(page.splitlines()) <= 40
        terminal.type("x\x1b[A\x13\x1a")  # keys that mean nothing here; Ctrl-S and Ctrl-Z stop nobody
        drawn = len(terminal.read())
        eventually(lambda: len(terminal.read()) > drawn + 10_000)
        name = name_on(page)
        terminal.type("q")
        assert terminal.ended() == 0
        assert re.search(r"ended after \d+\.\d\d s: \d+ produced, \d+ consumed, no faults", terminal.all.split(LEFT)[1])
        assert terminal.is_as_before() and nothing_left(name)


@pytest.mark.parametrize(
    ("ending", "status"),
    [("Ctrl-C", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), ("closed", 129)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP", "closed"],
)
def test_whatever_ends_it_leaves_no_process_no_segment_and_no_dumb_terminal(
    ending: str | signal.Signals, status: int
) -> None:
    with Terminal("run") as terminal:
        name = name_on(terminal.shows("▶ running"))
        if ending == "closed":
            terminal.hang_up()
            assert terminal.process.wait(15) == status
        else:
            if isinstance(ending, signal.Signals):
                terminal.process.send_signal(ending)
            else:
                terminal.type("\x03\x03")  # twice, as one does
            assert terminal.ended() == status
            assert terminal.is_as_before() and "Traceback" not in terminal.all
            assert "ended after" in terminal.all.split(LEFT)[1]
        assert nothing_left(name)


def test_attach_shows_the_lab_of_another_program_and_changes_nothing() -> None:
    with Lab(producers=2, produce_rate=50, consume_rate=50) as lab:
        with Terminal("attach", lab.name[:10]) as terminal:
            page = terminal.shows("C0 consumer")
            assert lab.name in page and "q quit" in page and "pause" not in page
            lab.kill("P1")
            terminal.shows("✕ killed")
            terminal.type(" kpq")
            assert terminal.ended() == 0 and terminal.is_as_before()
        assert not lab.paused and [w.name for w in lab.workers if w.alive] == ["P0", "C0"]


@pytest.mark.alone  # no other lab may run
def test_attach_without_a_name_shows_the_only_lab_and_tells_when_it_has_ended() -> None:
    with Lab(produce_rate=50, consume_rate=50) as lab, Terminal("attach") as terminal:
        name = name_on(terminal.shows("P0 producer"))
        lab.stop()
        assert terminal.ended() == 0
        assert f"{name} has ended." in terminal.all.split(LEFT)[1]


def test_attach_ends_when_the_owner_is_killed() -> None:
    program = "from shmlab import Lab; lab = Lab().start(); print(lab.name, flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        name = owner.stdout.readline().strip()
        with Terminal("attach", name) as terminal:
            terminal.shows("P0 producer")
            owner.kill()
            assert terminal.ended() == 0
        eventually(lambda: nothing_left(name))


# --- without a terminal ----------------------------------------------------------------------------


def run(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shmlab.cli", "run", *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def test_items_are_counted_out_exactly_at_any_rate_and_reported() -> None:
    ended = run("--items", "1000", "--produce-rate", "max", "--consume-rate", "max", "--producers", "3")
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0 and not ended.stderr
    assert lines[0].startswith("semaphores (running): ") and "slots full" in lines[0]
    assert re.fullmatch(r"finished after \d+\.\d\d s: 1000 produced, 1000 consumed, no faults", lines[-1])


def test_items_that_do_not_arrive_in_time_are_trouble() -> None:
    ended = run("--items", "5", "--consumers", "0", "--produce-rate", "100", "--seconds", "2.5")
    assert ended.returncode == 1 and "out of time after" in ended.stdout and "5 produced, 0 consumed" in ended.stdout


def test_it_ends_after_so_many_seconds() -> None:
    ended = run("--seconds", "0.5")
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1].startswith("ended after ")


def test_who_reads_no_more_gets_no_complaint() -> None:
    command = [sys.executable, "-m", "shmlab.cli", "run"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ended:
        assert ended.stdout and ended.stderr
        name = segment_of(ended.pid)
        ended.stdout.readline()
        ended.stdout.close()
        assert ended.wait(15) == 141 and not ended.stderr.read()
    assert nothing_left(name)


def segment_of(owner: int) -> str:
    """The segment that a process has made."""
    segments = eventually(lambda: [e for e in entries() if NAME.fullmatch(e) and apparatus.owner(e) == owner])
    return str(segments[0])


def test_a_hang_up_that_nohup_ignores_ends_nothing() -> None:
    ignoring = "import os, signal, sys; signal.signal(1, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    command = [sys.executable, "-c", ignoring, sys.executable, "-m", "shmlab.cli", "run", "--seconds", "60"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stdout.readline()
        os.kill(running.pid, signal.SIGHUP)
        assert running.stdout.readline()
        running.terminate()
        assert running.wait(15) == 143
