"""Moments as what differs from the one before: nested plain data, taken apart into leaves, each with its path.

Most of a buffer stays as it is from one moment to the next, so that a recording has a fraction of the size.
"""

from collections.abc import Iterator
from typing import Any

Flat = dict[str, Any]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All leaves of nested dictionaries and lists of dictionaries, with their paths, such as "/workers/0/state"."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}/{name}")
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def changed(before: Flat, after: Flat) -> Flat:
    """The leaves that are new or have another value."""
    return {path: value for path, value in after.items() if path not in before or before[path] != value}


def gone(before: Flat, after: Flat) -> list[str]:
    """The paths of the leaves that are no more."""
    return [path for path in before if path not in after]
