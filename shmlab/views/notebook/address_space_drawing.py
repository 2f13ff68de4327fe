"""The address spaces of two processes side by side, drawn from what the kernel reports about them.

Both are on one scale: equal height means equal addresses, the highest at the top. All areas are drawn equally high
whatever their size, and the unmapped space between them, which is nearly everything, is only a gap with its size.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shmlab.processes.address_space import Area
from shmlab.views import format
from shmlab.views.notebook.marks import Shapes, figure, plane
from shmlab.views.notebook.plain_widgets import Parts

HIGH, GAP, WIDE_GAP = 42, 6, 26  # pixels
FAR = 1 << 30  # bytes: the smallest gap between two areas that is labelled
COLUMNS = ((1.0, 48.5), (51.5, 99.0))  # per cent of the width
NAMES = {
    "code": "code",
    "data": "data",
    "heap": "heap",
    "own page": "a page of its own",
    "segment": "segment",
    "libraries": "libraries",
    "stack": "stack",
}
FILLS = {kind: f"var(--kind-{kind.replace(' ', '-')})" for kind in NAMES}
NOTHING = "transparent"


class AreaRow(NamedTuple):
    """The areas at the same addresses, by the name of their process."""

    start: int
    end: int
    areas: dict[str, Area]


def rows(spaces: Mapping[str, Sequence[Area]]) -> list[AreaRow]:
    """Return all areas of all processes, highest address first; areas that overlap share a row."""
    every = sorted(((area, name) for name, areas in spaces.items() for area in areas), key=lambda each: each[0].start)
    found: list[AreaRow] = []
    for area, name in every:
        last = found[-1] if found else None
        if last is not None and area.start < last.end and name not in last.areas:
            found[-1] = AreaRow(last.start, max(last.end, area.end), {**last.areas, name: area})
        else:
            found.append(AreaRow(area.start, area.end, {name: area}))
    return found[::-1]


class Spaces:
    """The drawing. `box` is the widget."""

    def __init__(self, names: Sequence[str], parts: Parts) -> None:
        self.names = list(names)
        self.heads = parts.text("spaces-heads")
        x, y = np.zeros((2, 4)), np.zeros((2, 4))
        self.scales = plane((0, 100), (-100, 0))
        self.shapes = Shapes(x, y, self.scales, [NOTHING] * 2, colors=[NOTHING], stroke_width=0)
        self.figure = figure([self.shapes], "100%", "100px")
        self.over = parts.text("over")
        self.box = parts.column([self.heads, parts.row([self.figure, self.over], "field")], "spaces")

    def update(
        self, spaces: Mapping[str, Sequence[Area]], values: Mapping[str, Mapping[int, int]], heads: Mapping[str, str]
    ) -> None:
        """Draw these areas. values: the contents of some addresses, by process; heads: the heading for each process."""
        titles = "".join(f"<div><b>{html.escape(name)}</b> {heads[name]}</div>" for name in self.names)
        self.heads.value = f'<div class="two">{titles}</div>'
        polygons: list[tuple[list[float], list[float], str]] = []
        texts: list[str] = []
        top = float(GAP)
        below: int | None = None  # the lowest address of the row above
        for row in rows(spaces):
            if below is not None and below - row.end > FAR:
                texts.append(f'<div class="gap" style="top:{top:.0f}px">⋮ {far(below - row.end)} of nothing ⋮</div>')
                top += WIDE_GAP
            for name, area in row.areas.items():
                left, right = COLUMNS[self.names.index(name)]
                polygons.append(([left, right, right, left], [top, top, top + HIGH, top + HIGH], FILLS[area.kind]))
                texts.append(self._text(area, values.get(name, {}), left, right - left, top))
            top += HIGH + GAP
            below = row.start
        self._draw(polygons, top)
        self.over.value = f'<div class="areas">{"".join(texts)}</div>'

    def _draw(self, polygons: list[tuple[list[float], list[float], str]], height: float) -> None:
        while len(polygons) < 2:  # bqplot takes a single polygon for numbers
            polygons.append(([0.0] * 4, [0.0] * 4, NOTHING))
        self.figure.layout.height = f"{height:.0f}px"
        self.scales["y"].min = -height
        with self.shapes.hold_sync():
            self.shapes.x = np.array([x for x, _, _ in polygons])
            self.shapes.y = -np.array([y for _, y, _ in polygons])
            self.shapes.fill_colors = [fill for _, _, fill in polygons]
            self.shapes.fill_opacities = [1.0] * len(polygons)

    @staticmethod
    def _text(area: Area, values: Mapping[int, int], left: float, width: float, top: float) -> str:
        first = area.regions[0]
        value = f"<em>{values[area.start]}</em>" if area.start in values else ""
        modes = ", ".join(dict.fromkeys(region.mode for region in area.regions))
        more = html.escape(", ".join(area.files)) if area.kind != "segment" else f"inode {first.inode}"
        gone = " · its name is gone" if first.unlinked and area.kind == "segment" else ""
        return (
            f'<div class="area {area.kind.replace(" ", "-")}" style="left:{left}%;width:{width}%;top:{top:.0f}px" '
            f'title="{area.start:x} to {area.end:x}">'
            f"<div><strong>{NAMES[area.kind]}</strong>{value}<span>{format.size(area.size)}</span><code>{area.start:x}</code></div>"
            f"<div><code>{modes}</code><span>{more}{gone}</span></div></div>"
        )


def far(size: int) -> str:
    """Return a distance between addresses, with its unit."""
    for unit, power in (("TiB", 40), ("GiB", 30)):
        if size >= 1 << power:
            return f"{size >> power:,} {unit}"
    return format.size(size)
