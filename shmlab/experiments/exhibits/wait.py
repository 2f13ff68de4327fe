"""Waiting for what has to come, instead of sleeping for as long as it usually takes.

A machine that is busy with other things takes longer, and a lesson that counts seconds would then show something else.
"""

from collections.abc import Callable

from shmlab.memory.waiting import until

PATIENCE = 15.0  # seconds


def wait(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Look again and again until `true()`, for so many seconds at most. Whether it came true."""
    return bool(until(true, seconds))
