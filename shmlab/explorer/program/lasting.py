"""Objects that outlive a call: they can be read, but must not be changed.

A global list, a default argument, an attribute of a class: they are not part of a process's state, and real processes
would not share them. Those that a program can reach are frozen by content before it runs, and compared after each run.
"""

import contextlib
import enum
from collections.abc import Callable, Hashable
from typing import Any

from shmlab.explorer.program.explorer_errors import CannotFollow
from shmlab.explorer.program.freezing import MARKED, OpaqueValue, freeze


class Lasting:
    """Reachable objects that outlive a call, by their description, with their initial content."""

    def __init__(self) -> None:
        self._content: dict[tuple[str, int], tuple[Callable[[], object], Hashable, object]] = {}
        self._functions: list[tuple[str, dict[str, Any], Hashable]] = []
        self._attributes: list[dict[str, Any]] = []  # of all functions, and how many there are: most have none
        self._count = 0

    def watch(self, what: str, get: Callable[[], object], owner: object) -> None:
        """Compare from now on what `get` returns for `owner`, called `what`. Raises CannotFollow."""
        if (what, id(owner)) in self._content:
            return
        try:
            self._content[what, id(owner)] = (get, _frozen(get), owner)
        except (OpaqueValue, RecursionError) as error:
            raise CannotFollow(
                f"{what} outlives the call, and the explorer cannot see whether it changes ({error}): make it inside "
                "the function, or keep what is shared in buf, with shared=dict(data=0)."
            ) from None

    def watch_function(self, what: str, attributes: dict[str, Any]) -> None:
        """Compare the attributes of a function from now on."""
        self._functions.append((what, attributes, _attributes(attributes)))
        self._attributes.append(attributes)
        self._count += len(attributes)

    def changed(self) -> str | None:
        """Return what has been changed, in words; None if nothing has."""
        for (what, _), (get, before, _) in self._content.items():
            try:
                if _frozen(get) != before:
                    return what
            except (OpaqueValue, RecursionError):
                return what
        same = sum(map(len, self._attributes)) == self._count
        for what, attributes, before in self._functions if not same or self._count > len(self._attributes) else ():
            if _attributes(attributes) != before:
                return what
        return None


def _frozen(get: Callable[[], object]) -> Hashable:
    value = get()
    return freeze(vars(value)) if isinstance(value, enum.Enum) else freeze(value)


def _attributes(attributes: dict[str, Any]) -> Hashable:
    with contextlib.suppress(OpaqueValue, RecursionError):
        return freeze({name: value for name, value in attributes.items() if name != MARKED})
    return None
