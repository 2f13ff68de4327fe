"""What somebody typed, as the value it stands for."""

import argparse
import contextlib
from pathlib import Path

from shmlab.errors import ArgumentError


def number(text: str) -> float | str:
    """A number that was typed; what is none stays as it is, for the sentence that refuses it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def lab(parser: argparse.ArgumentParser) -> None:
    """The argument that names a lab."""
    parser.add_argument("name", metavar="NAME", help="the segment's name, as `shmlab ls` tells it")


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
