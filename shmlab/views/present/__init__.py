"""The lecture full-screen: `shmlab present`.

Voilà runs the lecture's notebook and shows what it displays, without code. This package adds what a lecture hall needs
as well: a server that only this machine can reach, keys for the lecturer, type legible from the back row, and a
complete clean-up.
"""

import importlib.util

from shmlab import course
from shmlab.memory.errors import ShmlabError

INSTALL = "pip install voila"


class NotInstalled(ShmlabError):
    """Voilà is not on this machine. Nothing was started."""


def present(port: int | None = None, browser: bool = True, dark: bool = False) -> None:
    """Serve the lecture on 127.0.0.1 until Ctrl-C, SIGTERM or the terminal closes, and print its address.

    port: 1,024 to 65,535; None: the first free one from 8866. browser: open it there, too. dark: light text on dark.
    Raises NotInstalled, CourseMissing, and ArgumentError when the port is taken, before anything is started.
    """
    notebook = course.place() / "notebooks/lecture.ipynb"
    if importlib.util.find_spec("voila") is None:
        raise NotInstalled(f"the lecture is shown by Voilà, which is not installed: {INSTALL}")
    from shmlab.views.present.voila_server import serve

    serve(notebook, port, browser, "dark" if dark else "light")
