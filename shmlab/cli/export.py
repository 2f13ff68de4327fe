"""`shmlab export`: lessons as web pages that play without a kernel."""

import sys
from pathlib import Path

import click

from shmlab.cli.argument_types import Number
from shmlab.cli.verb import verb
from shmlab.memory.errors import ArgumentError

SECONDS = 8.0


@verb(
    "lessons as web pages that play without a kernel",
    example="shmlab export notebooks/05_producer_consumer.ipynb --to pages",
    status="0 written",
)
@click.argument(
    "notebooks",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="LESSON...",
    help="notebooks, or folders of them",
)
@click.option("--to", type=click.Path(path_type=Path), metavar="FOLDER", required=True, help="where the pages go")
@click.option("--execute", is_flag=True, help="run the cells first; else their saved outputs are shown")
@click.option(
    "--seconds", type=Number(1, 120, "seconds"), default=SECONDS, help="how long each run is, 1 to 120"
)
def export(notebooks: tuple[Path, ...], to: Path, execute: bool, seconds: float) -> int:
    """Make pages of lessons that need no kernel: in place of each live lab, a run of it, recorded now, is played."""
    from shmlab import labs
    from shmlab.views.web import page

    found = [path for place in notebooks for path in (sorted(place.glob("*.ipynb")) if place.is_dir() else [place])]
    if len({path.stem for path in found}) < len(found):
        raise ArgumentError("two of these notebooks have the same name, and so would their pages.")
    if not found:
        raise ArgumentError(f"there is no notebook in {', '.join(map(str, notebooks))}.")
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"--to: cannot make the folder '{to}': {error.strerror}.") from None
    trouble = 0
    for path in found:
        made = page(path, seconds, labs.live, execute, lambda line: print(f"{line} ...", flush=True))
        target = to / f"{path.stem}.html"
        target.write_text(made.text, encoding="utf-8")
        print(f"{target}: {made.players} recorded run{'s' * (made.players != 1)}, {target.stat().st_size:,} bytes")
        for sentence in made.missing:
            trouble = 1
            print(f"{path}: a lab is not played in the page: {sentence}", file=sys.stderr)
    return trouble
