"""What is to be done before this program ends, by this program alone.

A forked child inherits the list of what is done at an exit; it must not stop what is its parent's.
"""

import atexit
import os
from collections.abc import Callable


def at_exit(end: Callable[[], None]) -> Callable[[], None]:
    """Have `end` called when this very program exits. Gives a function that takes that back."""
    owner = os.getpid()

    def mine() -> None:
        if os.getpid() == owner:
            end()

    atexit.register(mine)
    return lambda: atexit.unregister(mine)
