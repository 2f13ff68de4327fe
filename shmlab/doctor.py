"""Does shmlab work on this machine? One line for each thing it needs, with the cure for what is wrong.

    from shmlab.doctor import doctor

The last line is the proof: a real producer and a real consumer send items through a real segment.
"""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shmlab import segment
from shmlab.errors import ShmlabError
from shmlab.lab import Lab

PYTHON = (3, 11)
PACKAGES = ("jupyterlab", "ipywidgets", "bqplot", "posix_ipc")
ROOM = 8 << 20  # bytes free in /dev/shm under which a lab may soon be refused
ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing, and what to do about it ("" if it is well)."""

    what: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        line = f"{'LOOK' if self.cure else 'well'}  {self.what:14} {self.found}"
        return f"{line}\n{'':20} {self.cure}" if self.cure else line


def doctor() -> None:
    """Print every finding, each on a line of its own."""
    for finding in findings():
        print(finding)


def findings() -> Iterator[Finding]:
    """Look at one thing after the other, always the same ones in the same order."""
    yield _python()
    yield _memory()
    yield _processors()
    for name in PACKAGES:
        yield _package(name)
    yield _leftovers()
    yield _items()


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()}"
    if sys.platform != "linux":
        return Finding("Python", found, "shmlab needs Linux: on Windows WSL 2, elsewhere a virtual machine or Binder.")
    old = sys.version_info < PYTHON
    return Finding("Python", found, "shmlab needs Python 3.11 or newer: PYTHON=python3.12 make lab." if old else "")


def _memory() -> Finding:
    try:
        room = os.statvfs(segment.DIRECTORY)
    except OSError as error:
        return Finding("shared memory", str(error), f"Mount one: sudo mount -t tmpfs tmpfs {segment.DIRECTORY}")
    size, free = (blocks * room.f_frsize for blocks in (room.f_blocks, room.f_bavail))
    cure = "Stop other labs, run `shmlab clean`, or give more (Docker: --shm-size=256m)." if free < ROOM else ""
    return Finding("shared memory", f"{segment.DIRECTORY}: {size / 2**20:,.0f} MiB, {free / 2**20:,.0f} MiB free", cure)


def _processors() -> Finding:
    count = len(os.sched_getaffinity(0))
    cure = "All works, but processes take turns: races are rarer, busy waiting is slow." if count == 1 else ""
    return Finding("processors", str(count), cure)


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", f"Run `make lab`, which installs it, or: pip install {name}")


def _leftovers() -> Finding:
    try:
        dead = [name for name in segment.names() if segment.owner_is_dead(name)]
    except OSError as error:
        return Finding("leftovers", str(error), f"Allow yourself to read {segment.DIRECTORY}.")
    cure = "The next lab sweeps them away; `shmlab clean` does it now." if dead else ""
    return Finding("leftovers", ", ".join(dead) or "none", cure)


def _items() -> Finding:
    try:
        report = Lab().run(ITEMS, timeout=10)
    except (ShmlabError, OSError) as error:
        return Finding("two processes", type(error).__name__, str(error))
    found = f"{report.consumed:,} of {ITEMS:,} items arrived, {report.faults_text}"
    well = report.finished and not report.faults
    return Finding("two processes", found, "" if well else "Please report this, with the lines above.")
