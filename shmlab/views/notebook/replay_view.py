"""A recorded run in the view of the live lab, with a clock that can be stopped, slowed down and set.

It needs neither processes nor threads: a widget in the browser requests one frame after another, so the view works
where neither is available. A busy browser requests frames later, and the clock advances by the time elapsed meanwhile.
"""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets
import numpy as np

from shmlab.observe.recording import Recording
from shmlab.observe.snapshot import Snapshot
from shmlab.views.notebook import palette
from shmlab.views.notebook.board import Board
from shmlab.views.notebook.charts import HERTZ, POINTS, WINDOW

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # recorded seconds per second
TICK = 40  # milliseconds between frames
LEAP = 1.0  # maximum number of seconds counted between two frames: what nobody could see is not skipped
SPAN = 1.05  # seconds over which the charts measure rates


class ReplayedLab(Board):
    """A recording and its view: `play()`, `pause()`, `seek(seconds)`.

    `position` is the moment that is shown, in seconds; `speed` is the number of recorded seconds that pass in one.
    """

    def __init__(self, recording: Recording, speed: float = 1.0) -> None:
        super().__init__(f"<ReplayedLab: {recording.lab['about']}, {recording.seconds:.1f} s>")
        self.recording, self.position, self.speed = recording, 0.0, speed
        self._ticked = 0.0
        self._times, self._curve = np.array(recording.times), np.array(recording.curve, float)
        self._make(None)
        self._arrange((), self._controls())
        self.panes.observe(lambda _: self.seek(self.position), "selected_index")
        self.seek(0.0)

    def _controls(self) -> Any:
        parts, longest = self.parts, max(self.recording.seconds, 0.1)
        self.button = parts.button("▶ play", "let time pass, or stop it")
        self.button.on_click(lambda _: self.pause() if self.playing else self.play())
        self.first = parts.button("↺ first", "go to the first moment")
        self.first.on_click(lambda _: self.seek(0.0))
        speeds = [(f"{speed:g} ×", speed) for speed in sorted({*SPEEDS, self.speed})]
        self.speeds = ipywidgets.Dropdown(options=speeds, value=self.speed, layout={"width": "90px"})
        self.speeds.observe(lambda change: setattr(self, "speed", change["new"]), "value")
        self.slider = ipywidgets.FloatSlider(0.0, min=0.0, max=longest, step=0.05, readout=False).add_class("time")
        self.slider.tooltip = "the moment that is shown"
        self.slider.observe(self._slid, "value")
        self.clock = parts.text("clock")
        self.ticks = ipywidgets.Play(interval=TICK, max=1 << 30).add_class("unseen")
        self.ticks.observe(self._tick, "value")
        field = parts.row([parts.text("", '<span class="caption">speed</span>'), self.speeds], "field")
        line = [parts.row([self.button, self.first], "group"), field, self.slider, self.clock, self.ticks]
        return parts.column([parts.row(line, "line replay")], "controls")

    # time

    @property
    def playing(self) -> bool:
        """Whether the clock is running. It only advances where a browser shows the view."""
        return bool(self.ticks.playing)

    def play(self) -> None:
        """Start the clock; at the end, restart from the beginning."""
        with self.lock:
            if self.closed or self.playing:
                return
            if self.position >= self.recording.seconds:
                self.seek(0.0)
            self._ticked = time.monotonic()
            self.ticks.playing, self.button.description = True, "‖ pause"

    def pause(self) -> None:
        """Stop at the moment that is shown."""
        with self.lock:
            if not self.closed and self.playing:
                self._stop(self.position)

    def _stop(self, seconds: float) -> None:
        """Stop at a moment. The button changes last: after that, only the user moves the slider."""
        self.ticks.playing = False
        self.seek(seconds)
        self.button.description = "▶ play"

    def seek(self, seconds: float) -> None:
        """Show the moment `seconds` after the beginning."""
        with self.lock:
            if self.closed:
                return
            self.position = min(max(float(seconds), 0.0), self.recording.seconds)
            self._all_due()
            now = time.monotonic()
            self._show(now)
            if not self.playing:  # the last changes need not glow for ever
                self.slots.update(self.snapshot(), now + palette.GLOW_SECONDS)

    def _slid(self, change: dict[str, Any]) -> None:
        if change["new"] != self._slider:
            self.seek(change["new"])

    def _tick(self, _: object) -> None:
        """Advance, because the browser is ready for a frame."""
        with self.lock:
            if self.closed or not self.playing:
                return
            now = time.monotonic()
            self.position += self.speed * min(now - self._ticked, LEAP)
            self._ticked = now
            if self.position >= self.recording.seconds:
                self._stop(self.recording.seconds)
            else:
                self._show(now)

    # display

    def _show(self, now: float) -> None:
        moment = self.recording.at(self.position)
        self._paint(moment.snapshot, moment.events, moment.output, now)
        if self._is_due("charts", now, 1 / HERTZ):
            self._draw_charts(moment.snapshot.capacity)
            self._slider = self.slider.value = round(self.position, 3)
            self._set(self.clock, f"<b>{self.position:.1f} s</b> of {self.recording.seconds:.1f} s")

    _slider = 0.0  # the slider position that we set

    def _draw_charts(self, capacity: int) -> None:
        """Draw the minute before the moment that is shown."""
        when = self.position + np.linspace(-WINDOW, 0.0, POINTS)
        now, before = self._known(when), self._known(np.maximum(when - SPAN, 0.0))
        passed = np.minimum(when, SPAN)
        flow = np.where(passed > 0.15, (now[1:] - before[1:]) / np.maximum(passed, 0.15), 0.0)
        there = when >= 0
        self.charts.occupied = np.where(there, now[0], np.nan).astype(np.float32)
        self.charts.rates = np.where(there, flow, np.nan).astype(np.float32)
        self.charts.draw(capacity)

    def _known(self, when: Any) -> Any:
        """Return occupied slots, items produced and items consumed at these times."""
        return self._curve[np.maximum(np.searchsorted(self._times, when, side="right") - 1, 0)].T

    def _head(self, snap: Snapshot, more: str = "") -> str:
        return super()._head(snap, '<span class="pill calm"><i>●</i>recorded</span>')

    def _notes(self) -> list[tuple[str, str]]:
        where = html.escape(self.recording.machine.get("processor", "another machine"))
        told = (self.recording.cut, self.recording.lab["warning"])
        recorded = ("recorded", f"A run that was recorded on {where}; no process runs here.")
        return [recorded, *(("warning", f"▲ {html.escape(text)}") for text in told if text)]

    @property
    def title(self) -> str:
        """What the lab showed, in words."""
        return str(self.recording.lab["title"])

    def snapshot(self) -> Snapshot:
        """Return the state of the segment at the moment that is shown."""
        return self.recording.at(self.position).snapshot

    def _end(self) -> None:
        self._take_away()

    def __str__(self) -> str:
        return f"{self.position:.1f} s: {self.snapshot()}"
