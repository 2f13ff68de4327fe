"""A recording in the form that a page's player needs: what to draw at each moment, as changes from the last."""

import html
import json
from pathlib import Path
from typing import Any

from shmlab.memory import layout as at
from shmlab.observe.recording import Moment, Recording
from shmlab.observe.snapshot import Worker
from shmlab.views.notebook import palette

HERE = Path(__file__).parent
PLAYER, LOOK = HERE / "player.js", HERE / "player.css"
DIGITS = 3


def film(recording: Recording) -> dict[str, Any]:
    """Return plain data: `frames`, each with only what changed, and what stays the same."""
    frames, before = [], dict[str, Any]()
    for moment in recording:
        now = _frame(moment)
        frames.append({name: value for name, value in now.items() if name not in before or before[name] != value})
        before = now
    return {
        "title": recording.lab["title"],
        "about": recording.lab["about"],
        "machine": recording.machine.get("processor", "a machine"),
        "notes": [text for text in (recording.lab["warning"], recording.cut) if text],
        "seconds": round(recording.seconds, DIGITS),
        "letters": at.LETTERS,
        "states": palette.MEANINGS,
        "frames": frames,
    }


def _frame(moment: Moment) -> dict[str, Any]:
    """Return what is drawn of a moment."""
    now = moment.snapshot
    names = {worker.row: worker.name for worker in now.workers}
    return {
        "t": round(moment.seconds, DIGITS),
        "state": now.state,
        "slots": now.slots.letters,
        "items": list(now.slots.sequences),
        "makers": [names.get(producer, "") for producer in now.slots.producers],
        "in": now.in_,
        "out": now.out,
        "semaphores": dict(now.semaphores),
        "variables": dict(now.variables),
        "workers": [_worker(worker) for worker in now.workers],
        "counts": [now.produced, now.consumed],
        "faults": now.faults_text,
        "bad": bool(now.faults),
        "news": [[round(event.time, 1), event.kind, event.text] for event in moment.news],
        "line": str(now),
    }


def _worker(worker: Worker) -> list[Any]:
    rate = "max" if worker.rate is None else f"{worker.rate:g}"
    achieved = f"{worker.achieved:.1f}"
    return [worker.name, worker.role, worker.pid, worker.state, worker.alive, achieved, rate, worker.items]


def player(recording: Recording) -> str:
    """Return the HTML of one player; the page needs `head()` once."""
    # without "<" the data cannot end the script element
    data = json.dumps(film(recording), separators=(",", ":")).replace("<", "\\u003c")
    about = html.escape(f"a recorded run: {recording.lab['about']}")
    return (
        f'<section class="shmlab-player" aria-label="{about}"><script type="application/json">{data}</script></section>'
    )


def head() -> str:
    """Return the style sheet and script shared by all players of a page."""
    return f"<style>{LOOK.read_text(encoding='utf-8')}</style><script>{PLAYER.read_text(encoding='utf-8')}</script>"
