"""Look whether everything works on this machine, one line for each thing, with the cure for what is wrong."""

import argparse

HELP = "does everything work on this machine?"
EXAMPLE = "shmlab doctor"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    from shmlab.doctor import doctor

    doctor()
    return 0
