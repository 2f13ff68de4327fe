"""Make pages of lessons that need no kernel: in place of each live lab, a real run of it, recorded now, is played."""

import argparse
import sys
from pathlib import Path

from shmlab.memory.errors import ArgumentError

HELP = "lessons as web pages that play without a kernel"
EXAMPLE = "shmlab export notebooks/05_producer_consumer.ipynb --to pages"
STATUS = "0 written"
SECONDS = 8.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="LESSON", help="notebooks, or folders of them")
    parser.add_argument("--to", type=Path, metavar="FOLDER", required=True, help="where the pages go")
    parser.add_argument(
        "--execute", action="store_true", help="run the cells first; else their saved outputs are shown"
    )
    parser.add_argument("--seconds", metavar="S", type=float, default=SECONDS, help="how long each run is, 1 to 120")


def run(chosen: argparse.Namespace) -> int:
    from shmlab import labs
    from shmlab.memory import limits
    from shmlab.views.web import page

    seconds = limits.number(chosen.seconds, "--seconds", 1, 120, "seconds")
    found = [
        path for place in chosen.notebooks for path in (sorted(place.glob("*.ipynb")) if place.is_dir() else [place])
    ]
    if len({path.stem for path in found}) < len(found):
        raise ArgumentError("two of these notebooks have the same name, and so would their pages.")
    if not found:
        raise ArgumentError(f"there is no notebook in {', '.join(str(place) for place in chosen.notebooks)}.")
    try:
        chosen.to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"--to: cannot make the folder '{chosen.to}': {error.strerror}.") from None
    trouble = 0
    for path in found:
        made = page(path, seconds, labs.live, chosen.execute, lambda line: print(f"{line} ...", flush=True))
        target = chosen.to / f"{path.stem}.html"
        target.write_text(made.text, encoding="utf-8")
        print(f"{target}: {made.players} recorded run{'s' * (made.players != 1)}, {target.stat().st_size:,} bytes")
        for sentence in made.missing:
            trouble = 1
            print(f"{path}: a lab is not played in the page: {sentence}", file=sys.stderr)
    return trouble
