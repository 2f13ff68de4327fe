"""Run lessons in an environment that has no tests and no pytest: `python tests/lessons_alone.py LESSON...`.

Says the most memory, in MiB, that the kernel and all its workers ever had together, as seen after each cell. Nothing is
saved. A cell that raises ends it with the cell's error.
"""

import contextlib
import sys
from pathlib import Path

import nbclient
import nbformat
import psutil

CELL_SECONDS = 90


def memory() -> float:
    """MiB of this program and all that it started; what several map is shared out among them (PSS)."""
    this, total = psutil.Process(), 0
    for process in [this, *this.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # a worker that ends just now
            total += process.memory_full_info().pss
    return total / 2**20


def run(lesson: Path) -> float:
    """Run one lesson, and give the most memory that was seen."""
    seen = [0.0]

    def look(**_: object) -> None:
        seen.append(memory())

    notebook = nbformat.read(lesson, as_version=4)
    resources = {"metadata": {"path": str(lesson.parent)}}
    nbclient.NotebookClient(notebook, timeout=CELL_SECONDS, resources=resources, on_cell_executed=look).execute()
    return max(seen)


if __name__ == "__main__":
    for place in sys.argv[1:]:
        print(f"{Path(place).stem} {run(Path(place)):.0f} MiB", flush=True)
