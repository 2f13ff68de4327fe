"""The `shmlab` command: a thin face over the packages below.

`main` is what the command calls. Each verb is a file of its name, which says what it takes, its help, an example and
its exit statuses, and does it; what it needs is imported in the function, so that no verb waits for the packages of
another. `verb` is what they are made of, `argument_types` are the types of what is typed, and `group` puts them
together.

Exit statuses: 0 it did what it says, 1 it did and has something to say against the outcome, 2 it cannot be done as
asked (the sentence of a `ShmlabError`), 128 + n for a signal n, as the shell has it: 130 for Ctrl-C.
"""

import sys
from collections.abc import Sequence

from shmlab.memory.errors import PackageMissing
from shmlab.memory.optional_packages import needed_for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status. The doctor is there even where nothing else is installed."""
    try:
        with needed_for("for the command `shmlab`, all of it but `shmlab doctor`"):
            from shmlab.cli.group import typed
    except PackageMissing as error:
        if list(sys.argv[1:] if arguments is None else arguments) == ["doctor"]:
            from shmlab.doctor import report

            return report()
        print(f"shmlab: {error}", file=sys.stderr)
        return 2
    return typed(arguments)
