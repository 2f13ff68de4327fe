"""Join a running lab from this terminal as a consumer; the notebook's view shows it coming."""

import argparse

from shmlab.cli import produce

HELP = "join a running lab as a consumer"
EXAMPLE = "shmlab consume shmlab-3f9c --rate max"
STATUS = "0 the lab has ended, or you have left, by Ctrl-C, too"
arguments = produce.arguments


def run(chosen: argparse.Namespace) -> int:
    return produce.run(chosen, "consumer")
