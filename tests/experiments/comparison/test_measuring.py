"""A whole comparison in real processes: it ends, it can be ended, and nothing of it stays."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

import shmlab
from shmlab import cli
from shmlab.experiments.comparison import Measuring
from shmlab.experiments.comparison.plan import Plan, planned
from tests.apparatus import alive, eventually
from tests.clone import ROOT

PROGRAM = "shmlab.experiments.comparison.bench"
SMALL = planned(["pipe", "textbook"], [8, 4096], [(1, 1), (2, 2)], rounds=2, seconds=3)
LONG = planned(["pipe", "queue"], rounds=100, seconds=600)


def family(pid: int | None = None) -> set[int]:
    """The measuring programs that `pid` started, and the processes that these forked."""
    programs = [child for child in psutil.Process(pid).children() if PROGRAM in child.cmdline()]
    return {one.pid for program in programs for one in (program, *program.children(recursive=True))}


def gone(pids: set[int]) -> bool:
    return not any(alive(pid) for pid in pids)


@pytest.mark.slow
def test_a_small_comparison_fills_every_place() -> None:
    with Measuring(SMALL) as measuring:
        seen = list(measuring)
    known = measuring.comparison
    assert known.done == known.total and len(seen) == known.total
    assert all(1 <= len(result.rates) <= 2 and not result.trouble for result in known.results)  # 1: no time for more
    assert known.result("pipe", 8).trip and not family()


@pytest.mark.slow
def test_compare_gives_the_figures_and_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    known = shmlab.compare(["pipe"], [64], [(1, 1)], rounds=1, seconds=0.5)
    assert known.result("pipe", 64).rate
    shown = capsys.readouterr().out
    assert "comparing: 100 %" in shown and shown.endswith("\r")
    shmlab.compare(["pipe"], [64], [(1, 1)], rounds=1, seconds=0.5, progress=False)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_cancel_from_another_thread_ends_it_and_keeps_what_was_measured() -> None:
    measuring = Measuring(LONG)
    results = iter(measuring)
    next(results)
    pids = family()
    threading.Thread(target=measuring.cancel).start()
    for _ in results:
        pass
    assert measuring.cancelled and 0 < measuring.comparison.done < measuring.comparison.total
    eventually(lambda: gone(pids))


def test_leaving_the_loop_ends_everything() -> None:
    with Measuring(LONG) as measuring:
        for _ in measuring:
            pids = family()
            break
    eventually(lambda: gone(pids))
    assert not family()


def test_cancelled_before_it_began_it_starts_nothing() -> None:
    measuring = Measuring(LONG)
    measuring.cancel()
    assert list(measuring) == [] and not family()


@pytest.mark.slow
def test_a_program_that_is_brought_down_is_told_and_the_rest_is_measured() -> None:
    with Measuring(SMALL) as measuring:
        for _ in measuring:
            if measuring.comparison.done == 1:
                os.kill(min(family()), signal.SIGKILL)
    known = measuring.comparison
    assert known.done == known.total
    assert all(result.rates or "ended unexpectedly" in result.trouble for result in known.results)


@pytest.mark.slow
def test_time_that_is_over_is_over() -> None:
    slow = Plan(("queue",), (8, 64, 512, 4096), ((1, 1),), rounds=100, seconds=1.0)
    with Measuring(slow) as measuring:
        for _ in measuring:
            pass
    known = measuring.comparison
    assert known.done == known.total and known.seconds < 10
    measured = [len(result.rates) for result in known.results]  # a slow machine skips the later sizes
    assert measured[0] >= 1 and max(measured) < 100


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_owner(number: signal.Signals) -> None:
    code = (
        "from shmlab.experiments.comparison import Measuring; from shmlab.experiments.comparison.plan import planned\n"
        "for _ in Measuring(planned(['queue', 'textbook'], rounds=100, seconds=600)): print('measured', flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout and owner.stdout.readline() == b"measured\n"
        pids = eventually(lambda: family(owner.pid))
        owner.send_signal(number)
        owner.wait()
        eventually(lambda: gone(pids))


def test_the_program_can_be_run_by_hand() -> None:
    plan = json.dumps(planned(["pipe"], [8], [(1, 1)], rounds=1, seconds=0.5).plain())
    said = subprocess.run(
        [sys.executable, "-P", "-m", PROGRAM, plan, str(os.getpid())], cwd=ROOT, capture_output=True, check=True
    )
    assert [json.loads(line)["task"] for line in said.stdout.splitlines()] == list(range(len(said.stdout.splitlines())))
    assert said.stderr == b""


# --- the command -----------------------------------------------------------------------------------


def test_the_command_prints_the_table_and_saves_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figures.csv"
    arguments = ["compare", "--ways", "pipe,textbook", "--sizes", "8", "--rounds", "1", "--seconds", "0.5"]
    assert cli.main([*arguments, "--csv", str(path)]) == 0
    assert "os.pipe" in capsys.readouterr().out
    assert "\npipe,8,1,1,1," in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--ways", "pigeon"], "textbook"),
        (["--sizes", "8,x"], "'x'"),
        (["--sizes", "0"], "from 1 to"),
        (["--rounds", "1.5"], "whole number"),
        (["--seconds", "0"], "seconds must be"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *arguments]) == 2
    said = capsys.readouterr()
    assert word in said.err and said.err.count("\n") == 1 and said.out == ""
