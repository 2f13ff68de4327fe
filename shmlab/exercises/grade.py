"""Who passed what: `shmlab grade FOLDER` runs the notebooks that were handed in, and makes a table.

Each notebook is run from top to bottom in a sandbox, only to learn which answers it hands in to its checks. The
answers are then judged again in a process that has not run the notebook (`judging`). So nothing that a notebook
prints, saves or patches counts, and none can change the marks of another: all are read before the first is run.
`docs/security.md` says what is promised, and what is not.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shmlab.errors import ArgumentError
from shmlab.exercises import rerun, sandbox
from shmlab.exercises.book import ExerciseBook
from shmlab.exercises.code import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CELL_SECONDS = 60
ALL_CELLS = 10  # times as long as one cell may take
JUDGING = 300.0  # seconds for judging one program, or all that is no program
MOST_ANSWERS = 100  # of one task: the newest
LONGEST = 64 << 10  # characters of one answer
PASSED, TRIED, NOTHING, OPEN = "+", "-", ".", "?"
LEGEND = f"{PASSED} passed, {TRIED} tried and not passed, {NOTHING} not tried, {OPEN} look at it yourself"
Line = dict[str, Any]


@dataclass(frozen=True)
class Graded:
    """One notebook: which tasks it has, which of them were tried and passed, what kept it from being run.

    `kept`: task -> {"passed": bool, "seed": number or None, "look": what keeps it from being judged, or empty}.
    """

    name: str
    tasks: tuple[str, ...]
    kept: Mapping[str, dict[str, object]] = field(default_factory=dict)
    trouble: str = ""

    def mark(self, task: str) -> str:
        """A letter of LEGEND; with the seed where there was one; empty where it has no such task."""
        if task not in self.tasks:
            return ""
        entry = self.kept.get(task)
        if entry is None:
            return NOTHING
        seed = entry.get("seed")
        letter = PASSED if entry.get("passed") is True else OPEN if entry.get("look") else TRIED
        return letter + ("" if seed is None else f" seed {seed}")

    @property
    def passed(self) -> int:
        return sum(self.mark(task).startswith(PASSED) for task in self.tasks)

    @property
    def remarks(self) -> str:
        """What somebody has to look at, in words."""
        looks = [f"{task}: {self.kept[task]['look']}" for task in self.tasks if self.mark(task).startswith(OPEN)]
        return "; ".join([*filter(None, [self.trouble]), *looks])


def grade(name: str, content: bytes, seconds: int = CELL_SECONDS) -> Graded:
    """Run one notebook and judge what it hands in. An exception in one cell does not keep the others from being run."""
    import nbformat

    try:
        book = nbformat.reads(content.decode(), as_version=4)
        source = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
        given = nbformat.writes(book).encode()
    except Exception as error:  # whatever was handed in under this name
        return Graded(name, (), {}, f"no notebook: {(str(error).splitlines() or [type(error).__name__])[0]}")
    tasks = tuple(task for task in ExerciseBook().tasks if f"check.{task}(" in source)
    whole = ALL_CELLS * seconds
    ended = sandbox.run("shmlab.exercises.rerun", str(seconds), given=given, seconds=whole)
    trouble = rerun.ENDS.get(ended.status, f"stopped: its process ended with status {ended.status}")
    if ended.late:
        trouble = f"stopped: it took more than {whole} s"
    return Graded(name, tasks, judged(answers(ended.said)), trouble)


def answers(said: str) -> dict[str, list[Line]]:
    """The answers to each task, the newest first. Whatever else a notebook has written among them is left out."""
    known = ExerciseBook().tasks
    found: dict[str, list[Line]] = {}
    for text in reversed(list(dict.fromkeys(said.splitlines()))):
        try:
            line: Any = json.loads(text) if len(text) <= LONGEST else None
        except (ValueError, RecursionError):
            continue
        match line:
            case {"task": str(task), "seed": None | int(), "answers": list(), "more": dict(), "program": str()}:
                if task in known and len(found.setdefault(task, [])) < MOST_ANSWERS:
                    found[task].append(line)
    return found


def judged(found: Mapping[str, list[Line]]) -> dict[str, dict[str, object]]:
    """What a judge says of these answers. Each program has a process to itself: it may loop, or take all memory."""
    known = ExerciseBook().tasks
    programs = [[task] for task in found if isinstance(known[task], Code)]
    values = [task for task in found if not isinstance(known[task], Code)]
    kept: dict[str, dict[str, object]] = {}
    for tasks in [*([values] if values else []), *programs]:
        lines = [line if tasks in programs else {**line, "program": ""} for task in tasks for line in found[task]]
        given = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        ended = sandbox.run("shmlab.exercises.judging", given=given, seconds=JUDGING)
        for verdict in verdicts(ended.said):
            note(kept, verdict)
        for task in tasks if ended.status else []:
            why = f"no verdict within {JUDGING:g} s" if ended.late else f"the judge ended with status {ended.status}"
            note(kept, {"task": task, "seed": None, "look": why})
    return kept


def verdicts(said: str) -> Iterator[Line]:
    """What a judge said; the last line may be cut off."""
    for line in said.splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def note(kept: dict[str, dict[str, object]], verdict: Line) -> None:
    """Keep a verdict, unless there is one on a newer answer. But to have passed counts most, then to be looked at."""
    before = kept.get(verdict["task"], {})
    if before.get("passed") or not (verdict.get("tried") or verdict.get("look")):
        return
    if not before or verdict.get("passed") or (verdict.get("look") and not before["look"]):
        passed, look = verdict.get("passed") is True, verdict.get("look", "")
        kept[verdict["task"]] = {"passed": passed, "seed": verdict["seed"], "look": look}


def table(graded: Sequence[Graded]) -> list[list[str]]:
    """A row for each notebook, a column for each task that at least one of them has."""
    columns = [name for name in ExerciseBook().tasks if any(name in one.tasks for one in graded)]
    rows = [["notebook", "passed", *columns, ""]]
    for one in graded:
        counted = f"{one.passed} of {len(one.tasks)}"
        rows.append([one.name, counted, *[one.mark(name) for name in columns], one.remarks])
    return [[printable(cell) for cell in row] for row in rows]


def printable(text: str) -> str:
    """A text of a student's, such as the name of a file, without what would move the cursor or begin a line."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


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

    0 when all could be judged, 1 when somebody has to look at one. Raises ArgumentError when there is none.
    """
    paths = notebooks(places)
    if not paths:
        raise ArgumentError(f"no notebook in {', '.join(map(str, places))}: name a folder with .ipynb files in it.")
    if short := sandbox.SHORTCOMINGS[sandbox.best_level()]:
        print(short, file=sys.stderr)
    contents = [read(path) for path in paths]  # all, before the first is run
    graded = []
    for path, content in zip(paths, contents, strict=True):
        print(f"running {printable(str(path))} ...", file=sys.stderr, flush=True)
        graded.append(grade(path.stem, content, seconds))
    rows = table(graded)
    print(lined_up(rows), f"\n{LEGEND}", sep="\n")
    if save:
        with save.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return int(any(one.remarks for one in graded))


def read(path: Path) -> bytes:
    """What was handed in; nothing where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
