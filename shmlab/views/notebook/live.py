"""The live lab: one object that holds a `Lab` and the view of it.

The view reads snapshots and sends requests; the state itself is in the segment. Another strategy or another number of
slots needs another segment: the old lab is stopped, a new one started, and the view stays.
"""

from __future__ import annotations

import html
import time
from typing import Any

from shmlab import strategies
from shmlab.lab import scenarios
from shmlab.lab.lab import Lab
from shmlab.memory.errors import ShmlabError
from shmlab.observe.snapshot import Snapshot
from shmlab.views.notebook import controls, download, svg_picture
from shmlab.views.notebook.background import BackgroundTasks
from shmlab.views.notebook.board import Board
from shmlab.views.notebook.charts import HERTZ
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.controls import ControlsView
from shmlab.views.notebook.event_list import table
from shmlab.views.notebook.frames import Frames

QUICK = ("set_rate", "stall", "unstall", "one_item")  # these only write words, so they run in the callback
SLOW = ("kill", "remove", "repair", "add_producer", "add_consumer")
RESTING = (
    "The drawing rests: nobody touched this lab for ten minutes. Press any button to go on. The processes work on."
)


class LiveLab(Board):
    """A running lab and its view. `lab` is the `Lab`; `close()` ends both.

    `settings` are arguments of `Lab`, `fps` is the requested frame rate, `scenario` the name of one or None.
    """

    def __init__(self, settings: dict[str, Any], fps: int, scenario: str | None = None) -> None:
        self.settings = dict(settings)
        self.scenario = scenario
        if scenario is not None:
            self.settings.update(scenarios.scenarios[scenario].settings)
        self.lab = Lab(**self.settings)
        super().__init__(repr(self.lab).replace("<Lab", "<LiveLab", 1))
        self._bounded = "semaphores" if self.settings["strategy"] == "unbounded" else self.settings["strategy"]
        self.lab.start()
        self._note = ""
        self._tasks = BackgroundTasks(self._complain)
        self.frames = Frames(self._draw, fps, self.lock, self._calm, self._rest, self._complain)
        try:
            self._build()
        except BaseException:
            self._tasks.close()
            self.lab.stop()
            close_tree(*self.frames.widgets)
            raise
        if scenario is not None:
            self._tasks.put(lambda: self._begin(scenario))
        self.frames.start()

    # display

    def _build(self) -> None:
        self._make(self.request)
        self.download = self.parts.text("download")
        self.controls = ControlsView(self.request, self._shown(), self.parts)
        self.panes.observe(lambda _: self.frames.touch(), "selected_index")
        self._arrange([self.controls.saving], self.controls.box, self.download)
        self._draw(time.monotonic())

    def _draw(self, now: float) -> bool:
        snap = self.lab.snapshot()
        changed = self._paint(snap, self.lab.events, self.lab.output, now)
        if snap.state == "running" and self._is_due("charts", now, 1 / HERTZ):
            changed |= self.charts.update(snap, now)
        return changed

    def _head(self, snap: Snapshot, more: str = "") -> str:
        self.controls.state(snap.state, bool(self.lab.damaged))
        return super()._head(snap, more)

    def _notes(self) -> list[tuple[str, str]]:
        question = f"? {html.escape(scenarios.scenarios[self.scenario].question)}" if self.scenario else ""
        warning = " ".join(f"▲ {html.escape(text)}" for text in (self.lab.blocked, self.lab.warning) if text)
        return [("error", self._note), ("question", question), ("warning", warning)]

    @property
    def title(self) -> str:
        """What the lab shows, in words."""
        if self.settings["put"] is not None or self.settings["get"] is not None:
            return "Your own put and get"
        title = strategies.find(self.settings["strategy"]).title
        return title[0].upper() + title[1:]

    def _calm(self) -> bool:
        return self.lab.paused or not self.lab.running

    def _rest(self, resting: bool) -> None:
        self.say(RESTING if resting else "")
        if resting:
            with self.lock:  # no later frame would show it
                self._set(self.note, self._noted())

    # actions

    def request(self, verb: str, *arguments: Any) -> None:
        """Carry out the request of a control; `verb` names it. Returns at once in every case."""
        self.frames.touch()
        if self.closed:
            return
        if verb in QUICK:
            self._try(lambda: getattr(self.lab, verb)(*arguments))
        elif verb in SLOW:
            self._tasks.put(lambda: self._tell(verb, *arguments))
        else:
            self._tasks.put(lambda: getattr(self, f"_do_{verb}")(*arguments))

    def _try(self, action: Any) -> None:
        try:
            action()
        except Exception as error:  # a callback has no caller to raise to, so the view shows the error
            self._complain(error)
        else:
            self.say("")

    def _tell(self, verb: str, *arguments: Any) -> None:
        getattr(self.lab, verb)(*arguments)
        self.say("")

    def _complain(self, error: Exception) -> None:
        known = isinstance(error, ShmlabError)
        self.say(str(error) if known else f"{type(error).__name__}: {error}")
        with self.lock:
            if not self.closed:
                self.controls.show(self._shown(), self.lab.snapshot().state)

    def say(self, note: str) -> None:
        """Show a sentence above the slots; an empty one removes it."""
        with self.lock:
            self._note = f"✕ {html.escape(note)}" if note else ""
            self._due["cards"] = 0.0

    def _do_start(self) -> None:
        if not self.lab.running:
            self.lab.start()
        self.lab.resume()
        self.say("")

    def _do_pause(self) -> None:
        self.lab.pause()

    def _do_reset(self) -> None:
        self._renew(self.settings, self.scenario)

    def _do_strategy(self, name: str) -> None:
        if name != controls.OWN:
            self._renew({**self.settings, "strategy": name, "put": None, "get": None, "shared": None})

    def _do_slots(self, slots: Any) -> None:
        self._renew({**self.settings, "slots": slots})

    def _do_bounded(self, word: str) -> None:
        self._do_strategy("unbounded" if word == "unbounded" else self._bounded)

    def _do_slow_motion(self, seconds: Any) -> None:
        self.lab.slow_motion = seconds
        self.settings["slow_motion"] = seconds
        self.say("")

    def _do_scenario(self, name: str) -> None:
        settings = {"put": None, "get": None, "shared": None, **scenarios.scenarios[name].settings}
        self._renew({**self.settings, **settings}, name)

    def _do_save(self, kind: str) -> None:
        snap = self.lab.snapshot()
        text = table(self.lab.events) if kind == "csv" else svg_picture.svg(snap, self.title)
        name = f"{snap.name}-events.csv" if kind == "csv" else f"{snap.name}.{kind}"
        with self.lock:
            self.download.value = ""  # so that the same file again counts as a change
            self.download.value = f"<div>saved as {download.link(name, text)}</div>"

    def _renew(self, settings: dict[str, Any], scenario: str | None = None) -> None:
        fresh = Lab(**settings)  # refuses bad settings before the old lab is touched
        self.lab.stop()
        with self.lock:
            if self.closed:
                return
            fresh.start()
            self.lab, self.settings, self.scenario, self._note = fresh, dict(settings), scenario, ""
            if settings["strategy"] != "unbounded":
                self._bounded = settings["strategy"]
            self.charts.clear()
            self._all_due()
            self.controls.show(self._shown(), "running")
        if scenario is not None:
            self._begin(scenario)

    def _begin(self, name: str) -> None:
        scenarios.scenarios[name].begin(self.lab)

    def _shown(self) -> dict[str, Any]:
        return {**self.settings, "scenario": self.scenario}

    # the programming interface

    def snapshot(self) -> Snapshot:
        """Return the current state of the segment: `lab.snapshot()`."""
        return self.lab.snapshot()

    def _end(self) -> None:
        self.frames.close()
        self._tasks.close()
        self.lab.stop()
        self._take_away(*self.frames.widgets)

    def __str__(self) -> str:
        return str(self.lab)

    def _repr_mimebundle_(self, **asked: Any) -> dict[str, Any]:
        self.frames.touch()
        return super()._repr_mimebundle_(**asked)
