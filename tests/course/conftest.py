"""No test touches the progress of whoever runs it."""

from pathlib import Path

import pytest

from shmlab.course.exercises.progress import VARIABLE


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where progress is kept during a test."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv(VARIABLE, str(path))
    return path
