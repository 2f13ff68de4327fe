"""Remove the segments and semaphores that dead labs left in /dev/shm. One that lives is never touched."""

import argparse

HELP = "remove what dead labs left in /dev/shm"
EXAMPLE = "shmlab clean"
STATUS = "0 removed, or nothing to remove"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    from shmlab import launch

    swept = launch.sweep()
    print("\n".join(f"removed {name}" for name in swept) or "Nothing to remove: every segment has a living owner.")
    return 0
