"""The stepper: the user is the scheduler. A button for each process makes it take one step.

The model or real processes take the steps (`Stepping`); the slots and the memory are drawn as in the live lab. One
thread carries out requests in order, so that a click never waits for a search or for a process.
"""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets

from shmlab.explorer.model import schedules
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.report import sheet_html, step_snapshot
from shmlab.explorer.report.question import Found
from shmlab.explorer.report.sheet import sheet
from shmlab.explorer.report.stepping import Stepping
from shmlab.explorer.search.search import Progress
from shmlab.memory.errors import ShmlabError
from shmlab.views.notebook import outcome, palette
from shmlab.views.notebook.background import BackgroundTasks
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.semaphores_view import SemaphoresView
from shmlab.views.notebook.shown import Shown
from shmlab.views.notebook.slots_view import SlotsView
from shmlab.views.notebook.stepper_cards import StandingCard

PACE = 0.7  # seconds between two steps during playback
MODEL, REAL = "model", "real processes"
Find = Callable[[Progress], Found]


class Stepper(Shown):
    """A program, stepped by hand. `stepping` is its current state; `close()` ends it and its processes.

    `find(progress)` searches for a schedule that fails, or that reaches the goal.
    """

    def __init__(self, stepping: Stepping, find: Find, title: str = "", real: bool = False) -> None:
        self.stepping, self.find, self.title = stepping, find, title or "You are the scheduler"
        super().__init__(f"<Stepper: {', '.join(stepping.processes)}>")
        self._hurry, self._stop = threading.Event(), threading.Event()
        self._note = self._said = self.busy = ""
        self._typed = 0
        self._tasks = BackgroundTasks(self._complain)
        try:
            self._build()
        except BaseException:
            self._tasks.close()
            raise
        if real:
            self.request("where", REAL)

    # display

    def _build(self) -> None:
        self.parts = parts = Parts()
        stepping, size = self.stepping, self.stepping.system.size
        self.head, self.note, self.line = parts.text("head"), parts.text("note"), parts.text("state-line")
        self.undo = self._button("↶ undo", "take back the last step", "undo")
        self.reset = self._button("↺ reset", "back to the beginning", "reset")
        self.next = self._button("next ›", "the next step of the schedule ahead", "next")
        self.play = self._button("▶ play", "take the steps ahead, one after the other", "play")
        self.search = parts.button("", "search all interleavings")
        self.search.on_click(lambda _: self.request("stop" if self.busy else "find"))
        self.where = ipywidgets.ToggleButtons(options=[MODEL, REAL], style={"button_width": "134px"})
        if stepping.system.buffered:  # a real store buffer cannot be told when to drain
            self.where.disabled, self.where.tooltips = True, ("", "store buffers can be stepped on the model only")
        self.where.observe(self._chosen, "value")
        keys = " ".join(stepping.processes)
        self.field = ipywidgets.Text(placeholder=f"type {keys}, ⌫ undoes", layout={"width": "230px"})
        self.field.observe(self._type, "value")
        self.chips = parts.text("chips")
        caption = parts.text("", '<span class="caption">schedule</span>')
        above = [
            parts.row([self.undo, self.reset], "group"),
            parts.row([caption, self.field], "field"),
            parts.row([self.next, self.play, self.search], "group"),
            self.where,
        ]
        controls = parts.column([parts.row(above, "line"), self.chips], "controls")
        self.cards = [StandingCard(p, stepping.system, self.request, parts) for p in range(size)]
        self.slots: SlotsView | None = None
        self.values, self.steps = parts.text("shmlab-sync"), parts.text("steps")
        left = [card for card in self.cards if card.left]
        right = [card for card in self.cards if not card.left]
        middle = []
        if stepping.system.memory.endless or "slots" in stepping.system.memory.addresses:
            self.slots = SlotsView(parts)
            middle = [self.slots.box]
        self.stage = parts.row(
            [
                parts.column([card.box for card in left], "cards left"),
                *middle,
                parts.column([card.box for card in right], "cards right"),
            ],
            "stage stepping" if middle else "stage stepping pair",
        )
        css = palette.style("stepper") + palette.scaled(sheet_html.style())
        style = parts.text("unseen", f"<style>{css}</style>")
        strip = parts.row([self.values], "strip memory")
        shown = [style, self.head, controls, self.note, self.stage, strip, self.steps, self.line]
        self.box = parts.column(shown, "shmlab stepper")
        self._draw()

    def _button(self, text: str, tip: str, verb: str) -> ipywidgets.Button:
        made = self.parts.button(text, tip)
        made.on_click(lambda _: self.request(verb))
        return made

    def _draw(self) -> None:
        stepping = self.stepping
        snap = step_snapshot.snapshot(stepping)
        if self.slots:
            self.slots.update(snap, time.monotonic())
        for process, card in enumerate(self.cards):
            card.update(stepping.standing(process), bool(self.busy))
        self.head.value = outcome.heading(stepping, self.title)
        self.note.value = self._notes()
        self.chips.value = outcome.chips(stepping)
        self.values.value = SemaphoresView.synchronisation(snap)
        table = sheet_html.rows(sheet(stepping.system, stepping.model.steps)) if stepping.model.steps else ""
        self.steps.value = f'<div class="shmlab-steps">{table}</div>'
        self.line.value = f'<div role="status">{html.escape(str(stepping))}</div>'
        for button, off in (
            (self.undo, not stepping.taken),
            (self.reset, not stepping.taken),
            (self.next, not stepping.ahead),
            (self.play, not stepping.ahead),
        ):
            button.disabled = bool(off or self.busy)
        search = "show me how" if stepping.goal else "find a failure"
        self.search.description = "■ stop the search" if self.busy else search
        self.where.value = REAL if stepping.real else MODEL

    def _notes(self) -> str:
        notes = [("error", f"✕ {html.escape(self._note)}")] if self._note else []
        if self.busy:
            notes.append(("question", f"… {html.escape(self.busy)}"))
        if self._said:
            notes.append(("question", html.escape(self._said).replace("\n", "<br>")))
        notes += outcome.outcome(self.stepping)
        return "".join(f'<div class="{kind}">{text}</div>' for kind, text in notes)

    # actions

    def request(self, verb: str, *arguments: Any) -> None:
        """Carry out the request of a control; `verb` names it. Returns at once in every case."""
        if self.closed:
            return
        self._hurry.set()  # any request ends the playback
        if verb == "stop":
            self._stop.set()
        else:
            self._tasks.put(lambda: self._do(verb, *arguments))

    def _do(self, verb: str, *arguments: Any) -> None:
        self._note = self._said = ""
        getattr(self, f"_do_{verb}")(*arguments)
        self._show(verb != "schedule")  # keep the text in the field while it is being typed

    def _show(self, write: bool = True) -> None:
        with self.lock:
            if not self.closed:
                self._draw()
                if write:
                    self._write()

    def _complain(self, error: Exception) -> None:
        known = isinstance(error, ShmlabError)
        self._note = str(error) if known else f"{type(error).__name__}: {error}"
        self._show()

    def _do_step(self, actor: int) -> None:
        self.stepping.step(actor)

    def _do_undo(self) -> None:
        self.stepping.undo()

    def _do_reset(self) -> None:
        self.stepping.reset()

    def _do_next(self) -> None:
        if self.stepping.ahead:
            self.stepping.step(self.stepping.ahead[0])

    def _do_play(self) -> None:
        self._hurry.clear()
        while self.stepping.ahead:
            self._do_next()
            self._show()
            if self._hurry.wait(PACE):
                break

    def _chosen(self, change: dict[str, Any]) -> None:
        if not self._tasks.here:
            self.request("where", change["new"])

    def _do_where(self, where: str) -> None:
        self.stepping.play_on(where == REAL)

    def _do_schedule(self, typed: str, number: int) -> None:
        if number != self._typed:
            return  # superseded by later typing
        wanted = self._parsed(typed)
        if wanted is None or wanted == self.stepping.taken:
            return
        if self.stepping.ahead[: len(wanted)] != wanted and len(wanted) > len(self.stepping.taken) + 1:
            self.stepping.plan = wanted  # steps that cannot be taken remain visible
        self.stepping.go_to(wanted)

    def _do_find(self) -> None:
        self._stop.clear()
        self.busy = "searching all interleavings"
        self._show()
        try:
            found = self.find(self._searching)
        finally:
            self.busy = ""
        if found.schedule:
            self.stepping.follow(found.system, found.schedule)
        self._said = found.sentence

    def _searching(self, states: int, seconds: float) -> bool:
        self.busy = f"searching all interleavings: {states:,} states in {seconds:.0f} s"
        with self.lock:
            if not self.closed:
                self.note.value = self._notes()
        return not (self._stop.is_set() or self.closed)

    def _type(self, change: dict[str, Any]) -> None:
        if not self._tasks.here:  # not a change made by the view itself
            self._typed += 1
            self.request("schedule", change["new"], self._typed)

    def _write(self) -> None:
        """Show the schedule in the field, unless the user's text means the same or is being processed."""
        try:
            shown = self._parsed(self.field.value)
        except ReplayFailed:
            shown = None
        if shown != self.stepping.taken:
            self.field.value = self.stepping.schedule

    def _parsed(self, typed: str) -> list[int] | None:
        """Parse the typed schedule; return None if its last name is incomplete."""
        stepping = self.stepping
        known = stepping.system.words
        typed = typed.strip() if stepping.system.buffered else typed.strip().upper()  # lower case drains a buffer
        try:
            return schedules.parse(typed, stepping.processes, known=known)
        except ReplayFailed:
            schedules.parse(typed[:-1], stepping.processes, known=known)
            if any(len(name) > 1 and name.upper().startswith(typed[-1].upper()) for name in stepping.processes):
                return None
            raise

    def _end(self) -> None:
        self._hurry.set()
        self._stop.set()
        self._tasks.close()
        self.stepping.close()
        close_tree(self.box, *([self.slots.head] if self.slots else []), *self.parts.shared)

    def __str__(self) -> str:
        return str(self.stepping)
