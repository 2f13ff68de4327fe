"""The number of system calls that processes make, counted by strace while they work."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from shmlab.memory.waiting import until
from shmlab.processes.scratch_folder import Scratch

ATTACH = 3.0  # seconds
TOTAL = re.compile(r"^\s*(\d+)\s+total$", re.MULTILINE)


def missing() -> str:
    """Return why system calls cannot be counted here; empty if they can."""
    return "" if shutil.which("strace") else "strace is not installed: sudo apt install strace"


class Count:
    """The number of system calls; None until counting ends, and if the system does not allow it."""

    calls: int | None = None


@contextlib.contextmanager
def counted(pids: Sequence[int]) -> Iterator[Count]:
    """Count the system calls that these processes and their threads make inside the `with`."""
    count = Count()
    with Scratch() as folder:
        table = Path(folder, "calls")
        command = ["strace", "-c", "-f", "-q", "-U", "calls,name", "-o", str(table)]
        for pid in pids:
            command += ["-p", str(pid)]
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: tracer.poll() is not None or all(map(_traced, pids)), ATTACH)
            yield count
        finally:
            tracer.send_signal(signal.SIGTERM)  # it detaches and writes its table
            try:
                tracer.wait(ATTACH)
            except subprocess.TimeoutExpired:
                tracer.kill()
                tracer.wait()
        if found := TOTAL.search(table.read_text()):
            count.calls = int(found[1])


def _traced(pid: int) -> bool:
    """Return whether every thread of a process is being traced."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", errors="surrogateescape") as status:
            if "TracerPid:\t0\n" in status.read():
                return False
    return True
