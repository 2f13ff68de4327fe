"""The `shmlab` command: a thin face over the rooms below."""

import argparse
import sys
from collections.abc import Sequence

import shmlab
from shmlab import launch, observer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when it did what it says."""
    parser = argparse.ArgumentParser(prog="shmlab", description="Real processes in real shared memory.")
    parser.add_argument("--version", action="version", version=f"shmlab {shmlab.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("ls", help="list the labs that run now", epilog="example: shmlab ls")
    commands.add_parser("clean", help="remove what dead labs left in /dev/shm", epilog="example: shmlab clean")
    commands.add_parser("doctor", help="does everything work on this machine?", epilog="example: shmlab doctor")
    chosen = parser.parse_args(arguments)
    return {"ls": _ls, "clean": _clean, "doctor": _doctor}[chosen.command]()


def _ls() -> int:
    labs = observer.running()
    for snapshot in labs:
        print(f"{snapshot.name}  {snapshot}")
    if not labs:
        print("No lab is running. Open a notebook and run `labs.live()`.")
    return 0


def _clean() -> int:
    swept = launch.sweep()
    print("\n".join(f"removed {name}" for name in swept) or "Nothing to remove: every segment has a living owner.")
    return 0


def _doctor() -> int:
    from shmlab.doctor import doctor

    doctor()
    return 0


if __name__ == "__main__":
    sys.exit(main())
