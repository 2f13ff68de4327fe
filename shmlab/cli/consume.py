"""`shmlab consume`: join a running lab as a consumer."""

from shmlab.cli.argument_types import as_guest
from shmlab.cli.produce import LEFT, join_as
from shmlab.cli.verb import verb


@verb("join a running lab as a consumer", example="shmlab consume shmlab-3f9c --rate max", status=LEFT)
@as_guest
def consume(name: str, rate: float | None, items: int | None) -> int:
    """Join a running lab from this terminal as a consumer; the notebook's view shows it coming."""
    return join_as("consumer", name, rate, items)
