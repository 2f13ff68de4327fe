"""Show the lecture on the whole screen, on this machine alone. The page says its keys. Ctrl-C ends it."""

import argparse

HELP = "the lecture, for the projector"
EXAMPLE = "shmlab present --dark"
STATUS = "0 the lecture has ended"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, metavar="N", help="usually the first free one from 8866")
    parser.add_argument("--no-open", action="store_true", help="print the address and open no browser")
    parser.add_argument("--dark", action="store_true", help="light letters on dark paper")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.views.present import present

    present(chosen.port, not chosen.no_open, chosen.dark)
    return 0
