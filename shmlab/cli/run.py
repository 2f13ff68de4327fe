"""`shmlab run`: a live lab in this terminal."""

import click

from shmlab import strategies
from shmlab.cli.argument_types import MOST_ITEMS, Number, Rate, Whole
from shmlab.cli.verb import verb
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

EACH = "items a second of each, 0.1 to 100,000, or max"
SHOWN = (0.1, 86_400, "seconds")  # that a lab may be shown


@verb(
    "a live lab in this terminal",
    example="shmlab run --strategy unsynchronised --producers 2 --consume-rate max",
    status="0 no fault, 1 items were lost or doubled or did not all arrive",
)
@click.option("--strategy", type=click.Choice(strategies.names), default="semaphores", help="how they synchronise")
@click.option("--slots", type=Whole(*limits.SLOTS), default=8, help="of the buffer, {} to {:,}".format(*limits.SLOTS))
@click.option("--producers", type=Whole(0, limits.WORKERS), default=1, help="how many processes put items")
@click.option("--consumers", type=Whole(0, limits.WORKERS), default=1, help="how many processes get them")
@click.option("--produce-rate", type=Rate(), default="5", help=EACH)
@click.option("--consume-rate", type=Rate(), default="4", help=EACH)
@click.option("--pattern", type=click.Choice(limits.PATTERNS), default="constant", help="how items are spread in time")
@click.option(
    "--slow-motion",
    type=Number(*limits.SLOW_MOTION, "seconds"),
    default=0,
    help="seconds that each step takes, 0 to 2",
)
@click.option("--items", type=Whole(1, MOST_ITEMS), help="stop after so many, and report")
@click.option("--seconds", type=Number(*SHOWN), help="stop after so long, and report")
def run(
    strategy: str,
    slots: int,
    producers: int,
    consumers: int,
    produce_rate: float | None,
    consume_rate: float | None,
    pattern: str,
    slow_motion: float,
    items: int | None,
    seconds: float | None,
) -> int:
    """Start a lab and show it in this terminal, until you quit it.

    Where there is no terminal, it is a line of text a second.
    """
    from shmlab.lab.lab import Lab
    from shmlab.memory.optional_packages import needed_for
    from shmlab.views.terminal import orderly_exit

    with needed_for("for `shmlab run`"):
        from shmlab.views.terminal import session

    rates = produce_rate, consume_rate
    lab = Lab(strategy, slots, producers, consumers, *rates, pattern=pattern, slow_motion=slow_motion)
    if items is not None and producers == 0:
        raise ArgumentError("--items needs somebody who produces them: --producers 1 or more.")
    with orderly_exit.orderly():
        return session.run(lab, items, seconds)
