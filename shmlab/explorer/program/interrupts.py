"""Handling of keyboard interrupts, so that they end a search only where its state is consistent.

Python raises KeyboardInterrupt between any two instructions: while the search records a step, or in a student's
function, whose `with`, `finally` and `except:` would then behave differently than before. So during a search the first
interrupt is only recorded, and raised by `check` between two states and between two runs of a function. A second one
is raised at once.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_noted = False


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """Record the first interrupt instead of raising it; no effect if another handler is installed."""
    global _noted
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    _noted = False
    signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def came() -> bool:
    """Return whether an interrupt has been recorded and not raised yet."""
    return _noted


def waits() -> bool:
    """Return whether an interrupt would be recorded, so that a KeyboardInterrupt here is not from the keyboard."""
    here = threading.current_thread() is threading.main_thread()
    return not here or (signal.getsignal(signal.SIGINT) is _note and not _noted)


def check() -> None:
    """Raise KeyboardInterrupt if an interrupt has been recorded."""
    global _noted
    if _noted and threading.current_thread() is threading.main_thread():
        _noted = False
        raise KeyboardInterrupt


def _note(_number: int, _frame: FrameType | None) -> None:
    global _noted
    if _noted:
        raise KeyboardInterrupt
    _noted = True
