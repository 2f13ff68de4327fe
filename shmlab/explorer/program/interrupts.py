"""An interrupt from the keyboard ends a search where nothing is half done.

Python raises KeyboardInterrupt between any two instructions: while the search notes a step, or in a student's function,
whose `with`, `finally` and `except:` would then do something else than they did before. So while a search lasts, the
first interrupt is only noted, and raised by `check` between two states and between two runs of a function. A second one
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
    """While this lasts, the first interrupt is noted; where somebody else handles interrupts, nothing changes."""
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
    """Whether one was noted and not raised yet."""
    return _noted


def waits() -> bool:
    """Whether an interrupt would be noted, so that a KeyboardInterrupt here is not one from the keyboard."""
    here = threading.current_thread() is threading.main_thread()
    return not here or (signal.getsignal(signal.SIGINT) is _note and not _noted)


def check() -> None:
    """Raise KeyboardInterrupt if one was noted."""
    global _noted
    if _noted and threading.current_thread() is threading.main_thread():
        _noted = False
        raise KeyboardInterrupt


def _note(_number: int, _frame: FrameType | None) -> None:
    global _noted
    if _noted:
        raise KeyboardInterrupt
    _noted = True
