"""A recording is read where POSIX shared memory does not exist: none of what belongs to it is imported."""

import subprocess
import sys
from pathlib import Path

from tests.clone import ROOT
from tests.observe.recording.runs import file

BLOCKED = """
import sys

class Absent:
    names = ("_multiprocessing", "_posixshmem", "fcntl", "resource", "termios", "pwd", "grp")

    def find_spec(self, name, path=None, target=None):
        if name in self.names or name in {banned}:
            raise ModuleNotFoundError(f"No module named {{name!r}}: it is not on this system", name=name)

sys.meta_path.insert(0, Absent())
for name in Absent.names:
    sys.modules.pop(name, None)
"""
OURS = (
    *("shmlab.memory.segment", "shmlab.memory.semaphores", "shmlab.observe.observer"),
    *("shmlab.lab.lab", "shmlab.worker.program", "shmlab.processes.supervisor"),
)


def without_posix(program: str, folder: Path, *arguments: str) -> str:
    """What a program prints where there is no shared memory, and no lab can be started."""
    code = BLOCKED.format(banned=OURS) + program
    command = [sys.executable, "-W", "error", "-c", code, str(file(folder)), *arguments]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    return said.stdout


def test_a_recording_is_read_and_turned_into_a_trace(tmp_path: Path) -> None:
    program = """
import json
from shmlab.observe import recording
run = recording.read(sys.argv[1])
print(run[-1].snapshot)
print(len(json.dumps(recording.trace(run))) > 1000, recording.table(run).count("\\n"))
"""
    assert without_posix(program, tmp_path).splitlines()[1:] == ["True 13"]


def test_the_command_for_traces_works(tmp_path: Path) -> None:
    program = "from shmlab import cli\nsys.exit(cli.main(['trace', sys.argv[1], '--to', sys.argv[1] + '.csv']))"
    assert "12 moments" in without_posix(program, tmp_path)
