"""One card for each stepped process: its source, its position, and the button that makes it continue."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from shmlab.explorer.model.system import System
from shmlab.explorer.report.sheet import tones
from shmlab.explorer.report.stepping import Standing
from shmlab.views.notebook.listing import listing
from shmlab.views.notebook.plain_widgets import Parts

Request = Callable[..., None]


class StandingCard:
    """The card of process number `process`."""

    def __init__(self, process: int, system: System, request: Request, parts: Parts) -> None:
        consumer, size = process in system.consumers, system.size
        self.role = "process" if not system.consumers else "consumer" if consumer else "producer"
        self.left = not tones(system)[process]
        self.buffered, self.choosing = system.buffered, system.actors > size and not system.buffered
        self.filename, self.line = "", 0
        self.text = parts.text()
        self.source = parts.text("source")
        self.go = parts.button("", "let this process take its next step")
        self.go.on_click(lambda _: request("step", process))
        self.go.add_class("go")
        shown = [self.text, self.source, self.go]
        if self.buffered:
            self.drain = parts.button("", "let one store out of the store buffer of this process")
            self.drain.on_click(lambda _: request("step", process + size))
            self.drain.add_class("go")
            shown.append(self.drain)
        if self.choosing:
            self.other = parts.button("", "let this process decide otherwise")
            self.other.on_click(lambda _: request("step", process + size))
            self.other.add_class("go")
            shown.append(self.other)
        self.box = parts.column(shown, f"card standing {'producer' if self.left else 'consumer'}")

    def update(self, now: Standing, busy: bool) -> None:
        """Show where the process stands; while `busy`, no process can be stepped."""
        if now.line:
            self.filename, self.line = now.filename, now.line
        _set(self.text, "value", self.words(now))
        _set(self.source, "value", listing(self.filename, self.line, bool(now.line)))
        label = now.does if not now.waits else now.waits
        _set(self.go, "description", f"{now.name} {now.ended}" if now.ended else f"{now.name}: {label}")
        _set(self.go, "icon", "" if now.ended else "lock" if now.waits else "step-forward")
        _set(self.go, "disabled", bool(busy or now.waits or now.ended))
        if self.buffered:
            first = now.buffered[0] if now.buffered else ""
            _set(self.drain, "description", f"{now.name.lower()}: drain {first}" if first else "nothing to drain")
            _set(self.drain, "disabled", busy or not now.drains)
        if self.choosing:
            _set(self.other, "description", f"{now.name}': {now.otherwise}" if now.otherwise else "nothing to decide")
            _set(self.other, "disabled", bool(busy or not now.otherwise))

    def words(self, now: Standing) -> str:
        """Return who it is, and what it did last."""
        pid = f'<span class="pid">pid {now.pid}</span>' if now.pid else ""
        got = f" · got {', '.join(map(str, now.got))}" if now.got else ""
        did = f"last: <b>{html.escape(now.did)}</b>" if now.did else "has not begun"
        if self.buffered:
            did += f" · store buffer: <b>{html.escape(', '.join(now.buffered) or 'empty')}</b>"
        name = f'<b class="name">{html.escape(now.name)}</b><span class="role">{self.role}</span>'
        return f'<div class="who">{name}{pid}</div><div class="did">{did}{html.escape(got)}</div>'


def _set(widget: Any, name: str, value: Any) -> None:
    """Set a trait if its value differs: an equal one would not be sent, but the browser's model would compare it."""
    if getattr(widget, name) != value:
        setattr(widget, name, value)
