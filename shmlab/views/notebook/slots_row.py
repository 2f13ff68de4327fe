"""From 65 to 256 slots as rows, in reading order.

Every slot is a box with the letter of its state on it. `in` points from above a row, `out` from below it. The boxes are
polygons that only change colour; the letters of a row are one text, spaced to match the boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import ipywidgets

from shmlab.views.notebook import geometry, palette
from shmlab.views.notebook.buffer_shown import BufferShown
from shmlab.views.notebook.glow import Glow
from shmlab.views.notebook.marks import Shapes, figure, plane
from shmlab.views.notebook.plain_widgets import Parts

MOST = 256
HIGH = 0.58  # the box's share of a line's height; the rest is for the pointers
LINE = 58  # height of a line in pixels


def letters(states: Sequence[int], across: int, lines: int, high: float, signs: str = palette.LETTERS) -> list[str]:
    """Return a text for each line, a letter for each slot; neighbours in the same state are merged."""
    found = []
    for line in range(lines):
        pieces = groupby(states[line * across : (line + 1) * across])
        text = "".join(f'<i class="t{state}">{signs[state] * len(list(each))}</i>' for state, each in pieces)
        found.append(f'<p class="of{across}" style="top:{100 * (line + high / 2) / lines:.2f}%">{text}</p>')
    return found


class RowDrawing:
    """The drawing of a buffer of 65 to 256 slots."""

    def __init__(self, count: int, parts: Parts) -> None:
        self.count = count
        self.across = geometry.columns(count)
        self.lines = -(-count // self.across)
        self.glow = Glow(count)
        x, y = geometry.rows(count, self.across, HIGH)
        scales = plane((0, self.across), (-self.lines, 0))
        self.slots = Shapes(x, y, scales, [palette.FILLS[0][-1]] * count, colors=[palette.PAPER], stroke_width=2)
        self.figure = figure([self.slots], "100%", f"{self.lines * LINE}px")
        self.over = parts.text("over")
        starts = "".join(f"<span>{line * self.across}</span>" for line in range(self.lines))
        self.scale = parts.text("scale", f'<div class="numbers">{starts}</div>')
        field = parts.row([self.figure, self.over], "field")
        self.box = parts.row([self.scale, field], "shmlab-row")
        self.box.layout = ipywidgets.Layout(height=f"{self.lines * LINE + 22}px")

    def update(self, snap: BufferShown, now: float) -> bool:
        """Draw a snapshot. Return whether anything changed."""
        states = snap.slots.states
        fills = self.glow.fills(states, snap.slots.sequences, now)
        changed = bool(fills != self.slots.fill_colors)
        if changed:
            self.slots.fill_colors = fills
        over = "".join(letters(states, self.across, self.lines, HIGH)) + self.pointers(snap.in_, snap.out)
        if over != self.over.value:
            self.over.value = over
            changed = True
        return changed

    def pointers(self, in_: int | None, out: int | None) -> str:
        """Return the HTML of `in` above its slot and `out` below."""
        parts = []
        for name, index, side in (("in", in_, 0.0), ("out", out, HIGH)):
            if index is not None:
                left = 100 * (index % self.across + 0.5) / self.across
                top = 100 * (index % self.count // self.across + side) / self.lines
                parts.append(f'<u class="{name}" style="left:{left:.2f}%;top:{top:.2f}%"><s></s>{name}</u>')
        return "".join(parts)
