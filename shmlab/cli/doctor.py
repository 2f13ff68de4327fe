"""`shmlab doctor`: does everything work on this machine?"""

from shmlab.cli.verb import verb


@verb(
    "does everything work on this machine?",
    example="shmlab doctor",
    status="0 all that is needed is there, 1 something is not",
)
def doctor() -> int:
    """Look whether everything works on this machine, one line for each thing, with the cure for what is wrong."""
    from shmlab.doctor import report

    return report()
