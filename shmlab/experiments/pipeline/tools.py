"""The compiler and the assembler of this machine, and the commands that run them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from shmlab.memory.errors import ArgumentError, ShmlabError

COMPILER, ASSEMBLER = "cc", "as"
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")  # what `optimise` may be


class NoTools(ShmlabError):
    """The error that there is no compiler or no assembler here."""


def missing() -> str:
    """Return what is not installed and what to do, as a sentence; empty if nothing is missing."""
    absent = [tool for tool in (COMPILER, ASSEMBLER) if shutil.which(tool) is None]
    if not absent:
        return ""
    return f"there is no `{'`, no `'.join(absent)}` on this machine (on Debian and Ubuntu: sudo apt install gcc)."


def compiling(optimise: str, source: str) -> list[str]:
    """Return the command that writes the assembly text of a C file to its standard output."""
    return [COMPILER, "-S", optimise, "-o", "-", source]


def assembling(target: str) -> list[str]:
    """Return the command that makes an object module from the assembly text on its standard input."""
    return [ASSEMBLER, "-o", target, "--"]


def linking(target: str, modules: Sequence[str]) -> list[str]:
    """Return the command that links object modules into a program."""
    return [COMPILER, "-o", target, *modules]


def sources(place: object) -> list[str]:
    """Return the C files in a folder, sorted by name, as absolute paths. Raises ArgumentError."""
    if not isinstance(place, str | Path):
        raise ArgumentError(f"sources must be the path of a folder with C files, not {place!r}.")
    try:
        found = sorted(str(path.resolve()) for path in Path(place).glob("*.c") if path.is_file())
    except (OSError, ValueError):  # not a valid folder name at all
        found = []
    if not found:
        raise ArgumentError(f"there is no C file in the folder {str(place)!r}.")
    return found
