"""The command with all its verbs, and what comes of typing it."""

import errno
import io
import os
import sys
from collections.abc import Sequence

import click
from click.shell_completion import shell_complete

import shmlab
from shmlab.cli.attach import attach
from shmlab.cli.clean import clean
from shmlab.cli.compare import compare
from shmlab.cli.completion import VARIABLE, completion
from shmlab.cli.consume import consume
from shmlab.cli.doctor import doctor
from shmlab.cli.export import export
from shmlab.cli.grade import grade
from shmlab.cli.ls import ls
from shmlab.cli.notebooks import notebooks
from shmlab.cli.present import present
from shmlab.cli.produce import produce
from shmlab.cli.run import run
from shmlab.cli.trace import trace
from shmlab.cli.verb import ALWAYS, Verb
from shmlab.memory.errors import ShmlabError
from shmlab.views.terminal import orderly_exit

# in the order of `shmlab --help`
VERBS: tuple[Verb, ...] = (
    *(notebooks, present, run, ls, attach, produce, consume, compare),
    *(trace, export, grade, doctor, clean, completion),
)
READER_GONE = 128 + 13  # of SIGPIPE


class Shmlab(click.Group):
    """`shmlab`, which lists its verbs in their order and not in that of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the verbs."""
        return list(self.commands)


def whole() -> Shmlab:
    """Everything that can be typed after `shmlab`."""
    epilog = f"exit status: 0 done, 1 done with trouble, {ALWAYS}. `shmlab COMMAND --help` says more."
    made = Shmlab("shmlab", help="Real processes in real shared memory.", epilog=epilog)
    for one in VERBS:
        made.add_command(one)
    return click.version_option(shmlab.__version__, message="shmlab %(version)s")(made)


def typed(arguments: Sequence[str] | None = None) -> int:
    """Run what was typed and give its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters shows a question mark instead
    group, words = whole(), list(sys.argv[1:] if arguments is None else arguments)
    if wanted := os.environ.get(VARIABLE):
        return shell_complete(group, {}, "shmlab", VARIABLE, wanted)
    verb = f"shmlab {words[0]}" if words and words[0] in group.commands else "shmlab"
    try:
        with group.make_context("shmlab", words) as context:
            status = int(group.invoke(context) or 0)
        if sys.stdout:  # there is none after `shmlab ls >&-`
            sys.stdout.flush()
        return status
    except click.exceptions.Exit as ending:  # after --help and --version
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:  # `shmlab` alone
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.UsageError as error:
        print(f"{verb}: {error.format_message().rstrip('.')}. `{verb} --help` says what there is.", file=sys.stderr)
        return 2
    except ShmlabError as error:
        print(f"{verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as the shell has it
    except BrokenPipeError:  # `shmlab ls | head -1`
        orderly_exit.hush()
        return READER_GONE
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        print(f"{verb}: what it prints has no room where it goes: {error.strerror}.", file=sys.stderr)
        orderly_exit.hush()
        return 2
