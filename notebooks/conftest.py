"""Tests that run notebooks leave the progress of whoever runs them alone, and no cell tells how long it took."""

import os
import tempfile
from pathlib import Path

os.environ["SHMLAB_QUIET"] = "1"
os.environ["SHMLAB_PROGRESS"] = str(Path(tempfile.gettempdir(), f"shmlab-progress-{os.getpid()}.json"))


def pytest_unconfigure() -> None:
    """Nothing is left."""
    Path(os.environ["SHMLAB_PROGRESS"]).unlink(missing_ok=True)
