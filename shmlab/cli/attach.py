"""Watch a running lab in this terminal until it ends; where there is no terminal, a line of text a second. It changes
nothing. A ring is a line of text.
"""

import argparse
import contextlib

from shmlab.cli import typed

HELP = "watch a running lab"
EXAMPLE = "shmlab attach shmlab-3f9c"
STATUS = "0 the lab has ended, or you have quit"


def arguments(parser: argparse.ArgumentParser) -> None:
    typed.lab(parser)


def run(chosen: argparse.Namespace) -> int:
    from shmlab.memory.optional_packages import needed_for
    from shmlab.memory.segment import open_unmapped
    from shmlab.views.terminal import orderly_exit

    with needed_for("for `shmlab attach`"):
        from shmlab.views.terminal import session

    name = typed.which(chosen.name)
    with contextlib.closing(open_unmapped(name)) as file:
        is_ring = bool(file.layout.producers)
    with orderly_exit.orderly():
        return session.attach_to_ring(name) if is_ring else session.attach(name)
