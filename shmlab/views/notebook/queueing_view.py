"""How full the buffer is, as measured and as predicted by queueing theory, in one figure that fills in.

A pattern is identified by the shape of its points as well as by their colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bqplot import Axis, LinearScale, Lines, Scatter

from shmlab.experiments import queueing
from shmlab.experiments.queueing.occupancy import RATIOS, SHARES, OccupancyMeasurement, OccupancyResult, Point
from shmlab.views.notebook import palette
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.marks import figure, plane
from shmlab.views.notebook.measuring_view import MeasuringView
from shmlab.views.notebook.plain_widgets import Parts

ENDS = (0.4, 2.2)  # ends of the axis of ratios
MARGIN = {"top": 14, "bottom": 46, "left": 54, "right": 20}
LOOKS = {
    "poisson": ("circle", "var(--q1)"),
    "constant": ("square", "var(--q2)"),
    "bursty": ("triangle-up", "var(--q3)"),
}
KEYS = (
    "<span><s></s>theory: M/M/1/K with K = slots + 2</span>"
    '<span><i style="color:var(--q1)">●</i>measured: random (Poisson), ± standard error</span>'
    '<span><i style="color:var(--q2)">■</i>measured: constant</span>'
    '<span><i style="color:var(--q3)">▲</i>measured: bursts of ten</span>'
)


class Occupancy:
    """The figure: mean number of occupied slots over produce rate / consume rate."""

    def __init__(self, parts: Parts, slots: int) -> None:
        scales = plane(ENDS, (-0.03 * slots, 1.03 * slots))  # points at either end are fully visible
        fixed = {"scales": scales, "preserve_domain": {"x": True, "y": True}}
        ratios = np.linspace(*ENDS, 120)
        self.theory = Lines(
            x=ratios,
            y=np.array([queueing.occupied(float(ratio), slots) for ratio in ratios]),
            colors=[palette.INK],
            stroke_width=2,
            **fixed,
        )
        self.bars = {name: self._bars(colour, fixed) for name, (_, colour) in LOOKS.items()}
        self.dots = {name: self._dots(shape, colour, fixed) for name, (shape, colour) in LOOKS.items()}
        axes = [
            self._axis(scales["x"], "produce rate / consume rate, as measured", np.arange(0.5, 2.01, 0.25), ".2f"),
            self._axis(scales["y"], "occupied slots", np.linspace(0, slots, 5), ".3~g", "left"),
        ]
        marks = [self.theory, *self.bars.values(), *self.dots.values()]
        self.figure = figure(marks, "100%", "420px", axes=axes, fig_margin=MARGIN)
        self.box = parts.column([self.figure, parts.text("groups", KEYS)], "curves")

    @staticmethod
    def _axis(scale: LinearScale, label: str, ticks: Any, form: str, side: str = "bottom") -> Axis:
        lines = "solid" if side == "left" else "none"
        return Axis(
            scale=scale,
            label=label,
            tick_values=ticks,
            tick_format=form,
            side=side,
            grid_lines=lines,
            label_offset="34px",
        )

    @staticmethod
    def _bars(colour: str, fixed: dict[str, Any]) -> Lines:
        """Return error bars: a short vertical line for each ratio, from the mean minus to the mean plus its error."""
        x = np.repeat(np.array(RATIOS), 2).reshape(-1, 2)
        return Lines(x=x, y=np.zeros_like(x), colors=[colour] * len(RATIOS), stroke_width=2, visible=False, **fixed)

    @staticmethod
    def _dots(shape: str, colour: str, fixed: dict[str, Any]) -> Scatter:
        x = np.array(RATIOS)
        return Scatter(x=x, y=np.zeros_like(x), marker=shape, colors=[colour], default_size=90, visible=False, **fixed)

    def update(self, measured: OccupancyResult) -> None:
        """Draw the results so far."""
        for name in LOOKS:
            points = measured.of(name)
            self.bars[name].visible = self.dots[name].visible = bool(points)
            if points:  # all ratios of a pattern are measured together
                with self.dots[name].hold_sync():
                    self.dots[name].x = np.array([point.ratio for point in points])
                    self.dots[name].y = np.array([point.mean for point in points])
                with self.bars[name].hold_sync():
                    self.bars[name].x = np.array([(point.ratio, point.ratio) for point in points])
                    self.bars[name].y = np.array([self._ends(point, measured.slots) for point in points])

    @staticmethod
    def _ends(point: Point, slots: int) -> tuple[float, float]:
        error = 0.0 if np.isnan(point.error) else point.error
        return max(0.0, point.mean - error), min(float(slots), point.mean + error)


class LiveQueueing(MeasuringView):
    """A running measurement and its view. `measured` holds the figures; `close()` ends both."""

    called, saved_as = "queueing", "occupancy.csv"
    _measuring: OccupancyMeasurement

    def __init__(self, slots: int, seconds: float) -> None:
        self.slots, self.seconds = slots, seconds
        super().__init__(f"<LiveQueueing: {slots} slots, {len(RATIOS)} ratios, {len(SHARES)} patterns>")

    @property
    def measured(self) -> OccupancyResult:
        """The results so far: `print` them."""
        return self._measuring.measured

    def _measurement(self) -> OccupancyMeasurement:
        return OccupancyMeasurement(self.slots, self.seconds)

    def _results(self) -> Iterator[object]:
        yield from self._measuring

    def _figures(self) -> str:
        return self.measured.csv()

    def _build(self) -> None:
        parts = self.parts
        title = f'<div class="title">How full is a buffer of {self.slots} slots?</div>'
        under = f'<div class="under"><span>{len(RATIOS)} labs at a time, two real processes each</span></div>'
        self.head.value = title + under
        self.occupancy = Occupancy(parts, self.slots)
        css = palette.style() + Path(__file__).with_name("queueing.css").read_text(encoding="utf-8")
        style = parts.text("unseen", f"<style>{css}</style>")
        top = parts.row([self.head, parts.row([self.csv], "group")], "top")
        controls = parts.row([parts.row([self.again, self.cancel], "group"), self.bar], "line")
        shown = [style, top, parts.row([controls], "controls"), self.note, self.occupancy.box, self.line]
        self.box = parts.column([*shown, self.download], "shmlab queueing")

    def _show(self) -> None:
        self.occupancy.update(self.measured)
        self._set(self.bar, self._progress(round(100 * self.measured.done)))

    def wait(self, seconds: float | None = None) -> OccupancyResult:
        """Return the figures, once everything is measured or `seconds` have passed."""
        self._thread.join(seconds)
        return self.measured

    def _end(self) -> None:
        self._leave()
        close_tree(self.box, *self.parts.shared)

    def __str__(self) -> str:
        known = self.measured
        if self.measuring:
            return f"measuring: {100 * known.done:.0f} % done, {known.seconds:.0f} s"
        how = "cancelled" if self._measuring.cancelled else "done" if known.done > 0.999 else "ended early"
        far = "" if np.isnan(known.farthest) else f", at most {known.farthest:.2f} slots from the theory (Poisson)"
        return f"{how}: {len(known.points)} of {len(RATIOS) * len(SHARES)} points in {known.seconds:.0f} s{far}"
