"""Docstrings as they are written here, made into what Sphinx reads.

They are plain text with `code` in backticks. A paragraph that begins with names of arguments, as `slots: 2 to 1,024.`
does, becomes a list with an item for each; an indented piece is code; everything else stands as it is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

NAMES = re.compile(r"(?:^|(?<=[.;)] ))(\w+(?:, \w+)*): ")
# Classes that one is given and never makes: how they are made is nobody's business.
GIVEN = (
    *("shmlab.views.notebook", "shmlab.explorer.report.verdict", "shmlab.course.exercises"),
    *("shmlab.experiments.comparison", "shmlab.ring"),
)


def arguments(thing: object) -> set[str]:
    """What it is called with; nothing where it is not called."""
    try:
        return set(inspect.signature(thing).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return set()


def escaped(line: str) -> str:
    """A line in which only backticks mean anything."""
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(
        f"`{part}`" if index % 2 else re.sub(r"([*_|\\])", r"\\\1", part) for index, part in enumerate(parts)
    )


def items(paragraph: str, known: set[str]) -> Iterator[str]:
    """A paragraph on arguments, one item for each that it names; nothing if it does not begin with one."""
    found = [one for one in NAMES.finditer(paragraph) if set(one[1].split(", ")) <= known]
    if found and not found[0].start():
        for one, end in zip(found, [*(one.start() for one in found[1:]), len(paragraph)], strict=True):
            yield f"- **{one[1]}**: {escaped(paragraph[one.end() : end].rstrip(' ;'))}"


def rewritten(text: str, known: set[str]) -> Iterator[str]:
    """The paragraphs of a docstring in reStructuredText."""
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if paragraph.startswith("    "):
            yield f"::\n\n{paragraph}"
        else:
            listed = list(items(" ".join(paragraph.split()), known))
            yield "\n".join(listed) if listed else escaped(paragraph)


def _process(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [*"\n\n".join(rewritten("\n".join(lines), arguments(thing))).splitlines(), ""]


def _signed(app: Any, what: str, name: str, thing: Any, *_: Any) -> tuple[str, None] | None:
    given = what == "class" and getattr(thing, "__module__", "").startswith(GIVEN)
    return ("", None) if given else None


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
