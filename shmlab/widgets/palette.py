"""One set of colours, letters and words for everything that is drawn.

A slot's state is always two things at once: a colour and a letter (in the heat strip: a colour and a mark), so that no
picture needs colour vision. The colours are those of Okabe and Ito, darkened until white text on them is legible; they
are the same in the light and the dark theme. What differs between the themes (paper, ink, empty slots) is a CSS
variable in `style.css`.

Source: M. Okabe, K. Ito, Color Universal Design, 2008.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from shmlab import layout

STATES, LETTERS = layout.STATES, layout.LETTERS
MEANINGS = ("empty", "being written", "full", "being read", "overwritten")
SOLID = ("#eef1f5", "#e69f00", "#0a8562", "#2475b8", "#a83a7c")  # on paper, and where CSS variables do not reach
LABEL_ON = ("#6b7585", "#1f1600", "#ffffff", "#ffffff", "#ffffff")

GLOW = 6  # steps in which a fresh change fades
GLOW_SECONDS = 0.6
FILLS = tuple(tuple(f"var(--s{state}-{step})" for step in range(GLOW)) for state in range(len(STATES)))
INKS = tuple(f"var(--t{state})" for state in range(len(STATES)))

PRODUCER = "var(--producer)"
CONSUMER = "var(--consumer)"
INK = "var(--ink)"
SOFT = "var(--soft)"
PAPER = "var(--paper)"
CLEAR = "transparent"

# what a worker is doing: a shape, and the tone of its pill
SIGNS = {
    "starting": ("◌", "calm"),
    "resting": ("○", "calm"),
    "producing": ("▶", "busy"),
    "consuming": ("▶", "busy"),
    "in the critical section": ("◆", "inside"),
    "spinning": ("↻", "waits"),
    "paused": ("‖", "calm"),
    "stalled": ("■", "stopped"),
    "finished": ("✓", "calm"),
    "at the cap": ("▲", "stopped"),
    "ended": ("–", "dead"),
    "killed": ("✕", "dead"),
    "failed": ("✕", "dead"),
}


def sign(state: str) -> tuple[str, str]:
    """The shape and the tone of a worker's state; `waiting for …` is any semaphore."""
    return SIGNS.get(state, ("…", "waits") if state.startswith("waiting") else ("•", "calm"))


@cache
def style(*more: str) -> str:
    """The style sheet of the view, and `more` of this folder, by their names without `.css`."""
    folder = Path(__file__).parent
    return scaled("".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in ("style", *more)))


def scaled(sheet: str) -> str:
    """A style sheet whose pixels are so many times `--px`, which a page for a projector sets to more than 1 px.

    A condition (a line that begins with @) keeps its pixels: no variable can stand in it.
    """
    return re.sub(r"^@.*$|(?<![\w.])(-?[\d.]+)px\b", _scaled, sheet, flags=re.MULTILINE)


def _scaled(found: re.Match[str]) -> str:
    return f"calc({found[1]} * var(--px, 1px))" if found[1] else found[0]


def legend() -> str:
    """The five states, each with colour, letter and word."""
    return "".join(
        f'<span><i class="s{n}">{letter}</i>{meaning}</span>'
        for n, (letter, meaning) in enumerate(zip(LETTERS, MEANINGS, strict=True))
    )
