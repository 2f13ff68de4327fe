"""Throughput over item size, both on logarithmic axes: one curve for each way of communicating.

A curve is identified by a letter at its points, by its colour and by its group: this package's ways are drawn bold,
those of the system thin, those of other packages dashed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from bqplot import Axis, Label, Lines, LogScale

from shmlab.experiments.comparison import units
from shmlab.experiments.comparison.comparison import Comparison
from shmlab.experiments.comparison.way import Way
from shmlab.experiments.comparison.ways import find
from shmlab.views.notebook import palette
from shmlab.views.notebook.marks import figure
from shmlab.views.notebook.plain_widgets import Parts

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COLOURS = 8  # in each group, see comparison.css
OURS, SYSTEM, PACKAGES = range(3)
STROKES = ((3.0, "solid"), (1.5, "solid"), (1.5, "dashed"))  # width and style of each group
MARGIN = {"top": 12, "bottom": 34, "left": 58, "right": 24}
GROUPS = "<span><s></s>this package</span><span><s></s>Python and the system</span><span><s></s>other packages</span>"
EMPTY = (1e2, 1e6)  # items per second of a chart without curves


def group(way: type[Way]) -> int:
    """Return whether a way is this package's, the system's, or another package's."""
    if way.package:
        return PACKAGES
    return OURS if way.shared_memory else SYSTEM


class Curves:
    """The chart. `names` are the ways in order; `letters` and `colours` identify each."""

    def __init__(self, parts: Parts, comparison: Comparison) -> None:
        self.names = [name for name in comparison.plan.ways if not find(name).missing()]
        self.groups = [[n for n in self.names if group(find(n)) == kind] for kind in range(3)]
        self.letters = {name: LETTERS[i % len(LETTERS)] for i, name in enumerate(self.names)}
        self.colours = {
            name: f"var(--k{kind}{i % COLOURS})"
            for kind, names in enumerate(self.groups)
            for i, name in enumerate(names)
        }
        self.sizes = np.array(comparison.plan.sizes, np.float64)
        first, last = float(self.sizes[0]), float(self.sizes[-1])
        right = last * max(4.0, (last / first) ** 0.12)  # room for letters that are moved aside
        self.x_scale = LogScale(min=first / 1.6, max=right, allow_padding=False)
        self.y_scale = LogScale(min=EMPTY[0], max=EMPTY[1], allow_padding=False)
        scales = {"x": self.x_scale, "y": self.y_scale}
        self.lines = [self._lines(kind, scales) for kind, names in enumerate(self.groups) if names]
        self.marks = Label(
            x=np.ones(2),
            y=np.ones(2),
            text=np.array(["", ""]),
            visible=False,
            scales=scales,
            colors=[palette.INK],
            default_size=13,
            font_weight="bold",
            align="middle",
            preserve_domain={"x": True, "y": True},
        )
        ticks = {str(size): units.size(size) for size in comparison.plan.sizes}
        self.y_axis = Axis(scale=self.y_scale, side="left", tick_format="~s", grid_lines="solid")
        axes = [
            Axis(scale=self.x_scale, grid_lines="none", tick_values=self.sizes, tick_labels=ticks),
            self.y_axis,
        ]
        self.figure = figure([*self.lines, self.marks], "100%", "430px", axes=axes, fig_margin=MARGIN)
        self.box = parts.column([self.figure, parts.text("groups", GROUPS)], "curves")

    def _lines(self, kind: int, scales: dict[str, LogScale]) -> Lines:
        width, style = STROKES[kind]
        return Lines(
            x=np.ones(2),
            y=np.ones(2),
            scales=scales,
            colors=[palette.INK],
            stroke_width=width,
            line_style=style,
            visible=False,
            preserve_domain={"x": True, "y": True},
        )

    def update(self, comparison: Comparison, between: tuple[int, int], in_bytes: bool) -> None:
        """Draw the results so far, as items or as bytes per second."""
        points: dict[str, list[tuple[float, float]]] = {}
        for name in self.names:
            rates = ((size, comparison.result(name, size, *between).rate) for size in comparison.plan.sizes)
            found = [(float(size), rate * size if in_bytes else rate) for size, rate in rates if rate]
            if found:
                points[name] = found
        self._limit([value for found in points.values() for _, value in found])
        for mark, names in zip(self.lines, [names for names in self.groups if names], strict=True):
            self._draw(mark, {name: points[name] for name in names if name in points})
        self._letter([(*point, name) for name, found in points.items() for point in found])

    def _draw(self, mark: Lines, points: dict[str, list[tuple[float, float]]]) -> None:
        """Draw the curves of one group. Shorter ones repeat their last point: to the browser a gap is an error."""
        if not points:
            mark.visible = False
            return
        most = max(2, *map(len, points.values()))  # bqplot takes a single point for a number
        filled = np.array([found + found[-1:] * (most - len(found)) for found in points.values()])
        if mark.visible and np.array_equal(mark.y, filled[:, :, 1]):
            return
        with mark.hold_sync():
            mark.x, mark.y = filled[:, :, 0], filled[:, :, 1]
            mark.colors = [self.colours[name] for name in points]
            mark.visible = True

    def _limit(self, values: Sequence[float]) -> None:
        """Set the axis to whole powers of ten around all values."""
        least = 10.0 ** math.floor(math.log10(min(values, default=EMPTY[0])))
        most = 10.0 ** math.ceil(math.log10(1.2 * max(values, default=EMPTY[1])))
        if (self.y_scale.min, self.y_scale.max) != (least, most):
            self.y_scale.min, self.y_scale.max = least, most
            exponents = range(round(math.log10(least)), round(math.log10(most)) + 1)
            self.y_axis.tick_values = [10.0**exponent for exponent in exponents]

    def _letter(self, known: list[tuple[float, float, str]]) -> None:
        """Draw a letter at each point, moving aside those that would overlap."""
        step = (self.x_scale.max / self.x_scale.min) ** 0.014
        near = (self.y_scale.max / self.y_scale.min) ** 0.028
        placed: list[tuple[float, float]] = []
        for x, y, _ in known:
            while any(px == x and max(py / y, y / py) < near for px, py in placed):
                x *= step
            placed.append((x, y))
        self.marks.visible = bool(known)
        if known:
            placed, known = [*placed, placed[-1]], [*known, known[-1]]  # never a single point
            with self.marks.hold_sync():
                self.marks.x, self.marks.y = np.array(placed).T
                self.marks.text = np.array([self.letters[name] for _, _, name in known])
                self.marks.colors = [self.colours[name] for _, _, name in known]
