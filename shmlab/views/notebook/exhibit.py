"""The common parts of views of two real processes: the frame, the report of what happened, the way to send requests.

A click is a task, run in order by one thread. A line of Python runs at once, in the caller. Both act on the same
processes, and after each the view shows what the kernel then reports.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from shmlab.experiments.exhibits.pair import Pair
from shmlab.memory.errors import ShmlabError
from shmlab.views.notebook import palette
from shmlab.views.notebook.background import BackgroundTasks
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.plain_widgets import Parts


class Exhibit:
    """A pair of processes and its view. `close` ends both.

    Subclasses define the view's contents (`build`) and how they are updated (`show`).
    """

    def __init__(self, pair: Pair, title: str) -> None:
        self.pair, self.title = pair, title
        self.closed = False
        self._fixed = f"<{type(self).__name__}: {', '.join(pair.children)}>"
        self._lock = threading.RLock()
        self._said = self._trouble = ""
        self.parts = parts = Parts()
        self._tasks = BackgroundTasks(self._complain)
        try:
            self.head, self.note, self.line = parts.text("head"), parts.text("note"), parts.text("state-line")
            css = palette.style() + Path(__file__).with_name("exhibits.css").read_text(encoding="utf-8")
            style = parts.text("unseen", f"<style>{css}</style>")
            shown = [style, self.head, *self.build(parts), self.line]
            self.box = parts.column(shown, "shmlab exhibit")
            pair.changed = self._draw
            self._draw()
        except BaseException:
            self._tasks.close()
            pair.close()
            raise

    def build(self, parts: Parts) -> list[ipywidgets.Widget]:
        """Return the widgets between the heading and the report."""
        raise NotImplementedError

    def show(self) -> None:
        """Update these widgets."""
        raise NotImplementedError

    def under(self) -> str:
        """Return the HTML below the title."""
        children = self.pair.children.values()
        return "".join(f"<span>{child.name}: {child.ending or f'pid {child.pid}'}</span>" for child in children)

    def _draw(self) -> None:
        with self._lock:
            if self.closed:
                return
            self.show()
            title = f'<div class="title">{html.escape(self.title)}</div><div class="under">{self.under()}</div>'
            notes = [("error", f"✕ {html.escape(self._trouble)}")] if self._trouble else []
            if self._said:
                notes.append(("question", html.escape(self._said)))
            notes += [("error", f"✕ {html.escape(str(dead))}") for dead in self.pair.dead.values()]
            for widget, value in (
                (self.head, title),
                (self.note, "".join(f'<div class="{kind}">{text}</div>' for kind, text in notes)),
                (self.line, f'<div role="status">{html.escape(str(self))}</div>'),
            ):
                if widget.value != value:
                    widget.value = value

    def click(self, act: Callable[[], object]) -> None:
        """Queue an action, and show what it returns."""

        def task() -> None:
            self._trouble = ""
            said = act()
            self._said = said if isinstance(said, str) else self._said
            self._draw()

        if not self.closed:
            self._tasks.put(task)

    def button(self, text: str, tip: str, act: Callable[[], object]) -> ipywidgets.Button:
        """Return a button that queues an action."""
        made = self.parts.button(text, tip)
        made.on_click(lambda _: self.click(act))
        return made

    def _complain(self, error: Exception) -> None:
        self._trouble = str(error) if isinstance(error, ShmlabError) else f"{type(error).__name__}: {error}"
        self._draw()

    def close(self) -> None:
        """End the view, its widgets, its thread and the processes. Calling it twice is harmless."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        self._tasks.close()
        self.pair.close()
        close_tree(self.box, *self.parts.shared)

    def __str__(self) -> str:
        return str(self.pair)

    def __repr__(self) -> str:
        return self._fixed

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.closed:
            return {"text/plain": self._fixed}
        return {**self.box._repr_mimebundle_(), "text/plain": self._fixed}
