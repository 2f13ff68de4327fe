"""`shmlab attach`: watch a running lab."""

import contextlib

from shmlab.cli.argument_types import lab
from shmlab.cli.verb import verb


@verb("watch a running lab", example="shmlab attach shmlab-3f9c", status="0 the lab has ended, or you have quit")
@lab
def attach(name: str) -> int:
    """Watch a running lab in this terminal until it ends; where there is no terminal, a line of text a second.

    It changes nothing. A ring is a line of text.
    """
    from shmlab.memory.optional_packages import needed_for
    from shmlab.memory.segment import open_unmapped
    from shmlab.views.terminal import orderly_exit

    with needed_for("for `shmlab attach`"):
        from shmlab.views.terminal import session

    with contextlib.closing(open_unmapped(name)) as file:
        is_ring = bool(file.layout.producers)
    with orderly_exit.orderly():
        return session.attach_to_ring(name) if is_ring else session.attach(name)
