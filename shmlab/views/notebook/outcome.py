"""What the stepper reports: the heading, the outcome so far, and the schedule as chips."""

from __future__ import annotations

from html import escape

from shmlab.explorer.report.sheet import tones
from shmlab.explorer.report.stepping import Stepping

SHOWN = 80  # maximum number of steps shown of a schedule
Note = tuple[str, str]  # kind and HTML


def heading(stepping: Stepping, title: str) -> str:
    """Return the heading: the program, where it runs, and the goal."""
    real, count = stepping.real, len(stepping.taken)
    kind = '<span class="pill"><i>○</i>model</span>'
    name = equal = ""
    if real:
        kind = '<span class="pill running"><i>●</i>real processes</span>'
        name = f"<code>/dev/shm/{real.segment}</code>"
        equal = "<span>✓ the segment holds what the model says</span>"
    steps = f"<span>{count} step{'s' if count != 1 else ''}</span>"
    task = f'<div class="task">{escape(stepping.goal.task)}</div>' if stepping.goal else ""
    return f'<div class="title">{escape(title)}</div><div class="under">{kind}{name}{steps}{equal}</div>{task}'


def outcome(stepping: Stepping) -> list[Note]:
    """Return the outcome: the goal reached, a fault, the end; and what the kernel reports about it."""
    fault, count = stepping.model.fault, len(stepping.taken)
    notes = []
    if stepping.goal and stepping.won:
        reason = f" {_sentence(fault.reason)}" if fault else ""
        notes.append(("won", f"✓ Reached after {count} steps.{reason}"))
    elif fault:
        other = " That is not what was asked: undo, and try another way." if stepping.goal else ""
        notes.append(("error", f"✕ {_sentence(fault.reason)}{other}"))
    elif stepping.over:
        kind = "question" if stepping.goal else "won"
        notes.append((kind, "✓ All have ended, and nothing went wrong. Undo, and try another order."))
    if stepping.evidence:
        notes.append(("warning", "The kernel says: " + "<br>".join(map(escape, stepping.evidence))))
    return notes


def chips(stepping: Stepping) -> str:
    """Return the schedule as chips: the steps taken, a bar, and the steps ahead."""
    words = [*stepping.processes, *(name.lower() for name in stepping.processes)]
    taken, ahead = stepping.taken, stepping.ahead
    tone = tones(stepping.system) * 2
    cut = max(0, len(taken) - SHOWN // 2)
    parts = ["…"] if cut else []
    parts += [f'<i class="tone{tone[actor]}">{escape(words[actor])}</i>' for actor in taken[cut:]]
    parts += ["<u></u>"] if taken or ahead else []
    parts += [f'<i class="ahead">{escape(words[actor])}</i>' for actor in ahead[:SHOWN]]
    parts += ["…"] if len(ahead) > SHOWN else []
    return f"<div>{''.join(parts)}</div>"


def _sentence(reason: str) -> str:
    return escape(reason[:1].upper() + reason[1:] + ".")
