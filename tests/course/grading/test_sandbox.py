"""What runs for a grader is shut in: its own folder and settings, limits, a deadline, and nothing left of it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from shmlab.course.grading import sandbox
from shmlab.course.grading.confine import ISOLATED, LEVELS, LIMITED, OFFLINE, REFUSED
from tests.apparatus import eventually


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs beside this file can be imported: in the sandbox nothing else of the clone's tests is to be seen."""
    there = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, there)))


def intruded(level: str, shared: Path) -> Any:
    """What the intruder could do at this level; skips the test where the system does not offer it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as service:
        service.bind(str(shared / "service"))
        service.listen()
        where = [str(shared), str(server.getsockname()[1]), str(os.getpid())]
        ended = sandbox.run("intruder", *where, seconds=60, level=level)
    (shared / "service").unlink()
    if ended.status == REFUSED:
        pytest.skip(f"this system does not offer the level {level!r}")
    assert ended.status == 0, ended
    return json.loads(ended.said)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    (tmp_path / "other.ipynb").write_text("honest")
    return tmp_path


MINE = {"write its own folder", "write its own home"}
REACHED = {"signal the grader", "read a hand-in", "give orders to a service"}
OTHERS = {"write beside the hand-ins", "delete a hand-in", "change the installation"}


@pytest.mark.slow
def test_isolated_it_reaches_nothing_but_its_own(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "secret")
    monkeypatch.setenv("HOME", str(shared))
    found = intruded(ISOLATED, shared)
    assert {what for what, done in found["could"].items() if done} == MINE
    assert [path.name for path in shared.iterdir()] == ["other.ipynb"]
    told = found["told"]
    assert "HUB_TOKEN" not in told and "secret" not in told.values()
    for name in ("HOME", "IPYTHONDIR", "TMPDIR", "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME", "SHMLAB_PROGRESS"):
        assert told[name].startswith(told["HOME"]) and told[name] != str(shared)
    assert told["PYTHONSAFEPATH"] == told["PYTHONNOUSERSITE"] == "1"
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "4242"]]
    assert not Path(told["HOME"]).exists()


@pytest.mark.slow
@pytest.mark.parametrize("level", [OFFLINE, LIMITED])
def test_with_less_isolation_the_limits_hold_and_nothing_is_left(level: str, shared: Path) -> None:
    found = intruded(level, shared)
    could = {what for what, done in found["could"].items() if done}
    assert could - {"set the system's settings", "reach devices"} == MINE | OTHERS | REACHED | (
        {"call a server"} if level == LIMITED else set()
    )
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "4242"]]
    assert not Path(found["told"]["HOME"]).exists()


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_what_does_not_end_is_ended_at_its_deadline(level: str) -> None:
    ended = sandbox.run("endless", seconds=3, level=level)
    if ended.status == REFUSED:
        pytest.skip(f"this system does not offer the level {level!r}")
    assert ended.late
    assert not [p for p in psutil.process_iter(["cmdline"]) if "endless" in (p.info["cmdline"] or ())]


def endless_ones() -> list[int]:
    """The processes of `endless`, without the supervisor that has the name among its arguments."""
    module = ["-m", "endless"]
    found = psutil.process_iter(["pid", "cmdline"])
    return [process.pid for process in found if (process.info["cmdline"] or ())[-2:] == module]


KILLED = "from shmlab.course.grading import sandbox; sandbox.run('endless', seconds=60, level={level!r})"


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outlives_a_grader_that_is_killed(level: str, tmp_path: Path) -> None:
    grader = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(level=level)], env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        eventually(lambda: len(endless_ones()) == 3 or grader.poll() is not None)
        if grader.poll() is not None:
            pytest.skip(f"this system does not offer the level {level!r}")
    finally:
        grader.kill()
        grader.wait()
    eventually(lambda: not endless_ones())


def test_a_weaker_system_is_told_of() -> None:
    assert not sandbox.SHORTCOMINGS[ISOLATED]
    assert "no network" in sandbox.SHORTCOMINGS[OFFLINE] and "no isolation" in sandbox.SHORTCOMINGS[LIMITED]
