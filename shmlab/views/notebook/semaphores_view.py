"""What the processes synchronise with, and whether it worked: semaphores, shared variables, counters, faults.

A semaphore is drawn as its tokens. Fault counts are always visible and turn red, with a cross and a word, when a fault
occurs.
"""

from __future__ import annotations

import html

from shmlab.observe.snapshot import Snapshot, Worker
from shmlab.views import format
from shmlab.views.notebook.plain_widgets import Parts

TOKENS = 12  # at most so many are drawn; above, a number is shown
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted")


def semaphore(name: str, value: int, most: int, workers: tuple[Worker, ...]) -> str:
    """Return the HTML of one semaphore: its value, its tokens, who holds it, who waits for it."""
    holders = ", ".join(html.escape(w.name) + ("" if w.alive else " ✕") for w in workers if w.holds == name)
    waiters = [html.escape(w.name) for w in workers if w.waits == name and w.alive]
    tokens = ""
    if most <= TOKENS and value <= most:
        tokens = f'<span class="tokens">{"●" * value}<i>{"○" * (most - value)}</i></span>'
    held = f'<span class="note">held by {holders}</span>' if holders else ""
    wait = f'<span class="note">{", ".join(waiters)} wait{"s" if len(waiters) == 1 else ""}</span>' if waiters else ""
    return (
        f'<div class="semaphore"><span class="label">{html.escape(name)}</span><b>{value:,}</b>{tokens}'
        f"{held}{wait}</div>"
    )


class SemaphoresView:
    """The strip between the slots and the charts."""

    def __init__(self, parts: Parts) -> None:
        self.sync = parts.text("shmlab-sync")
        self.counts = parts.text("shmlab-counts")
        self.box = parts.row([self.sync, self.counts], "strip")

    def update(self, snap: Snapshot) -> bool:
        """Show a snapshot's values; return whether anything changed."""
        changed = False
        for widget, value in ((self.sync, self.synchronisation(snap)), (self.counts, self.accounts(snap))):
            if widget.value != value:
                widget.value = value
                changed = True
        return changed

    @staticmethod
    def synchronisation(snap: Snapshot) -> str:
        """Return the HTML of the semaphores and the shared variables."""
        parts = [
            semaphore(name, value, 1 if name == "mutex" else snap.capacity, snap.workers)
            for name, value in snap.semaphores.items()
        ]
        names = "".join(f"<span>{html.escape(name)}</span><b>{value}</b>" for name, value in snap.variables.items())
        variables = f'<div class="variables">{names}</div>' if names else ""
        return f'<div class="values">{"".join(parts)}{variables}</div>'

    @staticmethod
    def accounts(snap: Snapshot) -> str:
        """Return the HTML of what went through, how long it took, and what went wrong."""
        flow = (
            f"<span><b>{snap.produced:,}</b> produced</span><span><b>{snap.consumed:,}</b> consumed</span>"
            f"<span><b>{format.seconds(snap.latency_p50)}</b> in the buffer (median), "
            f"<b>{format.seconds(snap.latency_p99)}</b> (p99)</span>"
        )
        counts = "".join(
            f'<span class="{"bad" if getattr(snap, name) else ""}"><b>{getattr(snap, name):,}</b> '
            f"{name.replace('_', ' ')}</span>"
            for name in FAULTS
        )
        word = f"✕ {snap.faults:,} fault{'s' if snap.faults != 1 else ''}" if snap.faults else "✓ no faults"
        extra = f"<span><b>{snap.overwritten:,}</b> overwritten</span>" if snap.overwritten else ""
        extra += f"<span><b>{snap.empty_reads:,}</b> empty reads</span>" if snap.empty_reads else ""
        extra += f"<span><b>{snap.died:,}</b> died with a consumer</span>" if snap.died else ""
        return (
            f'<div class="flow">{flow}</div><div class="faults {"bad" if snap.faults else "good"}">'
            f"<strong>{word}</strong>{counts}{extra}</div>"
        )
