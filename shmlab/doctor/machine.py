"""Python, memory, processors and tools of this machine, leftovers of dead labs, and the proof that a lab works."""

import os
import platform
import shutil
import subprocess
import sys

from shmlab.doctor.finding import Finding, hint
from shmlab.doctor.kernel import FULL
from shmlab.experiments.pipeline import tools
from shmlab.lab.lab import Lab
from shmlab.memory import segment
from shmlab.memory.errors import ShmlabError
from shmlab.memory.os_errors import DOCTOR, MORE_FILES, REFUSED, SMALL, few_files

PYTHON = (3, 11)
ROOM = 8 << 20  # bytes free in /dev/shm below which a lab may soon be refused
ITEMS, SECONDS = 1000, 30  # how many are sent, in well under a second on most machines, and how long they may take
TRACING = 10  # seconds that strace may take to trace a program that does nothing


def python() -> Finding:
    """Check the version of Python, and the system."""
    found = f"{platform.python_version()} on {platform.system()}"
    if sys.platform != "linux":
        return Finding("Python", found, "shmlab needs Linux: on Windows WSL 2, elsewhere a virtual machine or Binder.")
    old = sys.version_info < PYTHON
    return Finding("Python", found, "shmlab needs Python 3.11 or newer: PYTHON=python3.12 make lab." if old else "")


def memory() -> Finding:
    """Check the size of /dev/shm, and how much of it is free."""
    try:
        room = os.statvfs(segment.DIRECTORY)
    except OSError as error:
        return Finding("shared memory", str(error), f"Mount one: sudo mount -t tmpfs tmpfs {segment.DIRECTORY}")
    size, free = (blocks * room.f_frsize for blocks in (room.f_blocks, room.f_bavail))
    cure = FULL if free < ROOM else ""
    found = f"{segment.DIRECTORY}: {_bytes(size)}, {_bytes(free)} free"
    if few_files(room):
        found, cure = f"{found}, but only for {room.f_favail:,} more files", MORE_FILES
    return Finding("shared memory", found, cure, essential=size < SMALL or few_files(room))


def _bytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB" if count >= 1 << 20 else f"{count / 1024:,.0f} KiB"


def processors() -> Finding:
    """Count the processors on which this process may run; a container or `taskset` can restrict them."""
    there = os.cpu_count() or 1
    try:
        count = len(os.sched_getaffinity(0))
    except OSError as error:
        cure = "How many of them shmlab may use is not known: allow sched_getaffinity(2) in this sandbox."
        return hint("processors", f"{there}; refused: {error.strerror}", cure)
    cure = "All works, but processes take turns: races are rarer, busy waiting is slow." if count == 1 else ""
    return hint("processors", str(count) + f" of {there}" * (count < there), cure)


def compiler() -> Finding:
    """Look for the C compiler and the assembler."""
    absent = tools.missing()
    lost = "Lesson 12 shows a recording, and the programs in shmlab/worker/c cannot be built. sudo apt install gcc"
    return hint("compiler", absent or "cc and as", lost if absent else "")


def strace() -> Finding:
    """Check whether system calls can be counted: strace may be installed but not allowed."""
    lost = "Lessons 04 and 11 count system calls without it, fewer and less exactly."
    if shutil.which("strace") is None:
        return hint("strace", "missing", f"{lost} sudo apt install strace")
    try:
        command = ["strace", "-o", os.devnull, sys.executable, "-c", ""]
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=TRACING)
    except (OSError, subprocess.SubprocessError):
        return hint("strace", "not allowed here", f"{lost} Docker: --cap-add=SYS_PTRACE")
    return Finding("strace", "works")


def leftovers() -> Finding:
    """List your own segments whose owner is dead."""
    try:
        dead = [name for name in segment.names() if segment.owner_is_dead(name)]
    except OSError as error:
        cure = f"Allow yourself to read {segment.DIRECTORY}, and see the line of flock."
        return Finding("leftovers", error.strerror or str(error), cure)
    cure = "The next lab sweeps them away; `shmlab clean` does it now." if dead else ""
    return hint("leftovers", ", ".join(dead) or "none", cure)


def items(explained: bool = False) -> Finding:
    """Run a real lab, from its segment to its last item. `explained`: an earlier line already says what is wrong."""
    cure = "See the lines marked LOOK above." if explained else "Please report this, with the lines above."
    try:
        report = Lab().run(ITEMS, timeout=SECONDS)
    except (ShmlabError, OSError) as error:
        said = str(error).removesuffix(DOCTOR).removesuffix(REFUSED)
        own = said == str(error) and not explained  # the error itself says what to do
        return Finding("two processes", "no lab starts", said if own else f"{said.strip()} {cure}")
    found = f"{report.consumed:,} of {ITEMS:,} items arrived, {report.faults_text}"
    well = report.finished and not report.faults
    return Finding("two processes", found, "" if well else cure)
