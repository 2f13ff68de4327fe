"""A lecture on the projector: a button for each station, its question in large type, and the running example below it.

The position in the lecture is one number, a beat (see `shmlab.course.lecture`). Buttons and keys only request another
beat; one thread closes the current view and opens the next, so that no click waits for a process.
"""

from __future__ import annotations

import html

import ipywidgets

from shmlab.course.lecture import ASK, BEATS, MINUTES, NOTICE, OnScales, OnStepper, Station, begins, stations
from shmlab.experiments.comparison import planned
from shmlab.explorer.report import question
from shmlab.explorer.report.goal import Goal
from shmlab.explorer.report.stepping import Stepping
from shmlab.memory.errors import ShmlabError
from shmlab.views.notebook import palette
from shmlab.views.notebook.background import BackgroundTasks
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.comparison_view import LiveComparison
from shmlab.views.notebook.live import LiveLab
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.shown import Shown
from shmlab.views.notebook.stepper import Stepper

FPS = 30
SECONDS = 12.0  # approximate duration of the comparison
LAST = len(stations) * BEATS - 1


def opened(station: Station) -> Shown:
    """Return a running view of what this station shows."""
    shown = station.shown
    if isinstance(shown, OnScales):
        return LiveComparison(planned(shown.ways, between=[(1, 1)], seconds=SECONDS, quick=True))
    if isinstance(shown, OnStepper):
        goal = Goal(shown.goal)
        ask = question.of(shown.program, shown.get, **shown.asked)
        stepping = Stepping(ask.system(watched=goal.watched), goal)
        return Stepper(stepping, lambda progress: ask.find(goal, progress), station.title)
    return LiveLab(shown.settings, FPS, None if shown.changes else shown.scenario)


class Lecture(Shown):
    """The lecture and its current view (`shown`, or None). `go(beat)` moves; `close()` ends it and all that runs."""

    def __init__(self) -> None:
        super().__init__(f"<Lecture: {len(stations)} stations, {MINUTES} minutes>")
        self.beat = 0
        self.shown: Shown | None = None
        self._asked = 0  # the beat that was last requested
        self._showing = -1  # the station whose view is open
        self._note = ""
        self._tasks = BackgroundTasks(self._complain)
        try:
            self._build()
        except BaseException:
            self._tasks.close()
            raise

    @property
    def station(self) -> Station:
        """The station at the current beat."""
        return stations[self.beat // BEATS]

    # display

    def _build(self) -> None:
        self.parts = parts = Parts()
        self.head, self.board, self.line = parts.text("head"), parts.text("board"), parts.text("state-line")
        self.back, self.next = parts.button("‹ back", "one beat back"), parts.button("", "one beat on")
        self.back.on_click(lambda _: self.go(self._asked - 1))
        self.next.on_click(lambda _: self.go(self._asked + 1))
        self.next.add_class("onward")
        self.keys = ipywidgets.IntSlider(0, 0, LAST, readout=False, layout=parts.layout, tooltip="arrow keys move it")
        self.keys.observe(lambda change: None if self._tasks.here else self.go(change["new"]), "value")
        self.buttons = [self._button(number, station) for number, station in enumerate(stations)]
        css = palette.style("lecture")
        style = parts.text("unseen", f"<style>{css}</style>")
        bar = parts.row([self.head, self.keys, parts.row([self.back, self.next], "group")], "bar")
        self.stage = parts.column([], "shown")
        self.box = parts.column(
            [style, parts.row(self.buttons, "stations"), bar, self.board, self.stage, self.line], "shmlab lecture"
        )
        self._draw()

    def _button(self, number: int, station: Station) -> ipywidgets.Button:
        made = self.parts.button(f"{number + 1}  {station.title}", f"{station.minutes} minutes: {station.question}")
        made.on_click(lambda _: self.go(number * BEATS))
        return made

    def _draw(self) -> None:
        number, part = divmod(self.beat, BEATS)
        station, start = stations[number], begins(number)
        for other, button in enumerate(self.buttons):
            (button.add_class if other == number else button.remove_class)("here")
        self.head.value = (
            f'<div class="title">{html.escape(station.title)}</div>'
            f'<div class="under">minute {start} to {start + station.minutes} of {MINUTES}</div>'
        )
        notice = f'<p class="notice">{html.escape(station.notice)}</p>' if part == NOTICE else ""
        error = f'<p class="error">✕ {html.escape(self._note)}</p>' if self._note else ""
        self.board.value = f'<p class="ask">{html.escape(station.question)}</p>{notice}{error}'
        self.line.value = f'<div role="status">{html.escape(str(self))}</div>'
        self.back.disabled, self.next.disabled = self.beat == 0, self.beat == LAST
        after = f"{number + 2}  {stations[number + 1].title} ›" if number + 1 < len(stations) else "the end"
        self.next.description = ("▶ show it", "what to notice ›", after)[part]
        self.keys.value = self.beat

    # actions

    def go(self, beat: int) -> None:
        """Go to a beat, counted from 0 (three for each station); return at once."""
        if not self.closed:
            self._asked = wanted = min(max(beat, 0), LAST)
            self._tasks.put(lambda: self._go(wanted))

    def _go(self, beat: int) -> None:
        if beat != self._asked or self.closed:
            return  # superseded by a later request
        self.beat, self._note = beat, ""
        number, part = divmod(beat, BEATS)
        if self._showing != number or part == ASK:
            self._end_shown()
        self._show()
        if part != ASK and self.shown is None:
            self.shown, self._showing = opened(stations[number]), number
            with self.lock:
                if not self.closed:
                    self.stage.children = (self.shown.box,)
            self._show()

    def _end_shown(self) -> None:
        shown, self.shown, self._showing = self.shown, None, -1
        if shown:
            with self.lock:
                self.stage.children = ()
            shown.close()

    def _show(self) -> None:
        with self.lock:
            if not self.closed:
                self._draw()

    def _complain(self, error: Exception) -> None:
        self._note = str(error) if isinstance(error, ShmlabError) else f"{type(error).__name__}: {error}"
        self._show()

    def _end(self) -> None:
        self._tasks.close()
        self._end_shown()
        close_tree(self.box, *self.parts.shared)

    def __str__(self) -> str:
        number, part = divmod(self.beat, BEATS)
        said = f"{number + 1} of {len(stations)}, {self.station.title}: {self.station.question}"
        return f"{said} {self.station.notice}" if part == NOTICE else said
