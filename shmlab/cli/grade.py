"""Run the notebooks that were handed in, each in a sandbox, judge their answers again, and tell who passed what."""

import argparse
from pathlib import Path

from shmlab.cli import typed

HELP = "who passed what in a class"
EXAMPLE = "shmlab grade handed_in --csv marks.csv"
STATUS = "0 all were judged, 1 one has to be looked at"
CELL_SECONDS = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("places", nargs="+", type=Path, metavar="FOLDER", help="folders of notebooks, or notebooks")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="save the table, too")
    how_long = "how long one cell may take, and a notebook ten times that"
    parser.add_argument("--seconds", metavar="S", default=f"{CELL_SECONDS}", help=how_long)


def run(chosen: argparse.Namespace) -> int:
    from shmlab.course.grading import grade
    from shmlab.memory import limits
    from shmlab.memory.errors import ArgumentError

    for place in chosen.places:
        if not place.exists():
            raise ArgumentError(f"there is no {place}: name folders of notebooks, or notebooks.")
    seconds = limits.whole(typed.number(chosen.seconds), "seconds", 1, 3600)
    if chosen.csv:
        typed.check_place(chosen.csv, "--csv")
    return grade.run(chosen.places, chosen.csv, seconds)
