"""Look whether everything works on this machine, one line for each thing, with the cure for what is wrong."""

import argparse

HELP = "does everything work on this machine?"
EXAMPLE = "shmlab doctor"
STATUS = "0 all that is needed is there, 1 something is not"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    from shmlab.doctor import findings

    wrong = 0
    for finding in findings():
        print(finding, flush=True)
        wrong += finding.wrong
    return int(wrong > 0)
