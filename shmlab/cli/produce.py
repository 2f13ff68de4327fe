"""`shmlab produce`: join a running lab as a producer."""

from shmlab.cli.argument_types import as_guest
from shmlab.cli.verb import verb

LEFT = "0 the lab has ended, or you have left, by Ctrl-C, too"


@verb("join a running lab as a producer", example="shmlab produce shmlab-3f9c --rate 20", status=LEFT)
@as_guest
def produce(name: str, rate: float | None, items: int | None) -> int:
    """Join a running lab from this terminal as a producer; the notebook's view shows it coming."""
    return join_as("producer", name, rate, items)


def join_as(role: str, name: str, rate: float | None, items: int | None) -> int:
    """Work in a lab, and tell how it goes."""
    from shmlab.worker.guest import join

    join(name, role, rate, items, lambda line: print(line, flush=True))
    return 0
