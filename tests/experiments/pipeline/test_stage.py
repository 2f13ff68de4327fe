"""What a stage takes from a program: no more than is shown of it, however much that prints."""

import subprocess
import tracemalloc
from pathlib import Path

import pytest

from shmlab.experiments.pipeline import stage


def program(place: Path, text: str) -> str:
    path = place / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_a_program_prints_is_limited_while_it_is_collected(tmp_path: Path) -> None:
    talkative = program(tmp_path, "head -c 100000000 /dev/zero | tr '\\0' x; exit 3")
    tracemalloc.start()
    try:
        said, status = stage.run(talkative)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert said == b"x" * stage.MOST_BYTES and status == 3
    assert most < 1 << 20


@pytest.mark.slow
def test_a_program_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PATIENCE", 0.3)
    for text in ("exec yes", "exec sleep 60", "exec sleep 60 >&-"):
        with pytest.raises(subprocess.TimeoutExpired):
            stage.run(program(tmp_path, text))
