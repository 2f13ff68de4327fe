"""What happened in a lab, in sentences."""

import csv
import io
import time
from dataclasses import dataclass

KEPT = 2000  # maximum number of events; older ones are discarded


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: seconds since the lab's start, a kind, and a sentence.

    Kinds: info, command, fault, worker, output.
    """

    time: float
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.time:8.2f} s  {self.text}"


class EventLog:
    """The events of one lab, oldest first. Any thread may add one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._began = time.monotonic()

    def note(self, kind: str, text: str) -> None:
        """Add an event that happens now."""
        self.events.append(Event(time.monotonic() - self._began, kind, text))
        del self.events[:-KEPT]

    def csv(self) -> str:
        """Return all events as a CSV table: seconds, kind, text."""
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(("seconds", "kind", "text"))
        writer.writerows((f"{e.time:.3f}", e.kind, e.text) for e in list(self.events))
        return table.getvalue()
