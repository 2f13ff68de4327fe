"""The last minute: how full the buffer was, and how fast items went in and out.

Two curves in one chart differ both in colour and in line style.
"""

from __future__ import annotations

import math

import numpy as np
from bqplot import Axis, LinearScale, Lines

from shmlab.views.notebook import palette
from shmlab.views.notebook.buffer_shown import BufferShown
from shmlab.views.notebook.marks import figure
from shmlab.views.notebook.plain_widgets import Parts

WINDOW = 60.0  # seconds
HERTZ = 5
POINTS = int(WINDOW * HERTZ) + 1
MARGIN = {"top": 8, "bottom": 24, "left": 50, "right": 12}


def nice(value: float) -> float:
    """Return the next higher round number: 1, 2 or 5 times a power of ten."""
    if value <= 1:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


class Chart:
    """One chart over the last minute, with room for one or two curves."""

    def __init__(self, parts: Parts, title: str, colours: list[str], filled: bool = False) -> None:
        self.times = np.linspace(-WINDOW, 0, POINTS, dtype=np.float32)
        self.y_scale = LinearScale(min=0.0, max=1.0, allow_padding=False)
        scales = {"x": LinearScale(min=-WINDOW, max=0.0, allow_padding=False), "y": self.y_scale}
        self.curves = Lines(
            x=self.times,
            y=np.full((len(colours), POINTS), np.nan, np.float32),
            scales=scales,
            colors=colours,
            stroke_width=2,
            fill="bottom" if filled else "none",
            fill_colors=colours,
            fill_opacities=[0.2],
            preserve_domain={"x": True, "y": True},
        )
        self.y_axis = Axis(scale=self.y_scale, side="left", tick_values=[0, 1], grid_lines="solid", tick_format=",.6~g")
        axes = [
            Axis(
                scale=scales["x"],
                grid_lines="none",
                tick_values=[-60, -45, -30, -15, 0],
                tick_format="d",
            ),
            self.y_axis,
        ]
        self.figure = figure([self.curves], "100%", "150px", axes=axes, fig_margin=MARGIN)
        self.box = parts.column([parts.text("", f'<div class="chart-title">{title}</div>'), self.figure], "chart")

    def limit(self, highest: float, ticks: list[float]) -> None:
        """Set the upper limit and the ticks, if they have changed."""
        if self.y_scale.max != highest:
            self.y_scale.max = highest
            self.y_axis.tick_values = ticks


class ChartsView:
    """Occupancy and throughput over the last minute."""

    def __init__(self, parts: Parts) -> None:
        keys = '<i class="solid in"></i>produced<i class="dashed out"></i>consumed'
        self.fill = Chart(parts, "Occupied slots <span>last 60 s</span>", ["var(--s2)"], filled=True)
        self.flow = Chart(parts, f"Items/s <span>{keys}</span>", [palette.PRODUCER, palette.CONSUMER])
        self.box = parts.row([self.fill.box, self.flow.box], "charts")
        self.clear()

    def clear(self) -> None:
        """Forget all data, because another lab begins."""
        self.past: list[tuple[float, int, int]] = []
        self.occupied = np.full(POINTS, np.nan, np.float32)
        self.rates = np.full((2, POINTS), np.nan, np.float32)

    def update(self, snap: BufferShown, now: float) -> bool:
        """Add a point and draw. To be called `HERTZ` times a second while the lab runs."""
        self.past = [*(point for point in self.past if now - point[0] <= 1.05), (now, snap.produced, snap.consumed)]
        then, produced, consumed = self.past[0]
        passed = now - then
        latest = [(snap.produced - produced) / passed, (snap.consumed - consumed) / passed] if passed > 0.15 else [0, 0]
        self.occupied = np.append(self.occupied[1:], np.float32(snap.occupancy))
        self.rates = np.hstack([self.rates[:, 1:], np.array(latest, np.float32)[:, None]])
        self.draw(snap.capacity)
        return True

    def draw(self, capacity: int) -> None:
        """Draw `occupied` and `rates`: the last minute, a value for each of `POINTS`, nan where there is no data."""
        self.fill.limit(float(capacity), [0, capacity / 2, capacity] if capacity % 2 == 0 else [0, capacity])
        top = nice(1.05 * float(np.nanmax(self.rates)))
        self.flow.limit(top, [0, top / 2, top])
        self.fill.curves.y = self.occupied
        self.flow.curves.y = self.rates
