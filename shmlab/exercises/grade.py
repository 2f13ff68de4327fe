"""Who passed what: `shmlab grade FOLDER` runs the notebooks that were handed in, and makes a table.

Each notebook is run from top to bottom in a kernel of its own, and what its checks say *now* counts: saved outputs and
a student's own file of progress are not looked at. It runs what students wrote, so run it where that can do no harm.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shmlab.errors import ArgumentError
from shmlab.exercises.book import ExerciseBook
from shmlab.exercises.progress import VARIABLE, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CELL_SECONDS = 60
PASSED, TRIED, NOTHING = "+", "-", "."


@dataclass(frozen=True)
class Graded:
    """One notebook: which tasks it has, which of them were tried and passed, what kept it from being run."""

    name: str
    tasks: tuple[str, ...]
    kept: Mapping[str, dict[str, object]] = field(default_factory=dict)
    trouble: str = ""

    def mark(self, task: str) -> str:
        """`+` passed, `-` tried, `.` not tried; with the seed where there was one; empty where it has no such task."""
        if task not in self.tasks:
            return ""
        entry = self.kept.get(task)
        if entry is None:
            return NOTHING
        seed = entry.get("seed")
        return (PASSED if entry.get("passed") is True else TRIED) + ("" if seed is None else f" seed {seed}")

    @property
    def passed(self) -> int:
        return sum(self.mark(task).startswith(PASSED) for task in self.tasks)


def grade(path: Path, seconds: int = CELL_SECONDS) -> Graded:
    """Run one notebook and see what its checks say. An exception in one cell does not keep the others from running."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    try:
        book = nbformat.read(path, as_version=4)
    except Exception as error:  # whatever was handed in under this name
        return Graded(path.stem, (), {}, f"no notebook: {str(error).splitlines()[0]}")
    source = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    names = tuple(name for name in ExerciseBook().tasks if f"check.{name}(" in source)
    trouble = ""
    with tempfile.TemporaryDirectory(prefix="shmlab-grade-") as folder:
        kept = Path(folder, "progress.json")
        client = NotebookClient(
            book, timeout=seconds, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
        )
        try:
            client.execute(env={**os.environ, VARIABLE: str(kept)})
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            trouble = f"stopped: {type(error).__name__}"
        return Graded(path.stem, names, Progress(kept).tasks, trouble)


def table(graded: Sequence[Graded]) -> list[list[str]]:
    """A row for each notebook, a column for each task that at least one of them has."""
    columns = [name for name in ExerciseBook().tasks if any(name in one.tasks for one in graded)]
    rows = [["notebook", "passed", *columns, ""]]
    for one in graded:
        counted = f"{one.passed} of {len(one.tasks)}"
        rows.append([one.name, counted, *[one.mark(name) for name in columns], one.trouble])
    return rows


def lined_up(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text with columns below each other."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def notebooks(places: Iterable[Path]) -> list[Path]:
    """The notebooks in these folders and below them, and those that are named themselves."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.rglob("*.ipynb")) if place.is_dir() else [place]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def run(places: Iterable[Path], save: Path | None = None, seconds: int = CELL_SECONDS) -> int:
    """Grade what is in these places, print the table, and save it where asked as CSV.

    0 when every notebook could be run to its end, 1 when one could not. Raises ArgumentError when there is none.
    """
    paths = notebooks(places)
    if not paths:
        raise ArgumentError(f"no notebook in {', '.join(map(str, places))}: name a folder with .ipynb files in it.")
    graded = []
    for path in paths:
        print(f"running {path} ...", file=sys.stderr, flush=True)
        graded.append(grade(path, seconds))
    rows = table(graded)
    print(lined_up(rows), f"\n{PASSED} passed, {TRIED} tried and not passed, {NOTHING} not tried", sep="\n")
    if save:
        with save.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return int(any(one.trouble for one in graded))
