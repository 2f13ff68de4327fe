"""Run a module with its own folder, HOME and environment, isolated as far as this system allows (`confine`).

Its standard input and output are unnamed temporary files: a pipe would have to be read while it runs, and a file
cannot grow beyond the file size limit.
"""

import os
import site
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shmlab.course.exercises import handed_in
from shmlab.course.exercises.progress import VARIABLE as PROGRESS
from shmlab.course.grading.confine import ISOLATED, LATE, LEVELS, LIMITED, OFFLINE
from shmlab.processes.scratch_folder import Scratch

GRACE = 15.0  # seconds that a supervisor has to end after the program's time is up
PROBE = 30.0  # seconds for testing a level
MOST_SAID = 4 << 20  # bytes of its output that are read
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
OURS = ("SHMLAB_WORKERS", "SHMLAB_LABS", "SHMLAB_PROCESSES", "SHMLAB_MEMORY", "SHMLAB_RUN_TIME")
PACKAGE = Path(__file__).parents[3]  # where this same shmlab is found
SHORTCOMINGS = {
    ISOLATED: "",
    OFFLINE: "This system allows only part of the isolation: what is run here has no network, but it can write where "
    "you can write. Grade as a user with nothing to lose.",
    LIMITED: "This system allows no isolation: what is run here has your network and can write where you can write. "
    "Grade in a container without network, or as a user with nothing to lose.",
}


@dataclass(frozen=True)
class SandboxResult:
    """How a program ended: its exit status, and its output."""

    status: int
    said: str

    @property
    def late(self) -> bool:
        return self.status == LATE


def run(module: str, *arguments: str, given: bytes = b"", seconds: float, level: str | None = None) -> SandboxResult:
    """Run a module to its end, for at most `seconds`. Nothing that it has started is left running."""
    with (
        Scratch() as folder,
        tempfile.TemporaryFile() as told,
        tempfile.TemporaryFile() as said,
    ):
        told.write(given)
        told.seek(0)
        confined = [level or best_level(), folder, str(seconds), module, *arguments]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "shmlab.course.grading.confine", *confined],
            stdin=told,
            stdout=said,
            stderr=subprocess.DEVNULL,
            env=environment(Path(folder)),
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the grader, which ends it
        )
        try:
            status = process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            status = LATE
        finally:
            if process.poll() is None:
                _end(process)
        said.seek(0)
        return SandboxResult(status, said.read(MOST_SAID).decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a supervisor end everything that it supervises; if it cannot, kill it."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@cache
def best_level() -> str:
    """Return the best level of isolation that this system offers."""
    judge = "shmlab.course.grading.judging"  # with nothing to judge
    return next((level for level in LEVELS if run(judge, seconds=PROBE, level=level).status == 0), LIMITED)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a program in this folder, without the grader's own settings, files and secrets."""
    told = {name: os.environ[name] for name in (*INHERITED, *OURS) if name in os.environ}
    homes = {
        "HOME": "",
        "TMPDIR": "tmp",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_CACHE_HOME": ".cache",
        "XDG_STATE_HOME": ".local/state",
        PROGRESS: "progress.json",
        handed_in.VARIABLE: "handed_in.jsonl",
    }
    told |= {name: str(folder / place) for name, place in homes.items()}
    told |= {name: "1" for name in ("PYTHONSAFEPATH", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE")}
    told |= {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}  # else each reserves memory
    if str(PACKAGE) not in site.getsitepackages():
        told["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE), told.get("PYTHONPATH")]))
    return told
