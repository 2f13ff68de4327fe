"""Watch a running lab from a terminal: a line of text that says what is going on, until it ends. It changes nothing."""

import argparse
import contextlib
import sys
import time

from shmlab.cli import typed

HELP = "watch a running lab"
EXAMPLE = "shmlab attach shmlab-3f9c0a5d7e21b846"


def arguments(parser: argparse.ArgumentParser) -> None:
    typed.lab(parser)


def run(chosen: argparse.Namespace) -> int:
    from shmlab import observer, segment

    before, after, every = ("\r\033[2K", "", 0.2) if sys.stdout.isatty() else ("", "\n", 1.0)
    with observer.Observer(chosen.name) as eye, contextlib.suppress(KeyboardInterrupt):
        while not segment.owner_is_dead(chosen.name) and (seen := eye.snapshot()).state != "stopped":
            print(before, seen, sep="", end=after, flush=True)
            time.sleep(every)
        print(f"\n{chosen.name} has ended.")
    return 0
