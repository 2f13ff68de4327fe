"""Join a running lab from this terminal as a producer; the notebook's view shows it coming."""

import argparse

from shmlab.cli import typed

HELP = "join a running lab as a producer"
EXAMPLE = "shmlab produce shmlab-3f9c0a5d7e21b846 --rate 20"
ROLE = "producer"


def arguments(parser: argparse.ArgumentParser) -> None:
    typed.lab(parser)
    parser.add_argument("--rate", metavar="R", default="5", help="items a second, 0.1 to 100,000, or max")
    parser.add_argument("--items", metavar="N", help="leave after so many")


def run(chosen: argparse.Namespace, role: str = ROLE) -> int:
    from shmlab.join import join

    rate = None if chosen.rate == "max" else typed.number(chosen.rate)
    items = chosen.items and typed.number(chosen.items)
    join(chosen.name, role, rate, items, lambda line: print(line, flush=True))
    return 0
