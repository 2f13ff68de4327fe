"""`shmlab ls`: list the labs that run now."""

from shmlab.cli.verb import verb


@verb("list the labs that run now", example="shmlab ls", status="0 listed")
def ls() -> int:
    """List the labs and rings that run now, one a line: the name, and what is going on in it."""
    from shmlab.ring.ring_snapshot import running

    labs = running()
    for snapshot in labs:
        print(f"{snapshot.name}  {snapshot}")
    if not labs:
        print("No lab is running. Run `labs.live()` in a notebook, or `shmlab run` in another terminal.")
    return 0
