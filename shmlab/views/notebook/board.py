"""The drawing of a lab: the slots, a card for each process, semaphores, charts, events, the bytes.

It draws snapshots and does not depend on where they come from: a lab that runs here, or a recording of one.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets

from shmlab.observe.events import Event
from shmlab.observe.snapshot import Snapshot
from shmlab.views import format, signs
from shmlab.views.notebook import palette
from shmlab.views.notebook.cards import CardsView, Request
from shmlab.views.notebook.charts import ChartsView
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.event_list import EventsView
from shmlab.views.notebook.hex_view import HexView
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.semaphores_view import SemaphoresView
from shmlab.views.notebook.shown import Shown
from shmlab.views.notebook.slots_view import SlotsView

BYTES = 1  # the index of their pane


class Board(Shown):
    """The parts of the drawing. A subclass calls `_make`, then `_arrange`, then `_paint` repeatedly."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._due = dict.fromkeys(("cards", "values", "charts", "panes", "line"), 0.0)
        self._wide = False

    def _make(self, request: Request | None) -> None:
        """Make the parts; the cards send `request`s, and have no controls without it."""
        self.parts = parts = Parts()
        self.head, self.note = parts.text("head"), parts.text("note")
        self.line = parts.text("state-line")
        self.slots, self.cards, self.charts = SlotsView(parts), CardsView(request, parts), ChartsView(parts)
        self.values, self.bytes, self.events = SemaphoresView(parts), HexView(parts), EventsView(parts)
        self.stage = parts.row([self.cards.producers, self.slots.box, self.cards.consumers], "stage")
        self.panes = ipywidgets.Tab([self.events.log, self.bytes.box, self.events.output]).add_class("panes")
        self.panes.titles = ("What happened", "The bytes", "Worker output")

    def _arrange(self, top: Sequence[Any], controls: Any, *last: Any) -> None:
        """Lay out the parts: `top` beside the heading, `controls` below it, the view's own parts (`last`) last."""
        style = self.parts.text("unseen", f"<style>{palette.style()}</style>")
        above = [style, self.parts.row([self.head, *top], "top"), controls, self.note, self.stage]
        below = [self.values.box, self.charts.box, self.panes, self.line, *last]
        self.box = self.parts.column([*above, *below], "shmlab")

    def _paint(self, snap: Snapshot, events: Sequence[Event], output: str, now: float) -> bool:
        """Draw whatever is due except the charts. Return whether anything changed."""
        changed = self.slots.update(snap, now)
        if self.slots.wide != self._wide:
            self._wide = self.slots.wide
            (self.stage.add_class if self._wide else self.stage.remove_class)("wide")
        if self._is_due("values", now, 0.1):
            changed |= self.values.update(snap)
        if self._is_due("cards", now, 0.2):
            changed |= self.cards.update(snap)
            changed |= self._set(self.head, self._head(snap)) | self._set(self.note, self._noted())
        if self._is_due("panes", now, 0.25):
            if self.panes.selected_index == BYTES:
                changed |= self.bytes.update(snap)
            else:
                changed |= self.events.update(events, output)
        if self._is_due("line", now, 1.0):
            changed |= self._set(self.line, f'<div role="status">{html.escape(str(snap))}</div>')
        return changed

    def _is_due(self, part: str, now: float, every: float) -> bool:
        if now - self._due[part] < every - 0.004:
            return False
        self._due[part] = now
        return True

    def _all_due(self) -> None:
        """Draw everything with the next frame."""
        self._due = dict.fromkeys(self._due, 0.0)

    @staticmethod
    def _set(widget: ipywidgets.HTML, value: str) -> bool:
        if widget.value == value:
            return False
        widget.value = value
        return True

    def _head(self, snap: Snapshot, more: str = "") -> str:
        shape = signs.LAB.get(snap.state, "•")
        bound = "" if snap.bounded else f", at most {snap.cap:,}"
        cap = '<span class="pill stopped"><i>▲</i>cap reached</span>' if snap.cap_reached and not snap.bounded else ""
        return (
            f'<div class="title">{html.escape(self.title)}</div>'
            f'<div class="under">{more}<span class="pill {snap.state}"><i>{shape}</i>{snap.state}</span>{cap}'
            f"<code>/dev/shm/{html.escape(snap.name)}</code>"
            f"<span>{snap.capacity:,} slots{bound}</span><span>{format.size(snap.size)}</span></div>"
        )

    def _noted(self) -> str:
        return "".join(f'<div class="{kind}">{text}</div>' for kind, text in self._notes() if text)

    def _notes(self) -> list[tuple[str, str]]:
        """Return the notes above the slots, each a kind and HTML; empty ones are omitted."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What the lab shows, in words."""
        raise NotImplementedError

    def _take_away(self, *more: Any) -> None:
        """Close all widgets."""
        close_tree(self.box, self.slots.head, *self.parts.shared, *more)
