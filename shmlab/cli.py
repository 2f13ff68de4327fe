"""The `shmlab` command: a thin face over the rooms below."""

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import shmlab
from shmlab import launch, observer, segment
from shmlab.errors import ArgumentError, ShmlabError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when it did what it says."""
    parser = argparse.ArgumentParser(prog="shmlab", description="Real processes in real shared memory.")
    parser.add_argument("--version", action="version", version=f"shmlab {shmlab.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("ls", help="list the labs that run now", epilog="example: shmlab ls")
    commands.add_parser("clean", help="remove what dead labs left in /dev/shm", epilog="example: shmlab clean")
    commands.add_parser("doctor", help="does everything work on this machine?", epilog="example: shmlab doctor")
    _add_compare(commands)
    grade = commands.add_parser(
        "grade", help="who passed what in a class", epilog="example: shmlab grade handed_in --csv marks.csv"
    )
    grade.add_argument("arguments", nargs=argparse.REMAINDER, help="DIR [--csv FILE] [--seconds S]")
    for command, role in (("produce", "producer"), ("consume", "consumer")):
        _add_join(commands, command, role)
    watch = commands.add_parser("attach", help="watch a running lab", epilog="example: shmlab attach shmlab-3f9c...")
    watch.add_argument("name", help="the segment's name, as `shmlab ls` tells it")
    chosen = parser.parse_args(arguments)
    if chosen.command == "compare":
        return _compare(chosen)
    if chosen.command in ("produce", "consume"):
        return _join(chosen)
    if chosen.command == "grade":
        from shmlab.exercises import grade as grading

        return grading.main(chosen.arguments)
    if chosen.command == "attach":
        return _attach(chosen.name)
    return {"ls": _ls, "clean": _clean, "doctor": _doctor}[chosen.command]()


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compare = commands.add_parser(
        "compare", help="shared memory against pipes, sockets and queues", epilog="example: shmlab compare --quick"
    )
    compare.add_argument("--quick", action="store_true", help="fewer sizes, one to one: under ten seconds")
    compare.add_argument("--ways", metavar="NAME,...", help="only these; a name that is not one gets all that are")
    compare.add_argument("--sizes", metavar="BYTES,...", help="bytes of an item, such as 8,4096")
    compare.add_argument("--rounds", metavar="N", help="how often everything is measured")
    compare.add_argument("--seconds", metavar="S", help="how long all of it may take, about")
    compare.add_argument("--csv", metavar="FILE", type=Path, help="save the figures, too")


def _add_join(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", command: str, role: str) -> None:
    join = commands.add_parser(
        command, help=f"join a running lab as a {role}", epilog=f"example: shmlab {command} shmlab-3f9c... --rate 20"
    )
    join.add_argument("name", help="the segment's name, as `shmlab ls` tells it")
    join.add_argument("--rate", metavar="R", default="5", help="items a second, 0.1 to 100,000, or max")
    join.add_argument("--items", metavar="N", help="leave after so many")


def _join(chosen: argparse.Namespace) -> int:
    from shmlab.join import join

    role = "producer" if chosen.command == "produce" else "consumer"
    rate = None if chosen.rate == "max" else _number(chosen.rate)
    try:
        join(chosen.name, role, rate, chosen.items and _number(chosen.items), lambda line: print(line, flush=True))
    except ShmlabError as error:
        print(f"shmlab {chosen.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _attach(name: str) -> int:
    before, after, every = ("\r\033[2K", "", 0.2) if sys.stdout.isatty() else ("", "\n", 1.0)
    try:
        with observer.Observer(name) as eye, contextlib.suppress(KeyboardInterrupt):
            while not segment.owner_is_dead(name) and (seen := eye.snapshot()).state != "stopped":
                print(before, seen, sep="", end=after, flush=True)
                time.sleep(every)
            print(f"\n{name} has ended.")
    except ShmlabError as error:
        print(f"shmlab attach: {error}", file=sys.stderr)
        return 2
    return 0


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


def _compare(chosen: argparse.Namespace) -> int:
    from shmlab.comparison import Measuring, follow, planned

    try:
        if chosen.csv:
            _check_place(chosen.csv)  # before minutes of measuring
        plan = planned(
            chosen.ways and chosen.ways.split(","),
            chosen.sizes and [_number(size) for size in chosen.sizes.split(",")],
            rounds=chosen.rounds and _number(chosen.rounds),
            seconds=chosen.seconds and _number(chosen.seconds),
            quick=chosen.quick,
        )
    except ArgumentError as error:
        print(f"shmlab compare: {error}", file=sys.stderr)
        return 2
    measuring = Measuring(plan)
    with contextlib.suppress(KeyboardInterrupt):  # what was measured until then is shown
        follow(measuring, sys.stdout if sys.stdout.isatty() else None)
    known = measuring.comparison
    print(known, *known.why(), sep="\n\n")
    if chosen.csv:
        chosen.csv.write_text(known.csv())
    return 0


def _check_place(file: Path) -> None:
    try:
        with file.open("a"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArgumentError(f"--csv: cannot write '{file}': {reason}. Name a file in a folder that is yours.") from None


def _number(text: str) -> float | str:
    """A number that was typed; what is none stays as it is, for the sentence that refuses it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


if __name__ == "__main__":
    sys.exit(main())
