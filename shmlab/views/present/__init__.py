"""The lecture on the whole screen: `shmlab present`.

Voilà runs the lecture's notebook and shows what it displays, without code. Here stands what a lecture hall needs beside
that: a server that only this machine reaches, keys for the lecturer, type for the last row, and nothing left behind.
"""

import importlib.util

from shmlab import course
from shmlab.memory.errors import ShmlabError

INSTALL = "pip install voila"


class NotInstalled(ShmlabError):
    """Voilà is not on this machine. Nothing was started."""


def present(port: int | None = None, browser: bool = True, dark: bool = False) -> None:
    """Serve the lecture on 127.0.0.1 until Ctrl-C, SIGTERM or the terminal's end, and print its address.

    port: 1,024 to 65,535; None: the first free one from 8866. browser: open it there, too. dark: light letters.
    Raises NotInstalled, CourseMissing, and ArgumentError when the port is taken, before anything is started.
    """
    notebook = course.place() / "notebooks/lecture.ipynb"
    if importlib.util.find_spec("voila") is None:
        raise NotInstalled(f"the lecture is shown by Voilà, which is not installed: {INSTALL}")
    from shmlab.views.present.voila_server import serve

    serve(notebook, port, browser, "dark" if dark else "light")
