"""`choose(...)`: a decision that a program leaves open, such as whether a reader comes back once more.

In a lab it falls at random. The explorer tries all alternatives, and in the stepper a person decides.
"""

from collections.abc import Callable
from typing import TypeVar

from shmlab.memory.errors import ArgumentError

Alternative = TypeVar("Alternative")
Takes = Callable[[tuple[str, ...]], bool]  # whether the first of these alternatives, as text, is taken
MOST = 8
PLAIN = (int, float, str, bytes)


def choose(*alternatives: Alternative) -> Alternative:
    """One of the alternatives, any of them. It may fall the same way for ever.

    alternatives: two to eight values. Raises ArgumentError.
    """
    if not 2 <= len(alternatives) <= MOST:
        raise ArgumentError(f"choose takes 2 to {MOST} alternatives, as in choose(0, 1), not {len(alternatives)}.")
    if _decider is None:
        import random  # a worker whose program decides nothing starts sooner without

        return random.choice(alternatives)
    return by(_decider, alternatives)


def by(takes: Takes, alternatives: tuple[Alternative, ...]) -> Alternative:
    """One of the alternatives, where somebody says of each in turn whether it is taken; the last is taken unasked."""
    names = tuple([_name(number, alternative) for number, alternative in enumerate(alternatives)])
    for number, alternative in enumerate(alternatives[:-1]):
        if takes(names[number:]):
            return alternative
    return alternatives[-1]


def _name(number: int, alternative: object) -> str:
    """What a person calls it: its text, where that says all and is always the same."""
    return repr(alternative) if isinstance(alternative, PLAIN) or alternative is None else f"alternative {number}"


_decider: Takes | None = None


def decide_by(takes: Takes) -> None:
    """From now on, in this process, `takes` decides."""
    global _decider
    _decider = takes
