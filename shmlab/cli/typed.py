"""What somebody typed, as the value it stands for."""

import argparse
import contextlib
import re
from pathlib import Path

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

PREFIX = "shmlab-"
BEGINNING = re.compile(f"{PREFIX}[0-9a-f]{{0,16}}|[0-9a-f]{{1,16}}")  # of a name, with what all have or without it


def number(text: str) -> float | str:
    """A number that was typed; what is none stays as it is, for the sentence that refuses it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def rate(text: str) -> float | str | None:
    """Items a second that were typed; "max" is as fast as possible."""
    return None if text == "max" else number(text)


def lab(parser: argparse.ArgumentParser) -> None:
    """The argument that names a lab; `which` finds the lab."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="the segment's name or its beginning; not needed where one lab runs"
    )


def which(name: str | None) -> str:
    """The name of a running lab or ring, from its beginning, or from nothing where just one runs.

    Raises ArgumentError.
    """
    if name is not None and (limits.is_segment_name(name) or not BEGINNING.fullmatch(name)):
        return limits.segment_name(name)
    from shmlab.memory import segment

    wanted = name or ""
    alive = [each for each in segment.names() if not segment.owner_is_dead(each)]
    found = [each for each in alive if each.startswith(wanted) or each.removeprefix(PREFIX).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    begins = f" whose name begins with '{wanted}'" if wanted else ""
    if not found:
        raise ArgumentError(f"no lab is running{begins}. `shmlab ls` lists those that run, `shmlab run` starts one.")
    raise ArgumentError(f"{len(found)} labs are running{begins}: say which. {', '.join(found)}")


def check_place(file: Path, option: str) -> None:
    """See that a file can be written, before anything long begins. Raises ArgumentError."""
    try:
        with file.open("a"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ArgumentError(
            f"{option}: cannot write '{file}': {reason}. Name a file in a folder that is yours."
        ) from None
