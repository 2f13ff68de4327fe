"""Waiting for what has to come, instead of sleeping for as long as it usually takes.

A machine that is busy with other things takes longer, and a lesson that counts seconds would then show something else.
"""

import time
from collections.abc import Callable

PATIENCE = 15.0  # seconds
LOOK = 0.002  # seconds between two looks


def wait(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Look again and again until `true()`, for so many seconds at most. Whether it came true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK)
    return True
