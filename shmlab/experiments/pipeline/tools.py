"""The compiler and the assembler of this machine, and what they are asked."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from shmlab.memory.errors import ArgumentError, ShmlabError

COMPILER, ASSEMBLER = "cc", "as"
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")  # what `optimise` may be


class NoTools(ShmlabError):
    """There is no compiler or no assembler here."""


def missing() -> str:
    """What is not installed here and what to do, as a sentence; empty where all is there."""
    absent = [tool for tool in (COMPILER, ASSEMBLER) if shutil.which(tool) is None]
    if not absent:
        return ""
    return f"there is no `{'`, no `'.join(absent)}` on this machine (on Debian and Ubuntu: sudo apt install gcc)."


def compiling(optimise: str, source: str) -> list[str]:
    """The command that writes the assembly text of a C file to its standard output."""
    return [COMPILER, "-S", optimise, "-o", "-", source]


def assembling(target: str) -> list[str]:
    """The command that makes an object module of the assembly text on its standard input."""
    return [ASSEMBLER, "-o", target, "--"]


def linking(target: str, modules: Sequence[str]) -> list[str]:
    """The command that joins object modules to a program."""
    return [COMPILER, "-o", target, *modules]


def sources(place: object) -> list[str]:
    """The C files in a folder, by name, as absolute paths. Raises ArgumentError."""
    if not isinstance(place, str | Path):
        raise ArgumentError(f"sources must be the path of a folder with C files, not {place!r}.")
    try:
        found = sorted(str(path.resolve()) for path in Path(place).glob("*.c") if path.is_file())
    except (OSError, ValueError):  # no name of a folder at all
        found = []
    if not found:
        raise ArgumentError(f"there is no C file in the folder {str(place)!r}.")
    return found
