"""The controls for the whole lab: start, pause, reset, choose, add, slow down, save.

The controls only send requests. They take the resulting values from the lab's settings, so one that was refused jumps
back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from shmlab import strategies
from shmlab.lab import scenarios
from shmlab.views.notebook.plain_widgets import Parts

Request = Callable[..., None]
SPEEDS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
OWN = "your own put and get"


def nearest(seconds: float) -> float:
    """Return the slider position nearest to a time; only exactly zero is "off"."""
    return 0.0 if seconds == 0 else min(SPEEDS[1:], key=lambda speed: abs(speed - seconds))


class ControlsView:
    """The two lines of controls above the slots."""

    def __init__(self, request: Request, settings: dict[str, Any], parts: Parts) -> None:
        self.request = request
        self.showing = False

        def button(text: str, tip: str, verb: str, *arguments: Any) -> ipywidgets.Button:
            made = parts.button(text, tip)
            made.on_click(lambda _: self.request(verb, *arguments))
            return made

        self.start = button("▶ start", "let all processes work", "start")
        self.pause = button("‖ pause", "all processes wait between two items", "pause")
        self.reset = button("↺ reset", "end this lab, start a new one with the same settings", "reset")
        self.repair = button("✚ repair", "set right what a killed process has left", "repair")
        self.producer = button("+ producer", "start one more producer process", "add_producer")
        self.consumer = button("+ consumer", "start one more consumer process", "add_consumer")
        self.png = button("PNG", "save the picture as PNG", "save", "png")
        self.svg = button("SVG", "save the picture as SVG", "save", "svg")
        self.csv = button("CSV", "save the event log as CSV", "save", "csv")

        names = [(name.replace("_", " "), name) for name in strategies.names]
        if settings["put"] is not None or settings["get"] is not None:
            names.insert(0, (OWN, OWN))
        self.strategy = ipywidgets.Dropdown(options=names, layout={"width": "170px"})
        self.slots = ipywidgets.IntText(continuous_update=False, layout={"width": "84px"})
        self.bounded = ipywidgets.ToggleButtons(options=["bounded", "unbounded"], style={"button_width": "104px"})
        self.slow = ipywidgets.SelectionSlider(
            options=[("off" if s == 0 else f"{s:g} s", s) for s in SPEEDS],
            readout=True,
            tooltip="how long every step of the protocol takes",
            layout={"width": "210px"},
        )
        titles = [("choose …", "")] + [(name, name) for name in scenarios.scenarios]
        self.scenario = ipywidgets.Dropdown(options=titles, layout={"width": "190px"})

        for widget, verb in (
            (self.strategy, "strategy"),
            (self.slots, "slots"),
            (self.bounded, "bounded"),
            (self.slow, "slow_motion"),
            (self.scenario, "scenario"),
        ):
            widget.observe(lambda change, verb=verb: self._chosen(verb, change["new"]), "value")

        def field(label: str, widget: ipywidgets.Widget) -> ipywidgets.Box:
            return parts.row([parts.text("", f'<span class="caption">{label}</span>'), widget], "field")

        life = parts.row([self.start, self.pause, self.reset, self.repair], "group")
        more = parts.row([self.producer, self.consumer], "group")
        above = parts.row([life, more, field("scenario", self.scenario)], "line")
        slots, slow = field("slots", self.slots), field("slow motion", self.slow)
        below = parts.row([field("strategy", self.strategy), slots, self.bounded, slow], "line")
        self.box = parts.column([above, below], "controls")
        self.saving = field("save", parts.row([self.png, self.svg, self.csv], "group")).add_class("saving")
        self.show(settings, "running")

    def _chosen(self, verb: str, value: Any) -> None:
        if not self.showing and value not in (None, ""):
            self.request(verb, value)

    def show(self, settings: dict[str, Any], state: str) -> None:
        """Show the current settings without requesting them again."""
        self.showing = True
        try:
            own = settings["put"] is not None or settings["get"] is not None
            self.strategy.value = OWN if own else settings["strategy"]
            self.slots.value = settings["slots"]
            self.bounded.value = "unbounded" if settings["strategy"] == "unbounded" and not own else "bounded"
            self.slow.value = nearest(settings["slow_motion"])
            self.scenario.value = settings.get("scenario") or ""
        finally:
            self.showing = False
        self.state(state)

    def state(self, state: str, damaged: bool = False) -> None:
        """Enable the controls that make sense in this state."""
        running = state == "running"
        for button, off in ((self.start, running), (self.pause, not running), (self.repair, not damaged)):
            if button.disabled != off:
                button.disabled = off
