"""A running pipeline: a card for each stage, a ring for each buffer between two, the text that comes out next.

The view draws moments; without a compiler these are recorded ones, and a line at the top says so. The user can only
restart it, with other settings, or stop it.
"""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets

from shmlab.experiments.pipeline import prepared
from shmlab.experiments.pipeline.pipeline import Pipeline, PipelineSettings
from shmlab.experiments.pipeline.pipeline_snapshot import Buffer, PipelineMoment, PipelineStage
from shmlab.experiments.pipeline.recorded_run import RecordedPipeline
from shmlab.memory.waiting import until
from shmlab.views import format
from shmlab.views.notebook import palette
from shmlab.views.notebook.background import BackgroundTasks
from shmlab.views.notebook.charts import HERTZ, ChartsView
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.frames import Frames
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.slots_view import SlotsView

FPS = 20
SLOTS = (2, 4, 8, 16, 32)
SPEEDS = {"full speed": 0.0, "5 ms a step": 0.005, "20 ms a step": 0.02, "100 ms a step": 0.1}
SIGNS = {"finished": "✓", "failed": "✕", "running": "▶", "stopped": "■"}
DOING = {  # shape and colour of a stage's pill
    "compiling": ("▶", "busy"),
    "assembling": ("▶", "busy"),
    "collecting": ("▶", "busy"),
    "linking": ("▶", "busy"),
    "running the program": ("▶", "busy"),
    "putting": ("▲", "busy"),
    "getting": ("▼", "busy"),
    "done": ("✓", "calm"),
}


class StageCard:
    """The card of one process."""

    def __init__(self, parts: Parts, kind: str) -> None:
        self.text = parts.text()
        self.box = parts.column([self.text], f"card {'producer' if kind == 'compiler' else 'consumer'}")

    def update(self, stage: PipelineStage) -> bool:
        """Show what the stage is doing; return whether anything changed."""
        shape, tone = DOING.get(stage.state) or palette.sign(stage.state)
        text = (
            f'<div class="who"><b class="name">{html.escape(stage.name)}</b><span class="role">{stage.kind}</span>'
            f'<span class="pid">pid {stage.pid}</span></div>'
            f'<div class="pill {tone}"><i>{shape}</i>{html.escape(stage.state)}</div>'
            f'<div class="file">{html.escape(stage.module) or "&nbsp;"}</div>'
            f'<div class="speed"><b>{stage.done}</b> of {stage.total} files<span>{stage.rate:.1f} /s</span></div>'
            f'<div class="facts"><span><b>{format.size(stage.made)}</b> made</span>'
            f"<span><b>{format.seconds(stage.blocked)}</b> blocked</span>"
            f"<span><b>{format.seconds(stage.cpu)}</b> CPU</span></div>"
        )
        if text == self.text.value:
            return False
        self.text.value = text
        return True


class LivePipeline:
    """A running pipeline and its view. `pipeline` is what runs; `close()` ends both."""

    def __init__(self, settings: PipelineSettings) -> None:
        self.settings, self.closed = settings, False
        self._fixed = f"<LivePipeline: {len(settings.sources)} files, {settings.stages} stages>"
        self.pipeline: Pipeline | RecordedPipeline = prepared(settings).start()
        self._lock = threading.RLock()
        self._due = dict.fromkeys(("cards", "charts", "line"), 0.0)
        self._trouble = ""
        self._tasks = BackgroundTasks(self._complain)
        self.frames = Frames(self._draw, FPS, self._lock, self._calm, failed=self._complain)
        try:
            self._build()
        except BaseException:
            self._tasks.close()
            self.pipeline.stop()
            close_tree(*self.frames.widgets)
            raise
        self.frames.start()

    # display

    def _build(self) -> None:
        self.parts = parts = Parts()
        self.head, self.note, self.line = parts.text("head"), parts.text("note"), parts.text("state-line")
        self.text, self.output = parts.text("passing"), parts.text("printed")
        self.again = parts.button("▶ again", "start anew, with these settings")
        self.halt = parts.button("■ stop", "end all processes")
        self.again.on_click(lambda _: self._ask(self._renew))
        self.halt.on_click(lambda _: self._ask(self._stop))
        self.slots = self._choice("slots", {str(n): n for n in sorted({*SLOTS, self.settings.slots})})
        own = self.settings.slow_motion
        speeds = SPEEDS if own in SPEEDS.values() else {**SPEEDS, f"{1000 * own:g} ms a step": own}
        self.speed = self._choice("slow_motion", speeds)
        self.stages = self._choice("stages", {"compiler, assembler": 2, "and a linker": 3})
        self.row = parts.row([], "stage")
        self.charts = parts.column([])
        css = palette.style() + Path(__file__).with_name("pipeline.css").read_text(encoding="utf-8")
        style = parts.text("unseen", f"<style>{css}</style>")
        labels = [parts.text("soft", text) for text in ("slots", "speed", "stages")]
        chosen = [parts.row(pair, "field") for pair in zip(labels, (self.slots, self.speed, self.stages), strict=True)]
        controls = parts.row([parts.row([self.again, self.halt], "group"), *chosen], "line")
        legend = parts.text("", f'<div class="legend">{palette.legend()}</div>')
        below = parts.row([self.text, self.output], "texts")
        shown = [style, parts.row([self.head], "top"), parts.row([controls], "controls"), self.note, self.row]
        self.box = parts.column([*shown, legend, below, self.charts, self.line], "shmlab pipeline")
        self._arrange(self.pipeline.moment())
        self._draw(time.monotonic())

    def _choice(self, name: str, options: dict[str, Any]) -> ipywidgets.Dropdown:
        """Return a menu for one setting; choosing another value restarts the pipeline."""
        layout = ipywidgets.Layout(width="auto")
        made = ipywidgets.Dropdown(options=list(options.items()), value=getattr(self.settings, name), layout=layout)

        def chosen(change: dict[str, Any]) -> None:
            if change["new"] != getattr(self.settings, name):
                self.settings = replace(self.settings, **{name: change["new"]})
                self._ask(self._renew)

        made.observe(chosen, "value")
        return made

    def _arrange(self, moment: PipelineMoment) -> None:
        """Lay out the cards and rings of the current stages."""
        old = [*self.row.children, *self.charts.children]
        heads = [view.head for view in getattr(self, "rings", [])]
        self.cards = [StageCard(self.parts, stage.kind) for stage in moment.stages]
        self.rings = [SlotsView(self.parts) for _ in moment.buffers]
        self.curves = [ChartsView(self.parts) for _ in moment.buffers]
        compilers = [c.box for c, s in zip(self.cards, moment.stages, strict=True) if s.kind == "compiler"]
        places: list[Any] = [self.parts.column(compilers, "cards")]
        for ring, card in zip(self.rings, self.cards[len(compilers) :], strict=True):
            places += [ring.box, self.parts.column([card.box], "cards")]
        self.row.children = places
        for look in ("two", "three"):
            self.row.remove_class(look)
        self.row.add_class("three" if len(moment.buffers) > 1 else "two")
        ways = [" → ".join(dict.fromkeys(named.name for named in seen.workers)) for seen in moment.buffers]
        titles = [self.parts.text("way", way) for way in ways]
        self.charts.children = [
            self.parts.column([title, curves.box]) for title, curves in zip(titles, self.curves, strict=True)
        ]
        self.parts.close(*old, *heads)

    def _draw(self, now: float) -> bool:
        moment = self.pipeline.moment()
        if len(moment.buffers) != len(self.rings) or len(moment.stages) != len(self.cards):
            self._arrange(moment)
        changed = False
        for ring, seen in zip(self.rings, moment.buffers, strict=True):
            changed |= ring.update(seen, now)
        if self._is_due("cards", now, 0.1):
            for card, stage in zip(self.cards, moment.stages, strict=True):
                changed |= card.update(stage)
            changed |= self._texts(moment)
        if moment.state == "running" and self._is_due("charts", now, 1 / HERTZ):
            for curves, seen in zip(self.curves, moment.buffers, strict=True):
                changed |= curves.update(seen, now)
        if self._is_due("line", now, 0.5):
            changed |= _set(self.line, f'<div role="status">{html.escape(str(moment))}</div>')
        if self.pipeline.running and moment.state != "running":
            self._ask(self._stop)
        return changed

    def _is_due(self, part: str, now: float, every: float) -> bool:
        if now - self._due[part] < every - 0.004:
            return False
        self._due[part] = now
        return True

    def _texts(self, moment: PipelineMoment) -> bool:
        state = moment.state if moment.state != "running" or self.pipeline.running else "stopped"
        tone = {"finished": "running", "failed": "stopped"}.get(state, state)
        names = "".join(f"<code>/dev/shm/{html.escape(seen.name)}</code>" for seen in moment.buffers)
        head = (
            f'<div class="title">{len(moment.modules)} C files through a pipeline</div><div class="under">'
            f'<span class="pill {tone}"><i>{SIGNS[state]}</i>{state}</span>{names}</div>'
        )
        said = "".join(f"<p>{html.escape(line)}</p>" for line in moment.words.splitlines()[-6:])
        notes = [("warning", f"▲ {html.escape(moment.recorded)}")] if moment.recorded else []
        notes += [("error", f"✕ {html.escape(t)}{said}") for t in (moment.trouble, self._trouble) if t]
        printed = f"<h4>What the program prints, once it is linked</h4><pre>{html.escape(moment.output)}</pre>"
        return any(
            [
                _set(self.head, head),
                _set(self.note, "".join(f'<div class="{kind}">{text}</div>' for kind, text in notes)),
                _set(self.text, self._passing(moment.buffers[0], moment.modules)),
                _set(self.output, printed),
            ]
        )

    def _passing(self, seen: Buffer, modules: tuple[str, ...]) -> str:
        """Return the piece that comes out of the first buffer next; while it is empty, the previous one."""
        if not seen.text:
            return str(self.text.value) or "<h4>On its way: nothing yet</h4><pre></pre>"
        where = f"slot {seen.out}, a piece of {html.escape(modules[seen.module])}"
        return f"<h4>On its way: {where}</h4><pre>{html.escape(seen.text)}</pre>"

    def _calm(self) -> bool:
        return not self.pipeline.running

    # actions

    def _ask(self, task: Callable[[], None]) -> None:
        """Queue a task that takes time; return at once."""
        self.frames.touch()
        if not self.closed:
            self._tasks.put(task)

    def _stop(self) -> None:
        self.pipeline.stop()

    def _renew(self) -> None:
        self.pipeline.stop()
        with self._lock:
            if self.closed:
                return
            self.pipeline, self._trouble = prepared(self.settings).start(), ""
            for curves in self.curves:
                curves.clear()

    def _complain(self, error: Exception) -> None:
        with self._lock:
            self._trouble = f"{type(error).__name__}: {error}"

    def moment(self) -> PipelineMoment:
        """Return the current state of the stages and the buffers between them."""
        return self.pipeline.moment()

    def wait(self, seconds: float = 60.0) -> PipelineMoment:
        """Return the last moment, once everything is done or `seconds` have passed."""
        until(lambda: self.closed or self.moment().state != "running", seconds, 0.02)
        moment = self.moment()
        if moment.state != "running":
            self.pipeline.stop()
        return moment

    def close(self) -> None:
        """End the view, its widgets, its threads, the pipeline and its processes. Calling it twice is harmless."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        self.frames.close()
        self._tasks.close()
        self.pipeline.stop()
        heads = [ring.head for ring in self.rings]
        close_tree(self.box, *heads, *self.parts.shared, *self.frames.widgets)

    def __str__(self) -> str:
        return str(self.pipeline.moment())

    def __repr__(self) -> str:
        return self._fixed

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.closed:
            return {"text/plain": self._fixed}
        self.frames.touch()
        return {**self.box._repr_mimebundle_(), "text/plain": self._fixed}


def _set(widget: ipywidgets.HTML, value: str) -> bool:
    if widget.value == value:
        return False
    widget.value = value
    return True
