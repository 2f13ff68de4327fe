"""One set of colours, letters and words for everything that is drawn in a notebook: those of `signs`, and the themes'.

A slot's state is always two things at once: a colour and a letter (in the heat strip: a colour and a mark). The
colours are the same in the light and the dark theme. What differs between the themes (paper, ink, empty slots) is a CSS
variable in `style.css`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shmlab import layout, signs

STATES, LETTERS, MEANINGS = layout.STATES, layout.LETTERS, signs.MEANINGS
SOLID, LABEL_ON = signs.SOLID, signs.LABEL_ON  # on paper, and where CSS variables do not reach

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

SIGNS, sign = signs.SIGNS, signs.sign


@cache
def style() -> str:
    """The style sheet of the view."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def legend() -> str:
    """The five states, each with colour, letter and word."""
    return "".join(
        f'<span><i class="s{n}">{letter}</i>{meaning}</span>'
        for n, (letter, meaning) in enumerate(zip(LETTERS, MEANINGS, strict=True))
    )
