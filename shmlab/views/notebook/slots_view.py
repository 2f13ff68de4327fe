"""The slots of the segment, in the form that suits their number.

A ring up to 64, rows up to 256, a heat strip beyond. An unbounded buffer changes its form as it grows. Drawing a
snapshot changes colours; only the pointers and the texts of a ring move.
"""

from __future__ import annotations

from shmlab.views.notebook import palette, slots_heat, slots_ring, slots_row
from shmlab.views.notebook.buffer_shown import BufferShown
from shmlab.views.notebook.plain_widgets import Parts

Form = slots_ring.RingDrawing | slots_row.RowDrawing | slots_heat.HeatDrawing


def form(capacity: int) -> type[Form]:
    """Return the drawing that suits this number of slots."""
    if capacity <= slots_ring.MOST:
        return slots_ring.RingDrawing
    return slots_row.RowDrawing if capacity <= slots_row.MOST else slots_heat.HeatDrawing


class SlotsView:
    """Draws the slots of successive snapshots."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.form: Form | None = None
        self.head = parts.text("shmlab-total")
        self.legend = parts.text("shmlab-legend", f'<div class="legend">{palette.legend()}</div>')
        self.box = parts.column([self.legend], "shmlab-slots")

    @property
    def wide(self) -> bool:
        """Whether the drawing needs the whole width."""
        return not isinstance(self.form, slots_ring.RingDrawing)

    def update(self, snap: BufferShown, now: float) -> bool:
        """Draw a snapshot, taken at the time `now`. Return whether anything changed."""
        fresh = self.form is None or self.form.count != snap.capacity
        if fresh:
            self._choose(snap.capacity)
        assert self.form is not None
        changed = self.form.update(snap, now)
        if self.wide:
            text = self.total(snap)
            if text != self.head.value:
                self.head.value = text
                changed = True
        return changed or fresh

    def _choose(self, capacity: int) -> None:
        old, self.form = self.form, form(capacity)(capacity, self.parts)
        parts = [self.head, self.form.box, self.legend] if self.wide else [self.form.box, self.legend]
        self.box.children = parts
        if old is not None:
            self.parts.close(old.box)

    @staticmethod
    def total(snap: BufferShown) -> str:
        """Return the occupancy in words, for the forms that have no middle."""
        more = "slots full" if snap.bounded else "slots, at the cap" if snap.cap_reached else "slots, growing"
        return f"<b>{snap.occupancy:,}</b> <span>of {snap.capacity:,} {more}</span>"
