"""A program under a terminal of its own: what it shows, what is typed, how large its window is, and its end."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import Any

from tests.apparatus import eventually

# the program becomes the leader of a session whose terminal this is, so that closing it is a hang-up
TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
HOME = "\x1b[H"  # each page is drawn from the upper left corner
LEFT = "\x1b[?1049l"  # back from the whole screen to where the shell was


class Terminal:
    """`python -m shmlab.cli` with these words, on a terminal of this size."""

    def __init__(self, *words: str, columns: int = 80, lines: int = 24) -> None:
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.resize(columns, lines)
        self.mode = termios.tcgetattr(self.slave)
        self.all = ""
        command = [sys.executable, "-c", TAKE, sys.executable, "-m", "shmlab.cli", *words]
        # pytest's second process has COLUMNS set, which would be taken for the width whatever the terminal says
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment = {**own, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True, env=environment
        )

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self) -> str:
        """All that was printed until now."""
        with contextlib.suppress(OSError):  # nothing more at the moment, or nobody who prints
            while data := os.read(self.master, 1 << 16):
                self.all += data.decode("utf-8", "replace")
        return self.all

    def page(self) -> str:
        """The page as it is now, or was before the last key."""
        pages = self.read().split(HOME)
        return CONTROL.sub("", pages[-2] if len(pages) > 2 else pages[-1])

    def shows(self, text: str, seconds: float = 20) -> str:
        """The first page with this text."""
        return str(eventually(lambda: text in (page := self.page()) and page, seconds))

    def ended(self, seconds: float = 15) -> int:
        """Its exit status."""

        def over() -> bool:
            self.read()  # who waits to be read does not end
            return self.process.poll() is not None

        eventually(over, seconds)
        return int(self.process.returncode)

    def is_as_before(self) -> bool:
        """Whether the terminal echoes, and takes lines, as at the beginning."""
        now: list[Any] = termios.tcgetattr(self.slave)
        return now == self.mode

    def hang_up(self) -> None:
        """Close the window."""
        for name in ("slave", "master"):
            os.close(getattr(self, name))
            setattr(self, name, -1)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
