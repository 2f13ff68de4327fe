"""`shmlab consume`: join a running lab as a consumer."""

import click

from shmlab.cli.argument_types import Rate, Whole, lab
from shmlab.cli.produce import LEFT, MOST, join_as
from shmlab.cli.verb import verb


@verb("join a running lab as a consumer", example="shmlab consume shmlab-3f9c --rate max", status=LEFT)
@lab
@click.option("--rate", type=Rate(), default="5", help="items a second, 0.1 to 100,000, or max")
@click.option("--items", type=Whole(1, MOST), help="leave after so many")
def consume(name: str, rate: float | None, items: int | None) -> int:
    """Join a running lab from this terminal as a consumer; the notebook's view shows it coming."""
    return join_as("consumer", name, rate, items)
