"""The whole display of a lab, as a page of given width and height; where space is short, the most important parts."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shmlab.observe.events import Event
from shmlab.observe.snapshot import Snapshot
from shmlab.views import format, signs
from shmlab.views.terminal import process_table, slot_row, values

NOTE = 2  # maximum number of lines of a note
ROOMY = 104  # columns from which on processes are shown in full
HIGH = 32  # lines from which on there is room for blank ones
EVENTS = 3  # lines reserved for events before processes or slots get more than a few lines:
FEW = 4  # for processes, so many lines including the table's heading, and
ROW = 3  # the lines of a row of slots with its arrows
STATES = {"running": "bold green", "paused": "bold yellow", "stopped": "bold red"}
EVENT_STYLES = {"fault": "bold red", "command": "cyan"}


@dataclass(frozen=True, slots=True)
class TerminalPage:
    """What is to be shown: a snapshot, the events, a note, the available keys, the process they act on."""

    snapshot: Snapshot
    events: Sequence[Event] = ()
    note: str = ""
    keys: str = ""
    marked: str | None = None

    def drawn(self, width: int, height: int) -> RenderableType:
        """Return the page for a terminal of this size."""
        snap, air = self.snapshot, [Text("")] * (height >= HIGH)
        note = textwrap.wrap(f"▲ {self.note}" * bool(self.note), width, max_lines=NOTE, placeholder=" …")
        top = [self._head(), *(Text(line, style="yellow") for line in note), *air]
        state = [values.occupancy(snap), *air]
        sums = [values.semaphores(snap), values.variables(snap), values.flow(snap)]
        sums += [values.faults(snap), values.others(snap)]
        sums = [*air, *(line for line in sums if line.plain), *air]
        end = [Text(self.keys, style="reverse")] if self.keys else []
        if height >= HIGH:
            end.insert(0, slot_row.legend())
        left = height - len(top) - len(state) - len(sums) - len(end)
        crew = min(1 + len(snap.workers), max(FEW, left - EVENTS - ROW), max(2, left - 1))
        row = slot_row.slots(snap, width, max(1, min(ROW, left - crew), left - crew - EVENTS))
        room = max(0, left - crew - len(row))
        table = process_table.table(snap.workers, self.marked, crew, width >= ROOMY)
        parts: list[Text | Table] = [*top, *row, *state, table, *sums, *self._happened(room), *end]
        for part in parts:
            if isinstance(part, Text):
                part.no_wrap, part.overflow = True, "ellipsis"
        return Group(*parts)

    def _head(self) -> Text:
        snap = self.snapshot
        return Text.assemble(
            (f"{signs.LAB.get(snap.state, '•')} {snap.state}", STATES.get(snap.state, "")),
            ("  " + snap.strategy, "bold"),
            f"  {snap.capacity:,} slots  {format.size(snap.size)}  ",
            (f"/dev/shm/{snap.name}", "dim"),
        )

    def _happened(self, room: int) -> list[Text]:
        """Return the last events, the newest at the end, in exactly `room` lines."""
        lines = [_sentence(event) for event in list(self.events)[-room:]] * (room > 0)
        return lines + [Text("")] * (room - len(lines))


def _sentence(event: Event) -> Text:
    sign = signs.EVENTS.get(event.kind, "·")
    return Text(f"{event.time:7.1f} s {sign} {event.text}", EVENT_STYLES.get(event.kind, ""))
