"""Keys as they are pressed, not line by line; and the terminal as it was before, whatever happens.

A terminal hands on a line when it is complete, and echoes it. In "cbreak" mode it hands on each character at once and
echoes nothing; Ctrl-C still is a signal. The mode belongs to the terminal, not to the program: one that dies without
setting it back leaves a shell in which nobody sees what he types.

Source: termios(3); W. R. Stevens, S. A. Rago, Advanced Programming in the UNIX Environment, ch. 18.
"""

import contextlib
import os
import select
import termios
import time
import tty
from collections.abc import Iterator

IFLAG, CHARACTERS = 0, 6  # where termios.tcgetattr has them


class Closed(Exception):
    """There is no terminal any more: its window was closed, or its line was cut."""


@contextlib.contextmanager
def pressed(fd: int) -> Iterator["Keys"]:
    """The keys of the terminal `fd`; at the end it is set back as it was."""
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        mode = termios.tcgetattr(fd)
        mode[IFLAG] &= ~termios.IXON  # Ctrl-S would stop our drawing, and with it the program
        mode[CHARACTERS][termios.VSUSP] = b"\0"  # Ctrl-Z would leave the processes to themselves and the screen to us
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        yield Keys(fd)
    finally:
        with contextlib.suppress(termios.error):  # a terminal that is closed needs no care
            termios.tcsetattr(fd, termios.TCSANOW, before)


class Keys:
    """What is typed at a terminal."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def within(self, seconds: float) -> Iterator[str]:
        """Each character that is typed within so many seconds, as soon as it is. Raises Closed."""
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
        # arrow keys and the like begin with Escape and are several characters, none of which was meant
        return "" if data.startswith(b"\x1b") else data.decode("utf-8", "replace")
