"""`shmlab grade`: who passed what in a class."""

from pathlib import Path

import click

from shmlab.cli.argument_types import NewFile, Whole
from shmlab.cli.verb import verb
from shmlab.memory.errors import ArgumentError

CELL_SECONDS = 60


@verb(
    "who passed what in a class",
    example="shmlab grade handed_in --csv marks.csv",
    status="0 all were judged, 1 one has to be looked at",
)
@click.argument(
    "places",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER...",
    help="folders of notebooks, or notebooks",
)
@click.option("--csv", type=NewFile(), metavar="FILE", help="save the table, too")
@click.option(
    "--seconds",
    type=Whole(1, 3600),
    metavar="S",
    default=CELL_SECONDS,
    help="how long one cell may take, and a notebook ten times that",
)
def grade(places: tuple[Path, ...], csv: Path | None, seconds: int) -> int:
    """Run the notebooks that were handed in, each in a sandbox, judge their answers again, and tell who passed what."""
    from shmlab.course.grading import grade

    for place in places:
        if not place.exists():
            raise ArgumentError(f"there is no {place}: name folders of notebooks, or notebooks.")
    return grade.run(list(places), csv, seconds)
