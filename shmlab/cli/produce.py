"""`shmlab produce`: join a running lab as a producer."""

import click

from shmlab.cli.argument_types import Rate, Whole, lab
from shmlab.cli.verb import verb

MOST = 1 << 40  # items
LEFT = "0 the lab has ended, or you have left, by Ctrl-C, too"


@verb("join a running lab as a producer", example="shmlab produce shmlab-3f9c --rate 20", status=LEFT)
@lab
@click.option("--rate", type=Rate(), default="5", help="items a second, 0.1 to 100,000, or max")
@click.option("--items", type=Whole(1, MOST), help="leave after so many")
def produce(name: str, rate: float | None, items: int | None) -> int:
    """Join a running lab from this terminal as a producer; the notebook's view shows it coming."""
    return join_as("producer", name, rate, items)


def join_as(role: str, name: str, rate: float | None, items: int | None) -> int:
    """Work in a lab, and tell how it goes."""
    from shmlab.worker.guest import join

    join(name, role, rate, items, lambda line: print(line, flush=True))
    return 0
