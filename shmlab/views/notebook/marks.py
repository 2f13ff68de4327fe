"""The few bqplot marks that the views use, configured for frequent updates.

Restyling a mark is cheap in the browser, moving it is not; and a list of colours that we generate ourselves does not
need to be validated, string by string, thirty times a second.
"""

from __future__ import annotations

from typing import Any

from bqplot import Figure, LinearScale, Lines
from ipywidgets import Layout
from traitlets import List


class Shapes(Lines):
    """Closed polygons, each with its own fill colour."""

    fill_colors: Any = List().tag(sync=True)
    colors: Any = List().tag(sync=True)

    def __init__(self, x: Any, y: Any, scales: dict[str, Any], fills: list[str], **traits: Any) -> None:
        traits.setdefault("stroke_width", 0)
        super().__init__(
            x=x,
            y=y,
            scales=scales,
            close_path=True,
            fill="inside",
            fill_colors=fills,
            fill_opacities=[1.0] * len(fills),
            preserve_domain={"x": True, "y": True},
            **traits,
        )


def plane(x: tuple[float, float], y: tuple[float, float]) -> dict[str, Any]:
    """Return fixed scales, so that drawings never rescale themselves."""
    return {
        "x": LinearScale(min=x[0], max=x[1], allow_padding=False),
        "y": LinearScale(min=y[0], max=y[1], allow_padding=False),
    }


def figure(marks: list[Any], width: str, height: str, **traits: Any) -> Figure:
    """Return a figure without toolbar, animation and background."""
    traits.setdefault("fig_margin", {"top": 0, "bottom": 0, "left": 0, "right": 0})
    return Figure(
        marks=marks,
        padding_x=0,
        padding_y=0,
        animation_duration=0,  # with animations, a hidden tab queues them until it crashes (bqplot#1600)
        display_toolbar=False,
        background_style={"fill": "none"},
        layout=Layout(width=width, height=height, min_width="0"),
        **traits,
    )
