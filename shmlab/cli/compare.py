"""`shmlab compare`: shared memory against pipes, sockets and queues."""

import sys
from pathlib import Path

import click

from shmlab.cli.argument_types import NewFile, Several, Typed
from shmlab.cli.verb import verb


@verb("shared memory against pipes, sockets and queues", example="shmlab compare --quick", status="0 measured")
@click.option("--quick", is_flag=True, help="fewer sizes, one to one: under ten seconds")
@click.option("--ways", type=Several(), metavar="NAME,...", help="only these; a name that is not one gets all that are")
@click.option("--sizes", type=Several(), metavar="BYTES,...", help="bytes of an item, such as 8,4096")
@click.option("--rounds", type=Typed(), metavar="N", help="how often everything is measured")
@click.option("--seconds", type=Typed(), metavar="S", help="how long all of it may take, about")
@click.option("--csv", type=NewFile(), metavar="FILE", help="save the figures, too")
def compare(
    quick: bool,
    ways: list[str] | None,
    sizes: list[int] | None,
    rounds: int | None,
    seconds: float | None,
    csv: Path | None,
) -> int:
    """Send the same items through shared memory, pipes, sockets and queues, and print how fast each was."""
    from shmlab.experiments.comparison import Measuring, follow, planned

    measuring = Measuring(planned(ways, sizes, rounds=rounds, seconds=seconds, quick=quick))
    status = 0
    try:
        follow(measuring, sys.stdout if sys.stdout.isatty() else None)
    except KeyboardInterrupt:  # what was measured until then is shown
        status = 130
    known = measuring.comparison
    print(known, *known.why(), sep="\n\n")
    if csv:
        csv.write_text(known.csv())
    return status
