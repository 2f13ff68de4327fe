"""The shells accept their scripts, and Tab completes commands, options, choices and the names of labs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shmlab import Lab, cli

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
def shmlab(tmp_path: Path) -> dict[str, str]:
    """An environment in which `shmlab` is this one."""
    program = tmp_path / "shmlab"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m shmlab.cli "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_accepts_its_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here: `sudo apt install {shell}` brings it")
    path = tmp_path / "script"
    path.write_text(script(shell, capsys))
    said = subprocess.run([shell, "-n", path], capture_output=True, text=True, timeout=20)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def completed(line: str, environment: dict[str, str]) -> set[str]:
    """What a real bash offers after `line` when Tab is pressed."""
    words = line.split(" ")
    program = f"""
        eval "$(shmlab completion bash)"
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
        COMP_LINE='{line}'; COMP_POINT={len(line)}
        function=$(complete -p shmlab | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        $function shmlab '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    said = subprocess.run(
        ["bash", "--norc", "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    return set(said.stdout.split())


@pytest.mark.alone  # else it completes the names of other tests' labs, too
def test_bash_completes_commands_options_choices_and_names(shmlab: dict[str, str]) -> None:
    assert completed("shmlab c", shmlab) == {"clean", "compare", "completion", "consume"}
    assert {"--items", "--slow-motion"} <= completed("shmlab run --", shmlab)
    assert completed("shmlab run --strategy un", shmlab) == {"unsynchronised", "unbounded"}
    assert completed("shmlab produce --rate ", shmlab) == {"max"}
    with Lab() as lab:
        assert completed("shmlab attach ", shmlab) >= {lab.name}
        assert completed("shmlab produce shmlab-", shmlab) == {lab.name}


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "cmd.exe"]) == 2 and "bash" in capsys.readouterr().err
