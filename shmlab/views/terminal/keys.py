"""Keystrokes read one at a time, not line by line, with the terminal restored afterwards, whatever happens.

A terminal normally delivers input a line at a time, and echoes it. In "cbreak" mode it delivers each character at once
and echoes nothing; Ctrl-C is still a signal. The mode belongs to the terminal, not to the program: a program that dies
without restoring it leaves a shell in which users cannot see what they type.

Source: termios(3); W. R. Stevens, S. A. Rago, Advanced Programming in the UNIX Environment, ch. 18.
"""

import contextlib
import os
import select
import termios
import time
import tty
from collections.abc import Iterator

IFLAG, CHARACTERS = 0, 6  # indices in the result of termios.tcgetattr


class Closed(Exception):
    """The terminal is gone: its window was closed, or its connection was lost."""


@contextlib.contextmanager
def pressed(fd: int) -> Iterator["Keys"]:
    """Yield the keys of the terminal `fd`, and restore its mode afterwards."""
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        mode = termios.tcgetattr(fd)
        mode[IFLAG] &= ~termios.IXON  # Ctrl-S would block our output, and with it the program
        mode[CHARACTERS][termios.VSUSP] = b"\0"  # Ctrl-Z would leave the processes unsupervised and keep the screen
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        yield Keys(fd)
    finally:
        with contextlib.suppress(termios.error):  # a closed terminal need not be restored
            termios.tcsetattr(fd, termios.TCSANOW, before)


class Keys:
    """The keys typed at a terminal."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def within(self, seconds: float) -> Iterator[str]:
        """Yield each character typed within `seconds`, as soon as it is typed. Raises Closed."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                yield from self._read()

    def _read(self) -> str:
        try:
            data = os.read(self._fd, 64)
        except OSError:
            data = b""
        if not data:
            raise Closed
        # arrow keys and the like send several characters beginning with Escape, none of which is a command
        return "" if data.startswith(b"\x1b") else data.decode("utf-8", "replace")
