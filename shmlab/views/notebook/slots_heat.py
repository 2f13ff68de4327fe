"""The slots as a heat strip, from 257 slots on: one small image whose pixels are slots.

The image has one pixel for each slot (from 1,025 on, a pixel is the share of full slots among several), and the browser
magnifies it without smoothing. So a frame is some hundred bytes at any size. Letters are overlaid on the few slots that
are being written or read, or were overwritten; `in` and `out` point at theirs.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import ipywidgets
import numpy as np
from numpy.typing import NDArray

from shmlab.views.notebook import palette
from shmlab.views.notebook.buffer_shown import BufferShown
from shmlab.views.notebook.glow import Glow, Steps
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.slots_row import letters

Pixels = NDArray[np.uint8]
MOST = 1024  # maximum number of pixels
ACROSS = 64
QUIET = (0, 2)  # states that need no letter: empty and full
RAMP = 8  # steps from empty to full where a pixel is several slots


def _colours() -> tuple[bytes, bytes]:
    """Return colours and opacities: each state in all steps of its glow, then the ramp."""
    rgb = [np.frombuffer(bytes.fromhex(colour[1:]), np.uint8).astype(float) for colour in palette.SOLID]
    fresh = {0: rgb[3], 2: np.array([87.0, 185.0, 155.0])}
    colours, opacity = [], []
    for state, settled in enumerate(rgb):
        for step in range(palette.GLOW):
            done = step / (palette.GLOW - 1)
            start = fresh.get(state, settled)
            colours.append(start if state == 0 else start + (settled - start) * done)
            opacity.append(round(110 * (1 - done)) if state == 0 else 255)
    colours += [rgb[2]] * RAMP
    opacity += [255 * (step + 1) // RAMP for step in range(RAMP)]
    return np.array(colours).round().astype(np.uint8).tobytes(), bytes(opacity)


EMPTY = palette.GLOW - 1  # an empty slot at rest
FIRST = len(palette.STATES) * palette.GLOW  # the ramp's first index
COLOURS, OPACITY = _colours()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: Pixels) -> bytes:
    """Return an image, 64 pixels to a line, of indices into our palette."""
    lines = pixels.reshape(-1, ACROSS)
    data = np.hstack([np.zeros((len(lines), 1), np.uint8), lines]).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", ACROSS, len(lines), 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", COLOURS)
        + _chunk(b"tRNS", OPACITY)
        + _chunk(b"IDAT", zlib.compress(data, 1))
        + _chunk(b"IEND", b"")
    )


class HeatDrawing:
    """The drawing of a buffer of 257 slots or more."""

    def __init__(self, count: int, parts: Parts) -> None:
        self.count = count
        self.glow = Glow(count)
        self.each = -(-count // MOST)  # slots per pixel
        self.pixels = -(-count // self.each)
        self.lines = -(-self.pixels // ACROSS)
        self.image = ipywidgets.Image(format="png", value=png(self.blank()))
        self.image.add_class("strip-image")
        self.over = parts.text("over")
        numbers = "".join(f"<span>{line * ACROSS * self.each}</span>" for line in range(self.lines))
        self.scale = parts.text("scale", f'<div class="numbers">{numbers}</div>')
        size = f"background-size: calc(100% / {ACROSS}) calc(100% / {self.lines})"
        self.grid = parts.text("over", f'<div class="grid" style="{size}"></div>')
        self.field = parts.row([self.image, self.grid, self.over], "field")
        self.box = parts.row([self.scale, self.field], "shmlab-heat")
        high = 15 if self.lines <= 16 else max(4, 240 // self.lines)
        self.box.layout = ipywidgets.Layout(height=f"{self.lines * high + 36}px")

    def update(self, snap: BufferShown, now: float) -> bool:
        """Draw a snapshot. Return whether anything changed."""
        value = png(self.shade(*self.glow.ages(snap.slots.states, snap.slots.sequences, now)))
        changed = bool(value != self.image.value)
        if changed:
            self.image.value = value
        over = self.marks(snap.slots.states, snap.in_, snap.out)
        if over != self.over.value:
            self.over.value = over
            changed = True
        return changed

    def blank(self) -> Pixels:
        """Return an empty image."""
        return np.full(self.lines * ACROSS, EMPTY, np.uint8)

    def shade(self, states: Steps, ages: Steps) -> Pixels:
        """Return the colour of every pixel."""
        pixels = self.blank()
        if self.each == 1:
            pixels[: len(states)] = states * palette.GLOW + ages
            return pixels
        full = np.zeros(self.pixels * self.each, np.uint8)
        full[: len(states)] = states != 0
        share = full.reshape(self.pixels, self.each).mean(axis=1)
        pixels[: self.pixels] = np.where(share > 0, FIRST - 1 + np.ceil(share * RAMP), EMPTY)
        return pixels

    def marks(self, states: Sequence[int], in_: int | None, out: int | None) -> str:
        """Return the letters and pointers that are overlaid on the image: full and empty slots need none."""
        parts = []
        if self.each == 1:
            special = [state if state not in QUIET else 0 for state in states]
            parts = letters(special, ACROSS, self.lines, 1.0, " " + palette.LETTERS[1:])
        for name, index in (("in", in_), ("out", out)):
            if index is not None:
                parts.append(f'<u class="{name}" style="{self.place(index // self.each)}"><s></s>{name}</u>')
        return "".join(parts)

    def place(self, pixel: int) -> str:
        """Return the position of a pixel's centre, as CSS."""
        return (
            f"left:{100 * (pixel % ACROSS + 0.5) / ACROSS:.2f}%;top:{100 * (pixel // ACROSS + 0.5) / self.lines:.2f}%"
        )
