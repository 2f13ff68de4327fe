"""An owner that is killed: a script with two labs ends by SIGKILL at any moment, also while it repairs one of them.

Nothing may stay behind: no segment, no semaphore, no worker, and nothing of what the workers have started. In one lab a
worker is killed again and again, so that its owner repairs; the workers of the other have started programs that left
their session.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from shmlab.memory.segment import DIRECTORY
from shmlab.memory.waiting import until
from shmlab.processes.descendants import VARIABLE

ROOT = Path(__file__).parent.parent
START = 60.0  # seconds until its labs run, on a machine that is busy
LEFT = 10.0  # seconds until nothing is left; the course promises two, on a machine that is not
OWNER = """
import sys
from benchmarks.soak_owner import get, put
from shmlab import Lab
lab = Lab(sys.argv[1], 4, 2, 2, None, None).start()
other = Lab(put=put, get=get, shared=dict(in_=0, out=0), producers=2, consumers=1, produce_rate=50).start()
while other.snapshot().consumed < 3: pass
print(lab.name, other.name, flush=True)
sys.stdin.readline()
while True:
    worker = lab.add_consumer()
    lab.kill(worker)
    lab.remove(worker)
"""


def put(buf, item):  # type: ignore[no-untyped-def]
    import subprocess

    if not hasattr(subprocess, "started"):
        subprocess.started = subprocess.Popen(["sleep", "7775"], start_new_session=True)
    buf.slots[buf.in_] = item


def get(buf):  # type: ignore[no-untyped-def]
    return buf.slots[buf.out]


def kill_an_owner(strategy: str, chance: random.Random) -> tuple[float, list[str]]:
    """Start an owner, kill it at a random moment; seconds until nothing was left, and what was left after all."""
    command = [sys.executable, "-c", OWNER, strategy]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert owner.stdin and owner.stdout
            names = owner.stdout.readline().split()
            if len(names) != 2:
                return 0.0, ["an owner that did not start its labs"]
            if chance.random() < 0.8:  # of five, four are killed while they repair, or nearly
                owner.stdin.write("go\n")
                owner.stdin.flush()
                time.sleep(chance.uniform(0, 0.1))
        finally:
            owner.kill()
    began = time.monotonic()
    until(lambda: not left(names), LEFT, 0.01)
    return time.monotonic() - began, left(names)


def left(names: list[str]) -> list[str]:
    """What is there of these segments: entries of /dev/shm that are not another user's, and processes."""
    entries = [path for path in Path(DIRECTORY).iterdir() if any(name in path.name for name in names) and ours(path)]
    processes = [path for path in Path("/proc").iterdir() if path.name.isdecimal() and works(path, names)]
    return [*map(str, entries + processes)]


def ours(path: Path) -> bool:
    """Whether a file belongs to our user; one that is gone belongs to nobody."""
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def works(process: Path, names: list[str]) -> bool:
    """Whether a process is a worker on one of these segments, or was started by one; one that has ended is not."""
    try:
        environment = (process / "environ").read_bytes()
    except OSError:
        return False
    marks = [line for line in environment.split(b"\0") if line.startswith(VARIABLE.encode())]
    return any(name.encode() in mark for mark in marks for name in names)
