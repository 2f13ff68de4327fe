"""The `shmlab` command: a thin face over the rooms below. Each command is one file beside this one.

A command has five names: `HELP`, what it does in a line; `EXAMPLE`, a call of it; `STATUS`, its exit statuses in
words; `arguments(parser)`, what it takes; and `run(chosen)`, which does it and gives the exit status: 0 it did what it
says, 1 it did and has something to say against the outcome. 2 is for what cannot be done as asked: a `ShmlabError`
becomes that, with its sentence. 128 + n is for a signal n, as the shell has it: 130 for Ctrl-C.
What a command needs is imported in `run`, so that no command waits for the rooms of another.
"""

import argparse
import errno
import io
import sys
from collections.abc import Sequence

import shmlab
from shmlab.cli import (
    attach,
    clean,
    compare,
    completion,
    consume,
    doctor,
    export,
    grade,
    ls,
    notebooks,
    present,
    produce,
    run,
    trace,
)
from shmlab.memory.errors import ShmlabError
from shmlab.views.terminal import orderly_exit

# in the order of `shmlab --help`
COMMANDS = (
    *(notebooks, present, run, ls, attach, produce, consume, compare),
    *(trace, export, grade, doctor, clean, completion),
)
ALWAYS = "2 not possible as asked, 130 interrupted by Ctrl-C"
READER_GONE = 128 + 13  # of SIGPIPE


def name(command: object) -> str:
    """What one types for it."""
    return command.__name__.rpartition(".")[2]  # type: ignore[attr-defined,no-any-return]


def parser() -> argparse.ArgumentParser:
    """Everything that can be typed after `shmlab`."""
    made = argparse.ArgumentParser(
        prog="shmlab",
        description="Real processes in real shared memory.",
        epilog=f"exit status: 0 done, 1 done with trouble, {ALWAYS}. `shmlab COMMAND --help` says more.",
    )
    made.add_argument("--version", action="version", version=f"shmlab {shmlab.__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        epilog = f"example: `{command.EXAMPLE}`. exit status: {command.STATUS}, {ALWAYS}."
        one = commands.add_parser(name(command), help=command.HELP, description=command.__doc__, epilog=epilog)
        command.arguments(one)
        one.set_defaults(run=command.run, parser=made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters shows a question mark instead
    chosen = parser().parse_args(arguments)
    try:
        status = int(chosen.run(chosen))
        if sys.stdout:  # there is none after `shmlab ls >&-`
            sys.stdout.flush()
        return status
    except ShmlabError as error:
        print(f"shmlab {chosen.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as the shell has it
    except BrokenPipeError:  # `shmlab ls | head -1`
        orderly_exit.hush()
        return READER_GONE
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        print(f"shmlab {chosen.command}: what it prints has no room where it goes: {error.strerror}.", file=sys.stderr)
        orderly_exit.hush()
        return 2
