"""The lab at one moment as a stand-alone picture: SVG text, made from a snapshot.

It shows the buffer as the view does (form, colours, letters, numbers, pointers), the semaphores, the processes and the
counts, with its own colours on white, ready to be printed or put on a slide.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from shmlab.observe.snapshot import Snapshot
from shmlab.views import format
from shmlab.views.notebook import geometry, palette, slots_ring

WIDTH, MIDDLE, UNIT = 900, 290, 190
INK, SOFT, IN, OUT, FAULT = "#1f2530", "#5d6778", "#b35900", "#1f66a3", "#b00020"


def text(x: float, y: float, what: str, size: float, colour: str = INK, more: str = "") -> str:
    """Return one line of text centred on (x, y)."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" {more}>{html.escape(what)}</text>'


def shape(x: Any, y: Any, colour: str, stroke: str = "#fff") -> str:
    """Return a closed polygon, in pixels."""
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polygon points="{points}" fill="{colour}" stroke="{stroke}" stroke-width="1.5"/>'


def around(snap: Snapshot, top: float) -> tuple[str, float]:
    """Return the slots as a ring, and the y coordinate of its lower end."""
    cx, cy = WIDTH / 2, top + MIDDLE - 30
    looks = {"soft": SOFT, "in": IN, "out": OUT, "ink": INK}
    looks |= {f"t{state}": colour for state, colour in enumerate(palette.LABEL_ON)}

    def put(word: slots_ring.Text) -> str:
        first, *bold = word.look.split()
        more = 'font-weight="700"' if bold else ""
        return text(cx + UNIT * word.x, cy - UNIT * word.y, word.text, word.size, looks[first], more)

    parts = []
    for x, y, state in zip(*geometry.ring(snap.capacity), snap.slots.states, strict=True):
        parts.append(shape(cx + UNIT * x, cy - UNIT * y, palette.SOLID[state]))
    for index, content in enumerate(slots_ring.contents(snap)):
        parts += [put(word) for word in slots_ring.written(snap.capacity, index, content)]
    parts += [put(word) for word in [*slots_ring.indices(snap.capacity), *slots_ring.middle(snap)]]
    for name, px, py, word in slots_ring.pointers(snap):
        parts.append(shape(cx + UNIT * np.array(px), cy - UNIT * np.array(py), looks[name]) + put(word))
    return "".join(parts), cy + UNIT * 1.36


def lines(snap: Snapshot, top: float) -> tuple[str, float]:
    """Return the slots as rows, and the y coordinate of their lower end."""
    count, left = snap.capacity, 70
    across = geometry.columns(count)
    cell = (WIDTH - left - 30) / across
    high = min(cell, 26.0)
    pitch = high + (22 if count <= 256 else 2)
    top += 46
    parts = [text(left, top - 32, f"{snap.occupancy:,} of {count:,} slots full", 20, INK, 'text-anchor="start"')]
    for i, state in enumerate(snap.slots.states):
        x, y = left + i % across * cell, top + i // across * pitch
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell - 1:.1f}" height="{high - 1:.1f}" '
            f'fill="{palette.SOLID[state]}"/>'
        )
        if state not in (0, 2):
            letter = palette.LETTERS[state]
            parts.append(text(x + cell / 2, y + high / 2, letter, min(12, cell), palette.LABEL_ON[state]))
        if i % across == 0:
            parts.append(text(left - 8, y + high / 2, str(i), 11, SOFT, 'text-anchor="end"'))
    for name, index, colour, side in (("in", snap.in_, IN, -1), ("out", snap.out, OUT, 1)):
        if index is not None:
            x, y = left + (index % across + 0.5) * cell, top + index // across * pitch + (high if side > 0 else 0)
            parts.append(shape([x, x - 5, x + 5], [y, y + 9 * side, y + 9 * side], colour))
            parts.append(text(x + 8, y + 7 * side, name, 12, colour, 'text-anchor="start" font-weight="700"'))
    return "".join(parts), top + -(-count // across) * pitch


def svg(snap: Snapshot, title: str, theme: str = "#ffffff") -> str:
    """Return the whole picture."""
    draw = around if snap.capacity <= slots_ring.MOST else lines
    slots, y = draw(snap, 84)
    parts = [
        text(30, 34, title, 22, INK, 'text-anchor="start" font-weight="700"'),
        text(
            30, 60, f"{snap.name} · {snap.capacity:,} slots · {format.size(snap.size)} · {snap.state}", 13, SOFT,
            'text-anchor="start"',
        ),
        slots,
    ]  # fmt: skip
    for n, (letter, meaning) in enumerate(zip(palette.LETTERS, palette.MEANINGS, strict=True)):
        x = 150 + 130 * n
        parts.append(f'<rect x="{x}" y="{y + 6:.0f}" width="18" height="18" rx="3" fill="{palette.SOLID[n]}"/>')
        parts.append(text(x + 9, y + 15, letter, 12, palette.LABEL_ON[n], 'font-weight="700"'))
        parts.append(text(x + 26, y + 15, meaning, 13, SOFT, 'text-anchor="start"'))
    y += 52
    shared = [*snap.semaphores.items(), *snap.variables.items()]
    parts.append(
        text(30, y, "  ·  ".join(f"{name} = {value}" for name, value in shared), 15, INK, 'text-anchor="start"')
    )
    for worker in snap.workers:
        y += 22
        line = (
            f"{worker.name}  {worker.role}, pid {worker.pid}: {worker.state}, "
            f"{format.rate(worker.achieved)} items/s (asked {format.asked(worker.rate)}), {worker.items:,} items"
        )
        parts.append(text(30, y, line, 14, IN if worker.role == "producer" else OUT, 'text-anchor="start"'))
    y += 26
    faults = f"✕ {snap.faults_text}" if snap.faults else "✓ no faults"
    line = f"{snap.produced:,} produced, {snap.consumed:,} consumed, {faults}"
    parts.append(text(30, y, line, 14, FAULT if snap.faults else INK, 'text-anchor="start"'))
    high = round(y + 30)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{high}" viewBox="0 0 {WIDTH} {high}" '
        f'font-family="system-ui, sans-serif" text-anchor="middle" dominant-baseline="central">'
        f'<rect width="100%" height="100%" fill="{theme}"/>{"".join(parts)}</svg>'
    )
