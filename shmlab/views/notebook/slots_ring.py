"""Up to 64 slots as a ring, because the buffer is circular.

Every slot shows the letter of its state, its item's number and that item's producer. `in` points from outside, `out`
from inside, so that neither hides the other. The slots are polygons that only change colour; all text on them is SVG
in a few widgets, so a frame takes few messages.
"""

from __future__ import annotations

import html
from functools import cache
from typing import NamedTuple

import numpy as np

from shmlab.views.notebook import geometry, palette
from shmlab.views.notebook.buffer_shown import BufferShown
from shmlab.views.notebook.glow import Glow
from shmlab.views.notebook.marks import Shapes, figure, plane
from shmlab.views.notebook.plain_widgets import Parts

MOST = 64
STACKED = 16  # up to so many slots, the texts of a slot are stacked
PIECE = 16
DENSE = 32  # beyond, the drawing is larger and numbers are cut to their last digits
EDGE = 1.33
PIXELS = 176  # the usual size of radius 1: font sizes are relative to it


Point = tuple[float, float]


class Text(NamedTuple):
    """A short text centred on a point, y upwards, its size in pixels; `look` names its colour and weight."""

    x: float
    y: float
    size: float
    look: str
    text: str

    def svg(self) -> str:
        """Return the text as SVG, in units of the radius."""
        place = f'x="{self.x:.3f}" y="{-self.y:.3f}" font-size="{self.size / PIXELS:.4f}"'
        return f'<text {place} class="{self.look}">{html.escape(self.text)}</text>'


def number(item: int, count: int) -> str:
    """Return an item's number, cut to its last digits where there is no room for more."""
    digits = 5 if count <= STACKED else 4 if count <= DENSE else 3
    return str(item) if item < 10**digits else f"{item % 10**digits:0{digits}}"


Content = tuple[int, int, str]  # of a slot: state, item, name of its producer


def contents(snap: BufferShown) -> list[Content]:
    """Return what every slot shows."""
    names = {worker.row: worker.name for worker in snap.workers}
    slots = zip(snap.slots.states, snap.slots.sequences, snap.slots.producers, strict=True)
    return [(state, item, names.get(producer, "?")) for state, item, producer in slots]


def written(count: int, index: int, content: Content) -> list[Text]:
    """Return the texts on one slot."""
    state, item, name = content
    large, small = (21, 14) if count <= 8 else (16, 12) if count <= 16 else (12, 10) if count <= DENSE else (8, 7)
    letter, middle, maker = places(count)[index]
    if not state or item < 0:
        return [Text(*(middle if count <= STACKED else letter), small, f"t{state} b", palette.LETTERS[state])]
    return [
        Text(*letter, small, f"t{state} b", palette.LETTERS[state]),
        Text(*middle, large, f"t{state} b", number(item, count)),
        Text(*maker, small, f"t{state}", name),
    ]


@cache
def places(count: int) -> list[tuple[Point, Point, Point]]:
    """Return the positions of each slot's letter, number and producer's name."""
    found = []
    large, small = (21, 14) if count <= 8 else (16, 12)
    step = (large + small) * 0.55 / PIXELS
    radii = (0.94, 0.815, 0.69) if count <= DENSE else (0.83, 0.935, 0.70)  # the longest text where there is most room
    for angle in geometry.angles(count):
        c, s = float(np.cos(angle)), float(np.sin(angle))
        if count <= STACKED:
            found.append(((0.81 * c, 0.81 * s + step), (0.81 * c, 0.81 * s), (0.81 * c, 0.81 * s - step)))
        else:
            first, second, third = ((radius * c, radius * s) for radius in radii)
            found.append((first, second, third))
    return found


def middle(snap: BufferShown) -> list[Text]:
    """Return the text in the middle."""
    of = f"of {snap.capacity} full" + ("" if snap.bounded else ", growing")
    return [Text(0, 0.06, 50, "ink b", str(snap.occupancy)), Text(0, -0.17, 13, "soft", of)]


def indices(count: int) -> list[Text]:
    """Return the slot numbers around the ring, only every fourth where they are dense."""
    angles, size = geometry.angles(count), 13 if count <= 8 else 10
    return [
        Text(1.062 * float(np.cos(angles[i])), 1.062 * float(np.sin(angles[i])), size, "soft", str(i))
        for i in range(0, count, 1 if count <= DENSE else 4)
    ]


def pointers(snap: BufferShown) -> list[tuple[str, list[float], list[float], Text]]:
    """Return `in` and `out`: name, x and y of the triangle, and the word beside it."""
    found = []
    angles = geometry.angles(snap.capacity)
    for name, index, tip, base, far in (("in", snap.in_, 1.125, 1.215, 1.28), ("out", snap.out, 0.595, 0.505, 0.41)):
        if index is not None:
            angle = float(angles[index % snap.capacity])
            x, y = geometry.spoke(angle, tip, base, 0.052)
            word = Text(far * float(np.cos(angle)), far * float(np.sin(angle)), 14, f"{name} b", name)
            found.append((name, x, y, word))
    return found


def drawing(parts: str) -> str:
    """Return an SVG that exactly covers the ring."""
    return f'<svg viewBox="{-EDGE} {-EDGE} {2 * EDGE} {2 * EDGE}">{parts}</svg>'


class RingDrawing:
    """The drawing of a buffer of at most 64 slots."""

    def __init__(self, count: int, parts: Parts) -> None:
        self.count = count
        self.glow = Glow(count)
        x, y = geometry.ring(count)
        scales = plane((-EDGE, EDGE), (-EDGE, EDGE))
        self.slots = Shapes(x, y, scales, [palette.FILLS[0][-1]] * count, colors=[palette.PAPER], stroke_width=2)
        self.figure = figure([self.slots], "100%", "100%")
        self.under = parts.text("over", drawing("".join(text.svg() for text in indices(count))))
        # the text in pieces of sixteen slots: where few items move, little has to be laid out again
        self.pieces = [parts.text("over") for _ in range(0, count, PIECE)]
        self.shown: list[Content | None] = [None] * count
        self.texts = [""] * count
        self.hub = parts.text("over")
        look = "shmlab-ring dense" if count > DENSE else "shmlab-ring"
        self.box = parts.row([self.figure, self.under, *self.pieces, self.hub], look)

    def update(self, snap: BufferShown, now: float) -> bool:
        """Draw a snapshot. Return whether anything changed."""
        fills = self.glow.fills(snap.slots.states, snap.slots.sequences, now)
        changed = bool(fills != self.slots.fill_colors)
        if changed:
            self.slots.fill_colors = fills
        changed |= self._write(contents(snap))
        hub = drawing("".join(word.svg() for word in middle(snap)) + "".join(map(triangle, pointers(snap))))
        if hub != self.hub.value:
            self.hub.value = hub
            changed = True
        return changed

    def _write(self, content: list[Content]) -> bool:
        stale = [index for index, shows in enumerate(content) if shows != self.shown[index]]
        for index in stale:
            self.shown[index] = content[index]
            self.texts[index] = "".join(word.svg() for word in written(self.count, index, content[index]))
        for piece in {index // PIECE for index in stale}:
            self.pieces[piece].value = drawing("".join(self.texts[PIECE * piece : PIECE * (piece + 1)]))
        return bool(stale)


def triangle(pointer: tuple[str, list[float], list[float], Text]) -> str:
    """Return a pointer as SVG."""
    name, x, y, word = pointer
    corners = " ".join(f"{a:.3f},{-b:.3f}" for a, b in zip(x, y, strict=True))
    return f'<polygon class="{name}" points="{corners}"/>{word.svg()}'
