"""The format of a recording: a file of lines, each a JSON object in ASCII.

    header      what this is, the version of the format, the lab's shape, the machine
    moments     the differences from the previous moment: leaves by path, slots by number; what has happened
    end         why it ended, how many moments there are, and a checksum over all previous lines

A file without an end was cut off: its complete lines are played. The format is a contract with a
version; docs/recording.md describes it. Nothing in it is ever executed.
"""

import json
import math
from typing import Any

from shmlab.memory.errors import RecordingRefused

KIND, VERSION = "recording", 1
MOST_BYTES = 64 << 20  # of one recording: the recorder stops there,
MOST_SECONDS = 3600.0  # or after this long
SLACK = 4096  # additional bytes that the end of the last moment may need
LINE = MOST_BYTES  # bytes of one line
TEXT = 16_384  # characters of one text
OUTPUT = 8_000  # characters of the workers' output that are kept for each moment: the last ones, as the view does
NUMBER = 1 << 64  # whole numbers are below this; words of a segment have 64 bits
REAL = 1e18


def written(thing: dict[str, Any]) -> bytes:
    """Return one line of the file."""
    return json.dumps(thing, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def is_beginning(data: bytes) -> bool:
    """Return whether a file that begins with `data` is a recording, of any version."""
    return data.startswith(b'{"shmlab":"recording",')


def parsed(line: bytes, number: int) -> dict[str, Any]:
    """Parse a line as a JSON object. Raises RecordingRefused, with the line's number."""
    try:
        found = json.loads(line.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise damaged(number, "it is not JSON") from None
    if not isinstance(found, dict):
        raise damaged(number, "it is not a JSON object")
    return found


def _refuse(word: str) -> None:
    raise ValueError(word)


def damaged(number: int, why: str) -> RecordingRefused:
    """Return the error for line `number`, counted from 1."""
    return RecordingRefused(f"the recording is damaged in line {number:,}: {why}. Record the run again.")


class Wrong(Exception):
    """A value that is not possible; the reader adds the line number."""


def text(value: object, name: str, most: int = TEXT) -> str:
    """Return `value`, a text that can be displayed."""
    if not isinstance(value, str) or len(value) > most:
        raise Wrong(f"{name} is not a text of at most {most:,} letters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Wrong(f"{name} has half a letter") from None
    return value


def whole(value: object, name: str, least: int = -NUMBER, most: int = NUMBER) -> int:
    """Return `value`, a whole number."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Wrong(f"{name} is not a whole number that can be")
    return value


def real(value: object, name: str, least: float = -REAL) -> float:
    """Return `value`, a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= REAL:
        raise Wrong(f"{name} is not a number that can be")
    return float(value) if math.isfinite(value) else 0.0


def truth(value: object, name: str) -> bool:
    """Return `value`, true or false."""
    if not isinstance(value, bool):
        raise Wrong(f"{name} is neither true nor false")
    return value
