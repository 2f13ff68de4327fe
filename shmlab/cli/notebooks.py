"""Copy the course into a folder of your own and open JupyterLab on its first lesson. What you changed there is kept."""

import argparse
import os
import sys
from pathlib import Path

from shmlab.memory.errors import ShmlabError

HELP = "copy the course's notebooks and open the first lesson"
EXAMPLE = "shmlab notebooks my_course"
STATUS = "0 copied, and JupyterLab has ended"
FOLDER = Path("shmlab-notebooks")
HOMELESS = (
    "Jupyter keeps files in your home, and {home} is no folder in which you may write: name one, as in "
    "`HOME=/tmp shmlab notebooks`."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, metavar="DIR", help=f"else ./{FOLDER}")
    parser.add_argument("--no-open", action="store_true", help="only copy, without opening JupyterLab")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.course import copying

    print(copying.copy(chosen.folder), flush=True)
    if not chosen.no_open:
        open_lab(chosen.folder)
    return 0


def open_lab(folder: Path) -> None:
    """Become JupyterLab, on the first lesson. A notebook's `!shmlab ls` finds the command beside this Python."""
    from shmlab import course

    if not os.access(os.environ.get("HOME", ""), os.W_OK):
        raise ShmlabError(HOMELESS.format(home=os.environ.get("HOME") or "HOME, which is not set,"))
    root = ["--allow-root"] if os.geteuid() == 0 else []  # in a container one is root
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.chdir(folder)
    command = [sys.executable, "-m", "jupyterlab", *root, course.FIRST]
    os.execve(sys.executable, command, {**os.environ, "PATH": programs})
