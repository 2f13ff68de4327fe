"""Who passed what: `shmlab grade FOLDER` runs the notebooks that were handed in, and makes a table.

Each notebook is run from top to bottom in a sandbox, only to learn which answers it hands in to its checks. The
answers are then judged again in a process that has not run the notebook (`judging`). So nothing that a notebook
prints, saves or patches counts, and none can change the marks of another: all are read before the first is run.
`docs/security.md` says what is guaranteed, and what is not.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import stat
import sys
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shmlab.course.exercises import handed_in
from shmlab.course.exercises.code import Code
from shmlab.course.exercises.exercise_book import ExerciseBook
from shmlab.course.exercises.task import SEEDS
from shmlab.course.exercises.tasks import NUMBERS
from shmlab.course.grading import rerun, sandbox
from shmlab.memory.errors import ArgumentError
from shmlab.memory.text_table import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CELL_SECONDS = 60
ALL_CELLS = 10  # limit for all cells, as a multiple of the limit for one
JUDGING = 300.0  # seconds for judging one program, or all answers that are not programs
MOST_REMARKS = 300  # characters: some of them are the student's
LARGEST = 32 << 20  # bytes of one notebook
PASSED, TRIED, NOTHING, OPEN = "+", "-", ".", "?"
LEGEND = f"{PASSED} passed, {TRIED} tried and not passed, {NOTHING} not tried, {OPEN} look at it yourself"
Line = dict[str, Any]


@dataclass(frozen=True)
class Graded:
    """The result of one notebook: its tasks, those tried and passed, and what kept it from being run.

    `kept`: task -> {"passed": bool, "seed": number or None, "look": what keeps it from being judged, or empty}.
    """

    name: str
    tasks: tuple[str, ...]
    kept: Mapping[str, dict[str, object]] = field(default_factory=dict)
    trouble: str = ""

    def mark(self, task: str) -> str:
        """Return a letter of LEGEND, with the seed if there was one."""
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
    def asked(self) -> set[str]:
        """All tasks of every lesson that it has a task of: removing one from a notebook does not reduce the total."""
        lessons = [{task.name for task in ExerciseBook().lesson(number)} for number in NUMBERS]
        return {name for lesson in lessons if lesson & set(self.tasks) for name in lesson}

    @property
    def remarks(self) -> str:
        """What needs to be looked at by a person, in words."""
        looks = [f"{task}: {self.kept[task]['look']}" for task in self.tasks if self.mark(task).startswith(OPEN)]
        said = " ".join("; ".join([*filter(None, [self.trouble]), *looks]).split())
        return said if len(said) <= MOST_REMARKS else f"{said[:MOST_REMARKS]} ..."


def grade(name: str, content: bytes, seconds: int = CELL_SECONDS) -> Graded:
    """Run one notebook and judge what it hands in. An exception in one cell does not keep the others from being run."""
    try:
        source = code(content)
    except Exception as error:  # a submission may contain anything
        return Graded(name, (), {}, f"no notebook: {(str(error).splitlines() or [type(error).__name__])[0]}")
    whole = ALL_CELLS * seconds
    ended = sandbox.run("shmlab.course.grading.rerun", str(seconds), given=content, seconds=whole)
    trouble = rerun.ENDS.get(ended.status, f"stopped: its process ended with status {ended.status}")
    if ended.late:
        trouble = f"stopped: it took more than {whole} s"
    handed = answers(ended.said)
    tasks = tuple(task for task in ExerciseBook().tasks if task in handed or f"check.{task}(" in source)
    return Graded(name, tasks, judged(handed), trouble)


def code(content: bytes) -> str:
    """Return the text of the code cells of a notebook file of any version. Raises ValueError, KeyError, TypeError.

    It is only parsed as JSON: what Jupyter does to read a notebook, such as upgrading an old one, is done in the
    sandbox, where it has a deadline.
    """
    book = json.loads(content)
    cells = book["cells"] if "cells" in book else [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
    texts = [cell.get("source", cell.get("input", "")) for cell in cells if cell["cell_type"] == "code"]
    return "\n".join(text if isinstance(text, str) else "".join(text) for text in texts)


def answers(said: str) -> dict[str, Line]:
    """Return the latest answer to each task: if earlier ones counted too, handing in every possible one would pass.

    Anything else that a notebook has written among them is ignored.
    """
    known = ExerciseBook().tasks
    found: dict[str, Line] = {}
    for text in said.splitlines():
        match _loaded(text):
            case {"task": str(task), "seed": seed, "answers": list(), "more": dict(), "program": str()} as line:
                if task in known and (seed is None or (type(seed) is int and SEEDS[0] <= seed <= SEEDS[1])):
                    found[task] = line
    return found


def _loaded(text: str) -> Any:
    """Return a line as data; None if it is not JSON, too long, or nested more deeply than `handed_in` allows."""
    if len(text) > handed_in.LONGEST:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        line = json.loads(text)
        level: list[Any] = [line]
        for _ in range(handed_in.DEEPEST_DATA):
            level = [inner for part in level if isinstance(part, (list, dict)) for inner in _parts(part)]
        return None if level else line
    return None


def _parts(data: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return data.values() if isinstance(data, dict) else data


def judged(found: Mapping[str, Line]) -> dict[str, dict[str, object]]:
    """Return the judge's verdicts on these answers. Each program has its own process: it may loop or exhaust memory."""
    known = ExerciseBook().tasks
    values = {task: {**line, "program": ""} for task, line in found.items() if not isinstance(known[task], Code)}
    programs = [{task: line} for task, line in found.items() if isinstance(known[task], Code)]
    kept: dict[str, dict[str, object]] = {}
    for lines in [*([values] if values else []), *programs]:
        given = "".join(f"{json.dumps(line)}\n" for line in lines.values()).encode()
        ended = sandbox.run("shmlab.course.grading.judging", given=given, seconds=JUDGING)
        said = verdicts(ended.said)
        for task, line in lines.items():  # a verdict on any other task is ignored
            verdict = said.get(task, {"look": silence(ended)})
            look, passed = verdict.get("look", ""), verdict.get("passed") is True
            if look or verdict.get("tried"):
                kept[task] = {"passed": passed and not look, "seed": line["seed"], "look": look}
    return kept


def silence(ended: sandbox.SandboxResult) -> str:
    """Return why there is no verdict on an answer."""
    if ended.late:
        return f"no verdict within {JUDGING:g} s"
    return f"the judge ended with status {ended.status}" if ended.status else "the judge gave no verdict"


def verdicts(said: str) -> dict[str, Line]:
    """Return the first verdict on each task. What cannot be parsed is ignored, such as a truncated last line."""
    found: dict[str, Line] = {}
    for text in said.splitlines():
        match _loaded(text):
            case {"task": str(task), "look": str()} | {"task": str(task), "tried": bool(), "passed": bool()} as line:
                found.setdefault(task, line)
    return found


def table(graded: Sequence[Graded]) -> list[list[str]]:
    """Return a row for each notebook, with a column for each task that at least one of them has."""
    columns = [name for name in ExerciseBook().tasks if any(name in one.tasks for one in graded)]
    rows = [["notebook", "passed", *columns, ""]]
    for one in graded:
        marks = [one.mark(name) if name in one.asked else "" for name in columns]
        rows.append([one.name, f"{one.passed} of {len(one.asked)}", *marks, one.remarks])
    return [[printable(cell) for cell in row] for row in rows]


def printable(text: str) -> str:
    """Return a student's text, such as a file name, without characters that move the cursor or begin a line."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def no_formula(text: str) -> str:
    """Return a student's text for a spreadsheet, which would take one that begins with = + - or @ for a formula.

    Some do so after spaces, too, and for the full-width forms of these characters.
    """
    begins = unicodedata.normalize("NFKC", text).lstrip()[:1]
    return f"'{text}" if begins and begins in "=+-@" else text


def notebooks(places: Iterable[Path]) -> list[Path]:
    """Return the notebooks in and below these folders, and those that are named directly."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.rglob("*.ipynb")) if place.is_dir() else [place]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def names(paths: Sequence[Path]) -> list[str]:
    """Return each notebook's label in the table: its name, with as many of its folders as make it unique."""
    found = []
    for path in paths:
        parts, others = path.absolute().with_suffix("").parts, [other for other in paths if other != path]
        taken = [other.absolute().with_suffix("").parts for other in others]
        length = next((n for n in range(1, len(parts)) if all(parts[-n:] != other[-n:] for other in taken)), 1)
        found.append("/".join(parts[-length:]))
    return found


def run(places: Iterable[Path], save: Path | None = None, seconds: int = CELL_SECONDS) -> int:
    """Grade the notebooks in these places, print the table, and save it as CSV if `save` is given.

    Return 0 if all could be judged, 1 if one needs to be looked at. Raises ArgumentError if there are none.
    """
    paths = notebooks(places)
    if not paths:
        raise ArgumentError(f"no notebook in {', '.join(map(str, places))}: name a folder with .ipynb files in it.")
    if short := sandbox.SHORTCOMINGS[sandbox.best_level()]:
        print(short, file=sys.stderr)
    contents = [packed(*read(path)) for path in paths]  # all, before the first is run
    graded = []
    for path, name, (small, trouble) in zip(paths, names(paths), contents, strict=True):
        print(f"running {printable(str(path))} ...", file=sys.stderr, flush=True)
        content = zlib.decompress(small)
        graded.append(Graded(name, (), {}, trouble) if trouble else graded_or_not(name, content, seconds))
    rows = table(graded)
    print(*aligned(rows), f"\n{LEGEND}", sep="\n")
    if save:
        with save.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[no_formula(row[0]), *row[1:-1], no_formula(row[-1])] for row in rows])
    return int(any(one.remarks for one in graded))


def graded_or_not(name: str, content: bytes, seconds: int) -> Graded:
    """Return one graded notebook; if grading fails, the others are still graded."""
    try:
        return grade(name, content, seconds)
    except Exception as error:  # a submission may contain anything
        return Graded(name, (), {}, f"it could not be graded ({type(error).__name__}): look at it yourself")


def packed(content: bytes, trouble: str) -> tuple[bytes, str]:
    """Compress what was read, to save memory: a file of 32 MiB may have been submitted as a few bytes."""
    return zlib.compress(content, 1), trouble


def read(path: Path) -> tuple[bytes, str]:
    """Return what was submitted, and why it is unreadable or "". No link is followed: it may lead to another's work."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = error.errno == errno.ELOOP
        return b"", f"not read: {'it is a link, not a notebook' if link else error.strerror}"
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return b"", "not read: it is no regular file"
        with open(number, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return b"", f"not read: {error.strerror}"
    finally:
        os.close(number)
    return (content, "") if len(content) <= LARGEST else (b"", f"not read: it is larger than {LARGEST >> 20} MiB")
