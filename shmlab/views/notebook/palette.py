"""The colours, letters and words for everything that is drawn in a notebook: those of `signs`, and those of the themes.

A slot's state is always shown twice: by a colour and by a letter (in the heat strip: by a colour and a mark). The
colours are the same in the light and the dark theme. What differs between the themes (background, text, empty slots)
is a CSS variable in `style.css`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from shmlab.memory import layout
from shmlab.views import signs

STATES, LETTERS, MEANINGS = layout.STATES, layout.LETTERS, signs.MEANINGS
SOLID, LABEL_ON = signs.SOLID, signs.LABEL_ON  # on white, and where CSS variables are not available

GLOW = 6  # steps in which a recent change fades
GLOW_SECONDS = 0.6
FILLS = tuple(tuple(f"var(--s{state}-{step})" for step in range(GLOW)) for state in range(len(STATES)))
INKS = tuple(f"var(--t{state})" for state in range(len(STATES)))

PRODUCER = "var(--producer)"
CONSUMER = "var(--consumer)"
INK = "var(--ink)"
SOFT = "var(--soft)"
PAPER = "var(--paper)"
CLEAR = "transparent"

SIGNS, sign = signs.SIGNS, signs.sign


@cache
def style(*more: str) -> str:
    """Return the style sheet of the view, and `more` from this folder, named without `.css`."""
    folder = Path(__file__).parent
    return scaled("".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in ("style", *more)))


def scaled(sheet: str) -> str:
    """Return a style sheet whose pixels are multiples of `--px`, which a page for a projector sets to more than 1 px.

    A condition (a line that begins with @) keeps its pixels, since variables are not allowed there.
    """
    return re.sub(r"^@.*$|(?<![\w.])(-?[\d.]+)px\b", _scaled, sheet, flags=re.MULTILINE)


def _scaled(found: re.Match[str]) -> str:
    return f"calc({found[1]} * var(--px, 1px))" if found[1] else found[0]


def legend() -> str:
    """Return the legend of the five states, each with colour, letter and word."""
    return "".join(
        f'<span><i class="s{n}">{letter}</i>{meaning}</span>'
        for n, (letter, meaning) in enumerate(zip(LETTERS, MEANINGS, strict=True))
    )
