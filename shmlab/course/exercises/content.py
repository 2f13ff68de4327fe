"""Course files that a teacher edits: TOML, read and validated; an error gives the file, the line and the field.

    table = read(path)
    for question in table.tables("question", 1, 10):
        question.text("text")
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from shmlab.memory.errors import ShmlabError


class ContentRefused(ShmlabError):
    """A course file cannot be used. The message names the file, the line, the field, and what to write."""


def read(path: Path) -> Table:
    """Return a file as a table. Raises ContentRefused."""
    try:
        source = path.read_text(encoding="utf-8")
        return Table(path, source, tomllib.loads(source), 1, "")
    except FileNotFoundError:
        raise ContentRefused(f"there is no {path.name} in {path.parent}.") from None
    except UnicodeDecodeError as error:
        raise ContentRefused(f"{path.name}: it is not UTF-8, from byte {error.start} on.") from None
    except tomllib.TOMLDecodeError as error:
        raise ContentRefused(f"{path.name}: {error}. A text stands between quotes, in one line.") from None


class Table:
    """A part of a file. Reading a field validates it; `only` refuses unknown fields.

    Every method raises ContentRefused.
    """

    def __init__(self, path: Path, source: str, fields: dict[str, Any], line: int, name: str) -> None:
        self._path, self._source, self._fields, self._line, self._name = path, source, fields, line, name

    def only(self, *allowed: str) -> Table:
        """Return this table, after checking that it has no other fields than these."""
        for field in self._fields:
            if field not in allowed:
                self.refuse(field, f"is not a field here. The fields are: {', '.join(allowed)}")
        return self

    def text(self, field: str) -> str:
        """Return a text that is not empty."""
        value = self._fields.get(field)
        if not isinstance(value, str) or not value.strip():
            self.refuse(field, 'has to be a text, such as `"What changes?"`')
        return str(value)

    def flag(self, field: str) -> bool:
        """Return true, or false if the field is missing."""
        value = self._fields.get(field, False)
        if not isinstance(value, bool):
            self.refuse(field, "is true or left out")
        return bool(value)

    def tables(self, field: str, least: int, most: int) -> list[Table]:
        """Return the parts under headings `[[field]]`, in order."""
        found = self._fields.get(field, [])
        whole = f"{self._name}.{field}" if self._name else field
        if not isinstance(found, list) or not least <= len(found) <= most:
            self.refuse(field, f"stands under {least} to {most} headings [[{whole}]]")
        lines = self._source.splitlines()
        headings = [
            number
            for number, line in enumerate(lines, 1)
            if number > self._line and re.match(rf"\s*\[\[\s*{re.escape(whole)}\s*\]\]", line)
        ]
        headings += [self._line] * (len(found) - len(headings))  # other syntax: its parent's line
        places = zip(found, headings, strict=False)
        return [Table(self._path, self._source, fields, line, whole) for fields, line in places]

    def refuse(self, field: str, why: str) -> None:
        """Raise ContentRefused for a field of this part."""
        lines = self._source.splitlines()[self._line - 1 :]
        end = next((n for n, line in enumerate(lines[1:], 1) if line.lstrip().startswith("[")), len(lines))
        at = next((n for n, line in enumerate(lines[:end]) if re.match(rf"\s*{re.escape(field)}\s*=", line)), 0)
        part = f" of [[{self._name}]]" if self._name else ""
        raise ContentRefused(f"{self._path.name}, line {self._line + at}: `{field}`{part} {why}.")
