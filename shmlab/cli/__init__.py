"""The `shmlab` command: a thin face over the rooms below. Each command is one file beside this one.

A command has four names: `HELP`, what it does in a line; `EXAMPLE`, a call of it; `arguments(parser)`, what it takes;
and `run(chosen)`, which does it and gives the exit status: 0 it did what it says, 1 it did and has something to say
against the outcome. 2 is for what cannot be done as asked: a `ShmlabError` becomes that, with its sentence.
What a command needs is imported in `run`, so that no command waits for the rooms of another.
"""

import argparse
import sys
from collections.abc import Sequence

import shmlab
from shmlab.cli import attach, clean, compare, consume, doctor, grade, ls, present, produce
from shmlab.errors import ShmlabError

COMMANDS = (ls, attach, produce, consume, compare, present, grade, doctor, clean)  # in the order of `shmlab --help`


def name(command: object) -> str:
    """What one types for it."""
    return command.__name__.rpartition(".")[2]  # type: ignore[attr-defined,no-any-return]


def parser() -> argparse.ArgumentParser:
    """Everything that can be typed after `shmlab`."""
    made = argparse.ArgumentParser(
        prog="shmlab",
        description="Real processes in real shared memory.",
        epilog="exit status: 0 done, 1 done with trouble, 2 not possible as asked. `shmlab COMMAND --help` says more.",
    )
    made.add_argument("--version", action="version", version=f"shmlab {shmlab.__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        one = commands.add_parser(
            name(command), help=command.HELP, description=command.__doc__, epilog=f"example: {command.EXAMPLE}"
        )
        command.arguments(one)
        one.set_defaults(run=command.run)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except ShmlabError as error:
        print(f"shmlab {chosen.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as the shell has it
