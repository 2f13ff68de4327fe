"""`shmlab notebooks` copies the course and becomes JupyterLab on the first lesson."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from shmlab import cli, course
from shmlab.cli import notebooks


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What the command would become, and where. The test itself goes on."""
    seen: list[Any] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execve", lambda *what: seen.append((Path.cwd(), *what)))
    return seen


def test_without_a_word_more_the_course_goes_into_a_folder_below_and_jupyterlab_opens(
    became: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["notebooks"]) == 0
    ((where, program, command, environment),) = became
    assert where == tmp_path / notebooks.FOLDER
    assert program == sys.executable
    assert command[:3] == [sys.executable, "-m", "jupyterlab"] and command[-1] == course.FIRST
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert (tmp_path / "shmlab-notebooks" / course.FIRST).is_file()
    assert capsys.readouterr().out == f"The course is in shmlab-notebooks: {len(course.files())} new.\n"


@pytest.mark.parametrize(("user", "root"), [(0, True), (1000, False)])
def test_only_root_needs_to_be_allowed(
    became: list[Any], monkeypatch: pytest.MonkeyPatch, user: int, root: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    cli.main(["notebooks"])
    assert ("--allow-root" in became[0][2]) is root


def test_no_open_only_copies(became: list[Any], tmp_path: Path) -> None:
    assert cli.main(["notebooks", "mine", "--no-open"]) == 0
    assert not became
    assert (tmp_path / "mine" / course.FIRST).is_file()


def test_a_folder_that_cannot_be_written_opens_nothing(
    became: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()
    assert cli.main(["notebooks", "mine"]) == 2
    assert not became
    assert capsys.readouterr().err.startswith("shmlab notebooks: cannot copy the course into 'mine': File exists")
