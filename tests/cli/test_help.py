"""Every command says what it does, shows a call of it that works, and tells its exit statuses."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shmlab import cli
from shmlab.cli import group
from shmlab.cli.verb import Verb
from shmlab.memory.errors import ArgumentError


def named(command: Verb) -> str:
    return command.name or ""


def words(command: Verb) -> list[str]:
    """The example, as it is typed behind `shmlab`."""
    program, *typed = shlex.split(command.example.removeprefix('eval "$(').removesuffix(')"'))
    assert program == "shmlab" and typed[0] == command.name
    return typed


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which a file may be written, and a lab of the name that the examples have."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shmlab.cli.argument_types._running", lambda: ["shmlab-3f9c000000000000"])


@pytest.mark.parametrize("command", group.VERBS, ids=named)
@pytest.mark.usefixtures("anywhere")
def test_help_has_an_example_that_can_be_typed_and_the_exit_statuses(
    command: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([named(command), "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"example: `{command.example}`." in said and f"exit status: {command.status}, 2 not possible" in said
    command.make_context(named(command), words(command)[1:])


def test_the_command_lists_all_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    listed = capsys.readouterr().out.splitlines()
    places = [listed.index(f"  {named(one):10}  {one.short_help}") for one in group.VERBS]
    assert places == sorted(places)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["run", "--nonsense"], ["grade"], ["trace", "run.jsonl"]])
def test_what_cannot_be_typed_is_told_with_where_to_look(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert not said.out and "--help" in said.err and "Traceback" not in said.err
    assert not words or said.err.count("\n") == 1


@pytest.mark.parametrize("command", group.VERBS, ids=named)
@pytest.mark.parametrize(("happens", "status"), [(KeyboardInterrupt(), 130), (ArgumentError("a sentence."), 2)])
@pytest.mark.usefixtures("anywhere")
def test_an_interrupt_is_130_and_what_cannot_be_done_is_2_with_one_sentence(
    command: Verb,
    happens: BaseException,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(**_: object) -> int:
        raise happens

    monkeypatch.setattr(command, "callback", run)
    assert cli.main(words(command)) == status
    said = capsys.readouterr()
    assert not said.out and said.err == (f"shmlab {named(command)}: a sentence.\n" if status == 2 else "")


def test_without_click_the_doctor_is_there_and_all_else_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    for name in [name for name in sys.modules if name.startswith("shmlab.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("shmlab.doctor.report", lambda: 7)
    assert cli.main(["ls"]) == 2 and "pip install click` brings it" in capsys.readouterr().err
    assert cli.main(["doctor"]) == 7


def test_ls_and_clean_end_with_0_also_where_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("ls", "clean"):
        assert cli.main([word]) == 0
    assert capsys.readouterr().out


def test_a_comparison_that_is_interrupted_shows_what_it_has_and_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from shmlab.experiments import comparison

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "follow", interrupt)
    assert cli.main(["compare", "--ways", "pipe", "--sizes", "8", "--rounds", "1"]) == 130
    assert capsys.readouterr().out.strip()


def shmlab(words: str, **streams: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shmlab", *words.split()]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **streams)


def test_a_full_disk_is_told_in_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        ended = shmlab("clean", stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == "shmlab clean: what it prints has no room where it goes: No space left on device.\n"


def test_a_closed_output_is_no_error() -> None:
    ended = shmlab("ls", preexec_fn=lambda: os.close(1))
    assert ended.returncode == 0 and not ended.stderr


def test_a_folder_to_grade_that_is_not_there_is_an_error_before_anything_is_run() -> None:
    ended = shmlab("grade /nowhere")
    assert ended.returncode == 2 and "there is no /nowhere: name folders of notebooks, or notebooks." in ended.stderr
