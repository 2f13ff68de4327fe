"""What git keeps of this repository: the tests' own list of files, where they run in a clone."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def kept(folder: str = ".") -> set[str]:
    """The files that are in git or would be with the next `git add`, as paths within the folder."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a clone, or no git here")
    git = ["git", "-c", "safe.directory=*"]  # in a container the clone may be another user's
    command = [*git, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."]
    said = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=True).stdout
    return {name for name in said.split("\0") if name and (ROOT / folder / name).exists()}
