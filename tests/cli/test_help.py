"""Every command says what it does, shows a call of it that works, and tells its exit statuses."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shmlab import cli
from shmlab.memory.errors import ArgumentError


def parsed(words: list[str]) -> argparse.Namespace:
    return cli.parser().parse_args(words)


@pytest.mark.parametrize("command", cli.COMMANDS, ids=cli.name)
def test_help_has_an_example_that_parses_and_the_exit_statuses(
    command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        cli.main([cli.name(command), "--help"])
    assert ending.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"example: `{command.EXAMPLE}`." in said and f"exit status: {command.STATUS}, 2 not possible" in said
    example = command.EXAMPLE.removeprefix('eval "$(').removesuffix(')"')
    program, *words = shlex.split(example)
    assert program == "shmlab" and parsed(words).run is command.run


def test_the_command_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {cli.name(command)}" in said and command.HELP in said for command in cli.COMMANDS)


@pytest.mark.parametrize("command", cli.COMMANDS, ids=cli.name)
@pytest.mark.parametrize(("happens", "status"), [(KeyboardInterrupt(), 130), (ArgumentError("a sentence."), 2)])
def test_an_interrupt_is_130_and_what_cannot_be_done_is_2_with_one_sentence(
    command: Any,
    happens: BaseException,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(_: argparse.Namespace) -> int:
        raise happens

    monkeypatch.setattr(command, "run", run)
    words = shlex.split(command.EXAMPLE.removeprefix('eval "$(').removesuffix(')"'))[1:]
    assert cli.main(words) == status
    said = capsys.readouterr()
    assert not said.out and said.err == (f"shmlab {cli.name(command)}: a sentence.\n" if status == 2 else "")


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
