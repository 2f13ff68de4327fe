"""Orderly exit on Ctrl-C, SIGTERM or a closed terminal: like an exception, each closes what is open.

By default SIGTERM and SIGHUP end a program on the spot: the terminal stays without echo, and the segment is left to
the workers, who notice and clean up.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """End the body at the first of these signals, with the exit status that a shell would give (128 + number).

    Later signals are ignored: pressing Ctrl-C twice does not disturb the clean-up. A signal that was ignored before
    (`nohup`) stays ignored.
    """
    before = {number: signal.getsignal(number) for number in ENDINGS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def end(number: int, _frame: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def hush() -> None:
    """Discard all further output, which nobody can read any more, so that Python does not complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
