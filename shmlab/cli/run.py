"""Start a lab and show it in this terminal, until you quit it; where there is no terminal, a line of text a second."""

import argparse

from shmlab import strategies
from shmlab.cli import typed
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

HELP = "a live lab in this terminal"
EXAMPLE = "shmlab run --strategy unsynchronised --producers 2 --consume-rate max"
SECONDS = (0.1, 86_400, "seconds")  # that a lab may be shown
STATUS = "0 no fault, 1 items were lost or doubled or did not all arrive"


def arguments(parser: argparse.ArgumentParser) -> None:
    rate = "items a second of each, 0.1 to 100,000, or max"
    parser.add_argument("--strategy", default="semaphores", choices=strategies.names, help="how they synchronise")
    parser.add_argument("--slots", metavar="N", default="8", help="of the buffer, {} to {:,}".format(*limits.SLOTS))
    parser.add_argument("--producers", metavar="N", default="1", help="how many processes put items")
    parser.add_argument("--consumers", metavar="N", default="1", help="how many processes get them")
    parser.add_argument("--produce-rate", metavar="R", default="5", help=rate)
    parser.add_argument("--consume-rate", metavar="R", default="4", help=rate)
    parser.add_argument("--pattern", default="constant", choices=limits.PATTERNS, help="how items are spread in time")
    parser.add_argument("--slow-motion", metavar="S", default="0", help="seconds that each step takes, 0 to 2")
    parser.add_argument("--items", metavar="N", help="stop after so many, and report")
    parser.add_argument("--seconds", metavar="S", help="stop after so long, and report")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.lab.lab import Lab
    from shmlab.memory.optional_packages import needed_for
    from shmlab.views.terminal import orderly_exit

    with needed_for("for `shmlab run`"):
        from shmlab.views.terminal import session

    lab = Lab(
        chosen.strategy,
        typed.number(chosen.slots),  # type: ignore[arg-type]
        typed.number(chosen.producers),  # type: ignore[arg-type]
        typed.number(chosen.consumers),  # type: ignore[arg-type]
        typed.rate(chosen.produce_rate),  # type: ignore[arg-type]
        typed.rate(chosen.consume_rate),  # type: ignore[arg-type]
        pattern=chosen.pattern,
        slow_motion=typed.number(chosen.slow_motion),  # type: ignore[arg-type]
    )
    items = None if chosen.items is None else limits.whole(typed.number(chosen.items), "items", 1, 1 << 40)
    seconds = None if chosen.seconds is None else limits.number(typed.number(chosen.seconds), "seconds", *SECONDS)
    if items is not None and typed.number(chosen.producers) == 0:
        raise ArgumentError("--items needs somebody who produces them: --producers 1 or more.")
    with orderly_exit.orderly():
        return session.run(lab, items, seconds)
