"""Join a running lab from this terminal as a producer; the notebook's view shows it coming."""

import argparse

from shmlab.cli import typed

HELP = "join a running lab as a producer"
EXAMPLE = "shmlab produce shmlab-3f9c --rate 20"
STATUS = "0 the lab has ended, or you have left, by Ctrl-C, too"
ROLE = "producer"


def arguments(parser: argparse.ArgumentParser) -> None:
    typed.lab(parser)
    parser.add_argument("--rate", metavar="R", default="5", help="items a second, 0.1 to 100,000, or max")
    parser.add_argument("--items", metavar="N", help="leave after so many")


def run(chosen: argparse.Namespace, role: str = ROLE) -> int:
    from shmlab.worker.guest import join

    items = chosen.items and typed.number(chosen.items)
    join(typed.which(chosen.name), role, typed.rate(chosen.rate), items, lambda line: print(line, flush=True))
    return 0
