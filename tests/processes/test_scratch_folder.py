"""A scratch folder goes with its owner, also one that is killed, and never while the owner lives."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab import cli
from shmlab.experiments.comparison.ways import zeromq
from shmlab.processes import scratch_folder
from shmlab.processes.scratch_folder import Scratch
from tests.apparatus import entries

OWNER = """
from shmlab.processes.scratch_folder import Scratch
made = Scratch()
open("/dev/shm/" + made.name + "_a", "x").close()
print(made.path, flush=True)
input()
"""
COMPARES = """
from shmlab.experiments.comparison.ways.zeromq import This
opened = This(8, 1, 1)
receive = opened.receiver(0)
print(opened.folder.path, flush=True)
input()
"""
CLEANS_UP = """
import sys
from shmlab.processes import owner_watch as orphan
orphan._await_turn(None, sys.argv[1])
print("has it", flush=True)
input()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TMPDIR of this test's own, with a short path: a socket's name has at most 107 bytes."""
    with tempfile.TemporaryDirectory() as place:
        monkeypatch.setenv("TMPDIR", place)
        monkeypatch.setattr(tempfile, "tempdir", place)
        yield Path(place)


def owned(program: str) -> tuple[subprocess.Popen[str], Path]:
    """Start a program; wait for the path of its scratch folder, and read that."""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_closing_removes_the_folder_and_what_is_in_it(temporary: Path) -> None:
    with Scratch() as path:
        assert Path(path).parent == temporary and Path(path).stat().st_mode & 0o777 == 0o700
        Path(path, "file").touch()
        Path(path, "folder").mkdir()
    assert not [*temporary.iterdir()]


@pytest.mark.parametrize("program", [OWNER, COMPARES], ids=["a program", "a comparison"])
def test_a_killed_owner_s_folder_is_removed_and_a_living_one_s_is_not(program: str, temporary: Path) -> None:
    if program == COMPARES and zeromq.This.missing():
        pytest.skip("needs pyzmq")
    process, path = owned(program)
    with process, Scratch() as mine:
        made = {entry for entry in entries() if path.name in entry}
        assert scratch_folder.sweep() == [] and path.is_dir() and made <= entries()
        process.kill()
        process.wait()
        assert scratch_folder.sweep() == [str(path)]
        assert [*temporary.iterdir()] == [Path(mine)] and not entries() & made


def test_shmlab_clean_removes_it(temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process, path = owned(OWNER)
    with process:
        process.kill()
    assert cli.main(["clean"]) == 0
    assert f"removed {path}" in capsys.readouterr().out and not [*temporary.iterdir()]


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def mkdtemp(prefix: str) -> str:
        tries.append(made := real(prefix=prefix))
        if len(tries) == 1:
            swept.append(made)
        return made

    def open_(path: str, flags: int) -> int:
        fd = opened(path, flags)
        if swept:
            Path(swept.pop()).rmdir()
        return fd

    swept: list[str] = []
    real, opened = tempfile.mkdtemp, os.open
    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    monkeypatch.setattr("shmlab.processes.scratch_folder.os.open", open_)
    with Scratch() as path:
        monkeypatch.undo()
        assert path == tries[1] and Path(path).is_dir()


@pytest.mark.parametrize("kind", ["file", "link", "other name"])
def test_only_folders_of_our_own_making_are_swept(kind: str, temporary: Path) -> None:
    path = temporary / ("shmlab-scratch-abc" if kind != "other name" else "shmlab-abc")
    if kind == "file":
        path.touch()
    elif kind == "link":
        path.symlink_to(Path.cwd())
    else:
        path.mkdir()
    assert scratch_folder.sweep() == [] and os.path.lexists(path)


def test_a_folder_in_which_a_program_of_a_dead_owner_cleans_up_is_removed_too(temporary: Path) -> None:
    """Whoever ends that program cannot wait for it to be gone."""
    owner, path = owned(OWNER)
    with owner:
        owner.kill()
    with subprocess.Popen([sys.executable, "-c", CLEANS_UP, str(path)], stdin=-1, stdout=-1, text=True) as cleaner:
        assert cleaner.stdout and cleaner.stdout.readline() == "has it\n"
        assert scratch_folder.sweep() == [str(path)]
        cleaner.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="root may give a file away")
def test_a_stranger_s_file_of_that_name_keeps_nothing_from_being_removed(temporary: Path) -> None:
    made = Scratch()
    theirs = Path("/dev/shm", f"{made.name}-theirs")
    theirs.touch()
    os.chown(theirs, 54321, 54321)
    try:
        made.close()
        assert not [*temporary.iterdir()] and theirs.exists()
    finally:
        theirs.unlink()
