"""The base of all views: a tree of widgets, shown by a cell's last line, with a fixed line of text as a fallback.

A view inherits from `Shown`, builds its widgets below `box`, and ends in `_end` what it has started.
"""

from __future__ import annotations

import threading
from typing import Any

import ipywidgets


class Shown:
    """A view. `closed` tells whether it has ended; `lock` must be held to change its widgets."""

    box: ipywidgets.Widget

    def __init__(self, text: str) -> None:
        self._text, self.closed, self.lock = text, False, threading.RLock()

    def close(self) -> None:
        """End the view: its widgets, its threads, and what it has started. Calling it twice is harmless."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
        self._end()

    def _end(self) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.closed:
            return {"text/plain": self._text}
        return {**self.box._repr_mimebundle_(), "text/plain": self._text}
