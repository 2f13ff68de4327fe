"""List the labs and rings that run now, one a line: the name, and what is going on in it."""

import argparse

HELP = "list the labs that run now"
EXAMPLE = "shmlab ls"
STATUS = "0 listed"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    from shmlab.ring.ring_snapshot import running

    labs = running()
    for snapshot in labs:
        print(f"{snapshot.name}  {snapshot}")
    if not labs:
        print("No lab is running. Run `labs.live()` in a notebook, or `shmlab run` in another terminal.")
    return 0
