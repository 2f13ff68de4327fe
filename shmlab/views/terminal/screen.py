"""Where a page is shown: full-screen on a terminal, or as one line a second where there is none.

Both are used alike: `show(page)` draws, waits for the next frame, and returns the keys pressed meanwhile.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live

from shmlab.views.terminal import keys
from shmlab.views.terminal.terminal_page import TerminalPage

FRAME = 0.1  # seconds that a page stays on the screen
LINE = 1.0  # seconds between two lines of text
Show = Callable[[TerminalPage], list[str]]


def is_screen() -> bool:
    """Return whether there is a terminal to draw on, and keyboard input."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not Console().is_dumb_terminal


def line(text: str) -> None:
    """Show a temporary line of text: on a terminal it replaces the previous one."""
    if sys.stdout.isatty():
        print(f"\r\033[2K{text}", end="", flush=True)
        time.sleep(2 * FRAME)
    else:
        print(text, flush=True)
        time.sleep(LINE)


@contextlib.contextmanager
def shown(screen: bool) -> Iterator[Show]:
    """Show pages on the screen, or as lines. The terminal is restored afterwards."""
    if not screen:
        yield _Lines().show
        return
    console = Console()
    # `pressed` outermost: the terminal mode is restored even if the screen cannot be
    with keys.pressed(sys.stdin.fileno()) as typed, contextlib.ExitStack() as stack:
        live = Live(console=console, screen=True, auto_refresh=False)
        live.start()
        stack.callback(_leave, live)

        def show(page: TerminalPage) -> list[str]:
            try:
                live.update(page.drawn(*console.size), refresh=True)
            except OSError:
                raise keys.Closed from None
            return list(typed.within(FRAME))

        yield show


def _leave(live: Live) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone
        live.stop()


class _Lines:
    """The snapshot in words, once a second."""

    def __init__(self) -> None:
        self._told = 0.0

    def show(self, page: TerminalPage) -> list[str]:
        """Print the line if it is due, and wait."""
        now = time.monotonic()
        if now - self._told >= LINE:
            self._told = now
            print(page.snapshot, flush=True)
        time.sleep(FRAME)
        return []
