"""One card for each process: its name, its state, its requested and actual rate, and the controls that act on it.

A card only sends requests: every button and slider calls `request(verb, row, …)`.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from shmlab.observe.snapshot import Snapshot, Worker
from shmlab.views import format
from shmlab.views.notebook import palette, rate_scale
from shmlab.views.notebook.plain_widgets import Parts

Request = Callable[..., None]
PATTERNS = ("constant", "poisson", "bursty")


class Card:
    """The card of one worker."""

    def __init__(self, worker: Worker, request: Request, parts: Parts) -> None:
        self.row, self.role, self.name = worker.row, worker.role, worker.name
        self.request = request
        self.stalled = False
        self.rate, self.notch = worker.rate, rate_scale.nearest(worker.rate)
        self.pattern = worker.pattern
        self.text = parts.text()
        self.slider = ipywidgets.SelectionSlider(
            options=list(zip(rate_scale.LABELS, range(len(rate_scale.RATES)), strict=True)),
            index=self.notch,
            readout=False,
            tooltip="items per second",
            layout={"width": "100%"},
        ).add_class("rate")
        self.slider.observe(self._slide, "index")
        self.shape = ipywidgets.Dropdown(options=PATTERNS, value=worker.pattern, layout={"width": "92px"})
        self.shape.observe(self._reshape, "value")
        one = "produce one" if self.role == "producer" else "consume one"

        def button(text: str, verb: str, tip: str) -> Any:
            made = parts.button(text, tip)
            made.on_click(lambda _: self.request(verb, self.row))
            return made

        self.single = button("one item", "one_item", f"{one} item, also while paused")
        self.stall = parts.button("stall", "SIGSTOP: freeze the process")
        self.stall.on_click(lambda _: self.request("unstall" if self.stalled else "stall", self.row))
        self.kill = button("kill", "kill", "SIGKILL: end the process wherever it is")
        self.remove = button("remove", "remove", "end the process cleanly between two items")
        steer = parts.row([self.slider, self.shape], "steer")
        buttons = parts.row([self.single, self.stall, self.kill, self.remove], "buttons")
        self.box = parts.column([self.text, steer, buttons], f"card {self.role}")
        self.update(worker)

    def _slide(self, change: dict[str, Any]) -> None:
        if change["new"] != self.notch and change["new"] is not None:
            self.notch = change["new"]
            self.rate = rate_scale.RATES[self.notch]
            self.request("set_rate", self.row, self.rate)

    def _reshape(self, change: dict[str, Any]) -> None:
        if change["new"] != self.pattern:
            self.pattern = change["new"]
            self.request("set_rate", self.row, self.rate, self.pattern)

    def update(self, worker: Worker) -> bool:
        """Show what the worker is doing; return whether anything changed."""
        text = self.words(worker)
        changed = bool(text != self.text.value)
        if changed:
            self.text.value = text
        if worker.rate != self.rate:  # changed elsewhere: move the slider without sending a request
            self.rate, self.notch = worker.rate, rate_scale.nearest(worker.rate)
            self.slider.index = self.notch
        if worker.pattern != self.pattern:
            self.pattern = worker.pattern
            self.shape.value = self.pattern
        self.stalled = worker.state == "stalled"
        wanted = "resume" if self.stalled else "stall"
        if self.stall.description != wanted:
            self.stall.description = wanted
            self.stall.tooltip = "SIGCONT: let the process go on" if self.stalled else "SIGSTOP: freeze the process"
        for button in (self.single, self.stall, self.kill):
            if button.disabled == worker.alive:
                button.disabled = not worker.alive
        if self.slider.disabled == worker.alive:
            self.slider.disabled = self.shape.disabled = not worker.alive
        return changed

    @staticmethod
    def words(worker: Worker) -> str:
        """Return the HTML of the card's upper part."""
        shape, tone = palette.sign(worker.state)
        error = f'<div class="error">{html.escape(worker.error)}</div>' if worker.error else ""
        return (
            f'<div class="who"><b class="name">{html.escape(worker.name)}</b>'
            f'<span class="role">{worker.role}</span><span class="pid">pid {worker.pid}</span></div>'
            f'<div class="pill {tone}"><i>{shape}</i>{html.escape(worker.state)}</div>'
            f'<div class="speed"><b>{format.rate(worker.achieved)}</b> items/s'
            f"<span>asked {format.asked(worker.rate)}</span></div>"
            f'<div class="facts"><span><b>{worker.items:,}</b> items</span>'
            f"<span><b>{format.seconds(worker.blocked)}</b> blocked</span>"
            f"<span><b>{100 * worker.cpu:.0f} %</b> CPU</span></div>{error}"
        )


class Still:
    """A read-only card, for a recorded worker."""

    def __init__(self, worker: Worker, parts: Parts) -> None:
        self.role, self.text = worker.role, parts.text()
        self.box = parts.column([self.text], f"card {self.role}")
        self.update(worker)

    def update(self, worker: Worker) -> bool:
        """Show what the worker was doing; return whether anything changed."""
        text = Card.words(worker)
        changed = bool(text != self.text.value)
        if changed:
            self.text.value = text
        return changed


class CardsView:
    """The cards of all workers: producers in one column, consumers in the other; read-only without `request`."""

    def __init__(self, request: Request | None, parts: Parts) -> None:
        self.request, self.parts = request, parts
        self.cards: dict[tuple[int, str, int], Any] = {}
        self.producers = parts.column([], "cards left")
        self.consumers = parts.column([], "cards right")

    def update(self, snap: Snapshot) -> bool:
        """Show every worker, adding and removing cards as processes come and go."""
        present = {(worker.row, worker.name, worker.pid): worker for worker in snap.workers}
        gone = [key for key in self.cards if key not in present]
        fresh = [key for key in present if key not in self.cards]
        changed = bool(gone or fresh)
        old = [self.cards.pop(key) for key in gone]
        for key, worker in present.items():
            if key in self.cards:
                changed |= self.cards[key].update(worker)
            else:
                ask = self.request
                self.cards[key] = Card(worker, ask, self.parts) if ask else Still(worker, self.parts)
        if gone or fresh:
            for role, column in (("producer", self.producers), ("consumer", self.consumers)):
                column.children = [self.cards[key].box for key in present if self.cards[key].role == role]
        self.parts.close(*(card.box for card in old))
        return changed
