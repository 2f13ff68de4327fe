"""A schedule as text that a person can type: `PPCCP`, `P0 P0 C1`, `0011`.

Each word names the actor that takes the next step. If every name is a single letter, no spaces separate the words.
With `P0'`, P0 passes over the first alternative of a choice (see `choosing`). A name in lower case drains one store
from that process's buffer: `p0`. In memory="weak", `p0!x` drains its store to x, `p0?x` lets P0 catch up on x, and with
`p0+` its next store overtakes its loads.
"""

import re
from collections.abc import Iterable, Sequence

from shmlab.explorer.program.explorer_errors import ReplayFailed


def text(schedule: Iterable[int], processes: Sequence[str], words: Sequence[str] = ()) -> str:
    """Return a schedule as text. `words`: of all actors (default: process p; actor len(processes) + p drains it)."""
    words = words or [*processes, *(name.lower() for name in processes)]
    between = "" if all(len(word) == 1 for word in words) else " "
    return between.join(words[actor] for actor in schedule)


def parse(typed: str | Iterable[int], processes: Sequence[str], known: Sequence[str] = ()) -> list[int]:
    """Return the actors of a typed schedule, ignoring spaces and commas. `known`: the words of all actors.

    Raises ReplayFailed.
    """
    if not isinstance(typed, str):
        return _numbers(typed, max(len(known), len(processes)))
    words = {name: p for p, name in enumerate(known or processes)}
    if len(processes) <= 10:
        words |= {str(p): p for p in range(len(processes))}
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
    schedule = []
    rest = re.sub(r"[\s,;]+", " ", typed).strip()
    at = 0
    while at < len(rest):
        if rest[at] == " ":
            at += 1
            continue
        match = pattern.match(rest, at)
        if not match:
            raise ReplayFailed(
                f"no process is called {rest[at : at + 4]!r}. A schedule is made of: {', '.join(words)}."
            )
        schedule.append(words[match[0]])
        at = match.end()
    return schedule


def _numbers(given: object, actors: int) -> list[int]:
    """Return a schedule given as numbers. Raises ReplayFailed."""
    good = isinstance(given, (list, tuple)) and all(type(actor) is int and 0 <= actor < actors for actor in given)
    if not good:
        last = actors - 1
        raise ReplayFailed(f"a schedule is text like 'PPCCP', or a list of numbers from 0 to {last}, not {given!r}.")
    return list(given)  # type: ignore[call-overload,no-any-return]
