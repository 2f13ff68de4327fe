"""What a command of `shmlab` is made of: its words in the help, an example, its exit statuses."""

from collections.abc import Callable
from typing import Any

import click

ALWAYS = "2 not possible as asked, 130 interrupted by Ctrl-C"  # exit statuses that every command has


class Verb(click.Command):
    """A command of `shmlab`. `example` is a call of it that works, `status` its own exit statuses in words."""

    def __init__(self, *given: Any, example: str, status: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self.example, self.status = example, status
        self.epilog = f"example: `{example}`. exit status: {status}, {ALWAYS}."


def verb(short: str, example: str, status: str) -> Callable[[Callable[..., int]], Verb]:
    """Make a command of a function that gives its exit status; the function's docstring is what its help says.

    short: what it does, in a line of `shmlab --help`.
    """
    shown = {"show_default": True}
    return click.command(cls=Verb, short_help=short, example=example, status=status, context_settings=shown)

