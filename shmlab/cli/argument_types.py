"""The types of what is typed: each knows its range, the sentence that refuses, and what the Tab key offers.

What cannot be raises ArgumentError, as it does in Python: the sentences are those of `limits`.
"""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

PREFIX = "shmlab-"
MOST_ITEMS = 1 << 40  # that a run, or a guest, may be asked for
BEGINNING = re.compile(f"{PREFIX}[0-9a-f]{{0,16}}|[0-9a-f]{{1,16}}")  # of a name, with what all have or without it


def number(text: object) -> object:
    """A number that was typed; what is none stays as it is, for the sentence that refuses it."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text) if isinstance(text, str) else text
    return text


class Type(click.ParamType):  # type: ignore[type-arg]  # generic only in newer releases of click
    """The base of the types below."""


class Whole(Type):
    """A whole number from `least` to `most`."""

    name = "N"

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises ArgumentError."""
        return limits.whole(number(value), _called(param), self.least, self.most)


class Number(Type):
    """A number of `unit` from `least` to `most`."""

    name = "S"

    def __init__(self, least: float, most: float, unit: str) -> None:
        self.least, self.most, self.unit = least, most, unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises ArgumentError."""
        return limits.number(number(value), _called(param), self.least, self.most, self.unit)


class Rate(Type):
    """Items a second; "max" is as fast as possible, which is None in Python."""

    name = "R"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """The rate. Raises ArgumentError."""
        return None if value in (None, "max") else limits.rate(number(value), _called(param))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The word that is no number."""
        return [CompletionItem("max")] if "max".startswith(incomplete) else []


class Several(Type):
    """Words with commas between them."""

    name = "WORD,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[object]:
        """The words; one that is a number, as that number."""
        return value if isinstance(value, list) else [number(word) for word in value.split(",")]


class Typed(Type):
    """A number whose range is checked elsewhere, together with what it depends on."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; what is none stays text, which is refused there."""
        return number(value)


class NewFile(Type):
    """A file that can be written: that is seen before anything long begins. Nothing is written yet."""

    name = "FILE"

    def __init__(self, option: str = "--csv") -> None:
        self.option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The file. Raises ArgumentError."""
        file = Path(value)
        try:
            with file.open("a"):
                pass
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ArgumentError(
                f"{self.option}: cannot write '{file}': {reason}. Name a file in a folder that is yours."
            ) from None
        return file

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files, by the shell."""
        return [CompletionItem(incomplete, type="file")]


class LabName(Type):
    """The name of a running lab or ring, from its beginning, or from nothing where just one runs."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The whole name. Raises ArgumentError."""
        return which(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The labs that run now."""
        return [CompletionItem(name) for name in _running() if name.startswith(incomplete)]


def which(name: str | None) -> str:
    """The name of a running lab or ring, from its beginning, or from nothing where just one runs.

    Raises ArgumentError.
    """
    if name is not None and (limits.is_segment_name(name) or not BEGINNING.fullmatch(name)):
        return limits.segment_name(name)
    wanted = name or ""
    found = [each for each in _running() if each.startswith(wanted) or each.removeprefix(PREFIX).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    begins = f" whose name begins with '{wanted}'" if wanted else ""
    if not found:
        raise ArgumentError(f"no lab is running{begins}. `shmlab ls` lists those that run, `shmlab run` starts one.")
    raise ArgumentError(f"{len(found)} labs are running{begins}: say which. {', '.join(found)}")


def lab(function: Callable[..., int]) -> Callable[..., int]:
    """The argument that names a lab."""
    said = "the segment's name or its beginning; not needed where one lab runs"
    as_typed = click.argument(
        "name", required=False, type=LabName(), callback=_or_the_only_one, metavar="[NAME]", help=said
    )
    return as_typed(function)


def as_guest(function: Callable[..., int]) -> Callable[..., int]:
    """Add the arguments of a guest: the lab that it joins, how fast it works, and for how long."""
    items = click.option("--items", type=Whole(1, MOST_ITEMS), help="leave after so many")
    rate = click.option("--rate", type=Rate(), default="5", help="items a second, 0.1 to 100,000, or max")
    return lab(rate(items(function)))


def _or_the_only_one(ctx: click.Context, param: click.Parameter, name: str | None) -> str:
    return which(None) if name is None else name


def _running() -> list[str]:
    from shmlab.memory import segment

    return [each for each in segment.names() if not segment.owner_is_dead(each)]


def _called(param: click.Parameter | None) -> str:
    return (param and param.name) or "the number"
