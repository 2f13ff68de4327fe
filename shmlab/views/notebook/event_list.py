"""The event log, newest first, and the workers' output."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from typing import Any

from shmlab.observe.events import Event
from shmlab.views import signs
from shmlab.views.notebook.plain_widgets import Parts

SHOWN = 200


def table(events: Sequence[Event]) -> str:
    """Return the events as CSV with a header line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["seconds", "kind", "text"])
    writer.writerows([f"{event.time:.6f}", event.kind, event.text] for event in events)
    return out.getvalue()


class EventsView:
    """Two panes: sentences, and output."""

    def __init__(self, parts: Parts) -> None:
        self.log = parts.text("shmlab-events")
        self.output = parts.text("shmlab-output")
        self.key: tuple[int, Any] | None = None
        self.printed: str | None = None

    def update(self, events: Sequence[Event], output: str) -> bool:
        """Show the events and the output, if they have changed."""
        changed = False
        key = (len(events), events[-1] if events else None)
        if key != self.key:
            self.key = key
            self.log.value = f'<div class="events">{self.sentences(events)}</div>'
            changed = True
        if output != self.printed:
            self.printed = output
            text = html.escape(output[-8_000:]) or '<span class="soft">The workers have printed nothing.</span>'
            self.output.value = f'<pre class="output">{text}</pre>'
            changed = True
        return changed

    @staticmethod
    def sentences(events: Sequence[Event]) -> str:
        """Return the HTML of the latest events, newest first."""
        if not events:
            return '<span class="soft">Nothing has happened yet.</span>'
        return "".join(
            f'<div class="event {html.escape(event.kind)}"><time>{event.time:.1f} s</time>'
            f"<i>{signs.EVENTS.get(event.kind, '·')}</i><span>{html.escape(event.text)}</span></div>"
            for event in list(events)[-SHOWN:][::-1]
        )
