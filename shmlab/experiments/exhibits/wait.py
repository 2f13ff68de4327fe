"""Waiting for a condition, instead of sleeping for as long as it usually takes.

On a busy machine it takes longer, and a lesson that sleeps for a fixed time would then show something else.
"""

from collections.abc import Callable

from shmlab.memory.waiting import until

PATIENCE = 15.0  # seconds


def wait(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Poll until `true()`, for at most `seconds` seconds; return whether it became true."""
    return bool(until(true, seconds))
