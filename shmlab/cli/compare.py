"""Send the same items through shared memory, pipes, sockets and queues, and print how fast each was."""

import argparse
import sys
from pathlib import Path

from shmlab.cli import typed

HELP = "shared memory against pipes, sockets and queues"
EXAMPLE = "shmlab compare --quick"
STATUS = "0 measured"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer sizes, one to one: under ten seconds")
    parser.add_argument("--ways", metavar="NAME,...", help="only these; a name that is not one gets all that are")
    parser.add_argument("--sizes", metavar="BYTES,...", help="bytes of an item, such as 8,4096")
    parser.add_argument("--rounds", metavar="N", help="how often everything is measured")
    parser.add_argument("--seconds", metavar="S", help="how long all of it may take, about")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="save the figures, too")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.experiments.comparison import Measuring, follow, planned

    if chosen.csv:
        typed.check_place(chosen.csv, "--csv")  # before minutes of measuring
    plan = planned(
        chosen.ways and chosen.ways.split(","),
        chosen.sizes and [typed.number(size) for size in chosen.sizes.split(",")],
        rounds=chosen.rounds and typed.number(chosen.rounds),
        seconds=chosen.seconds and typed.number(chosen.seconds),
        quick=chosen.quick,
    )
    measuring = Measuring(plan)
    status = 0
    try:
        follow(measuring, sys.stdout if sys.stdout.isatty() else None)
    except KeyboardInterrupt:  # what was measured until then is shown
        status = 130
    known = measuring.comparison
    print(known, *known.why(), sep="\n\n")
    if chosen.csv:
        chosen.csv.write_text(known.csv())
    return status
