"""The word, colour and shape that stand for each state, the same in the notebook, in a terminal and in a saved picture.

A slot's state is always shown twice: by a colour and by a letter (`layout.LETTERS`), so that no picture relies on
colour vision. The colours are those of Okabe and Ito, darkened until white text on them is legible.

Source: M. Okabe, K. Ito, Color Universal Design, 2008.
"""

MEANINGS = ("empty", "being written", "full", "being read", "overwritten")  # in the order of `layout.STATES`
SOLID = ("#eef1f5", "#e69f00", "#0a8562", "#2475b8", "#a83a7c")
LABEL_ON = ("#6b7585", "#1f1600", "#ffffff", "#ffffff", "#ffffff")  # text colours legible on them

EVENTS = {"info": "·", "command": "▸", "fault": "✕", "worker": "○", "output": "›"}  # by kind of event
LAB = {"running": "▶", "paused": "‖", "stopped": "■"}

# what a worker is doing: a shape, and the colour of its pill
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
    """Return the shape and the pill colour for a worker's state; `waiting for …` is any semaphore."""
    return SIGNS.get(state, ("…", "waits") if state.startswith("waiting") else ("•", "calm"))
