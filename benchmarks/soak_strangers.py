"""A hostile user beside the labs, in a /dev/shm that nobody else uses.

He watches the directory without a pause and takes every name that can be derived from what he sees. Needs root, to
become another user, and a mount namespace, so that nobody outside meets him.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.hostile import OWN

ROOT = Path(__file__).parent.parent
ALONE = "SHMLAB_SOAK_ALONE"  # a variable of the environment: /dev/shm is nobody else's


def seclude() -> None:
    """Go on in a /dev/shm of our own, with the same arguments, where the system lets us; otherwise do nothing."""
    if alone():
        return
    enter = ["unshare", "--mount", "sh", "-c", OWN]
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ[ALONE] = "yes"
            os.execvp(enter[0], [*enter, sys.executable, "-m", "benchmarks.soak", *sys.argv[1:]])


def alone() -> bool:
    """Whether /dev/shm is nobody else's."""
    return ALONE in os.environ


@contextlib.contextmanager
def beside_a_stranger() -> Iterator[list[int]]:
    """For so long he is at work; afterwards the list tells how many names he took."""
    taken: list[int] = []
    command = [sys.executable, "-m", "tests.hostile", "stranger"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "watching\n"
        try:
            yield taken
        finally:
            process.terminate()
            taken.append(int(process.stdout.read()))
