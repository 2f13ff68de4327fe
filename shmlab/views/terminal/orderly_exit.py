"""Ctrl-C, a request to end and a closed terminal all leave a program as an exception does: what is open is closed.

Left to themselves SIGTERM and SIGHUP end a program where it stands: the terminal stays without echo, and the segment is
left to the workers, who notice and clean up.
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
    """The first of these signals ends what stands inside, with the exit status that a shell would give (128 + number).

    Those that follow are not heard: whoever presses Ctrl-C twice does not disturb the cleaning up. A signal that was
    ignored before (`nohup`) stays ignored.
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
    """Nobody reads what is printed any more: print into nothing, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
