"""Cleanup to run when this program exits, in this program alone.

A forked child inherits the list of exit handlers; it must not stop what belongs to its parent.
"""

import atexit
import os
from collections.abc import Callable


def at_exit(end: Callable[[], None]) -> Callable[[], None]:
    """Have `end` called when this very process exits. Return a function that cancels it."""
    owner = os.getpid()

    def mine() -> None:
        if os.getpid() == owner:
            end()

    atexit.register(mine)
    return lambda: atexit.unregister(mine)
