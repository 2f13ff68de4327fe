"""The slots as a row: each a letter on its colour; `in` above and `out` below mark the next put and get."""

import itertools

from rich.style import Style
from rich.text import Text

from shmlab.memory import layout as at
from shmlab.observe.snapshot import Snapshot
from shmlab.views import signs

WIDE, NARROW = 4, 2  # columns for each slot: with room for the words in and out, and without
STYLES = [Style(color=ink, bgcolor=ground) for ink, ground in zip(signs.LABEL_ON, signs.SOLID, strict=True)]
STYLES[at.EMPTY] = Style(dim=True)  # the terminal's own background: light or dark


def slots(snapshot: Snapshot, width: int, height: int) -> list[Text]:
    """Return the slots in at most `height` lines of `width` columns; those that do not fit are counted."""
    states = snapshot.slots.states
    if len(states) * WIDE <= width and height >= 3:
        return [_arrow("in▾", snapshot.in_), _row(states, WIDE), _arrow("out▴", snapshot.out)]
    cell = NARROW if len(states) * NARROW <= width * height else 1
    fit = width // cell
    room = fit * height if len(states) <= fit * height else fit * height - -(-len(_more(len(states))) // cell)
    shown = [states[first : min(first + fit, room)] for first in range(0, min(len(states), room), fit)]
    lines = [_row(part, cell) for part in shown]
    if len(states) > room:
        lines[-1].append(_more(len(states) - room), style="dim")
    return lines


def legend() -> Text:
    """Return the legend of letters and colours."""
    line = Text()
    for state, (letter, meaning) in enumerate(zip(at.LETTERS, signs.MEANINGS, strict=True)):
        line.append(f" {letter} ", STYLES[state]).append(f" {meaning}  ")
    return line


def _more(count: int) -> str:
    return f" … {count:,} more"


def _row(states: list[int], width: int) -> Text:
    line = Text()
    for state, alike in itertools.groupby(states):  # neighbours are mostly alike, and each style costs time
        cell = at.LETTERS[state].center(width - 1) + " " if width > 1 else at.LETTERS[state]
        line.append(cell * sum(1 for _ in alike), STYLES[state])
    return line


def _arrow(word: str, slot: int | None) -> Text:
    return Text("" if slot is None else " " * (slot * WIDE) + word, style="bold")
