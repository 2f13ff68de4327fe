"""`shmlab present`: the lecture, for the projector."""

import click

from shmlab.cli.argument_types import Typed
from shmlab.cli.verb import verb


@verb("the lecture, for the projector", example="shmlab present --dark", status="0 the lecture has ended")
@click.option("--port", type=Typed(), metavar="N", help="usually the first free one from 8866")
@click.option("--no-open", is_flag=True, help="print the address and open no browser")
@click.option("--dark", is_flag=True, help="light letters on dark paper")
def present(port: int | None, no_open: bool, dark: bool) -> int:
    """Show the lecture on the whole screen, on this machine alone. The page says its keys. Ctrl-C ends it."""
    from shmlab.views.present import present as show

    show(port, not no_open, dark)
    return 0
