"""Moments as differences from the previous one: nested plain data, taken apart into leaves, each with its path.

Most of a buffer does not change from one moment to the next, so a recording takes a fraction of the size.
"""

from collections.abc import Iterator
from typing import Any

Flat = dict[str, Any]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested dictionaries and lists of dictionaries, and its path, such as "/workers/0/state"."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}/{name}")
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def changed(before: Flat, after: Flat) -> Flat:
    """Return the leaves that are new or have another value."""
    return {path: value for path, value in after.items() if path not in before or before[path] != value}


def gone(before: Flat, after: Flat) -> list[str]:
    """Return the paths of the leaves that no longer exist."""
    return [path for path in before if path not in after]
