"""`shmlab notebooks`: copy the course's notebooks and open the first lesson."""

import os
import sys
from pathlib import Path

import click

from shmlab.cli.verb import verb
from shmlab.memory.errors import ShmlabError

FOLDER = Path("shmlab-notebooks")
HOMELESS = (
    "Jupyter keeps files in your home, and {home} is no folder in which you may write: name one, as in "
    "`HOME=/tmp shmlab notebooks`."
)


@verb(
    "copy the course's notebooks and open the first lesson",
    example="shmlab notebooks my_course",
    status="0 copied, and JupyterLab has ended",
)
@click.argument(
    "folder",
    required=False,
    type=click.Path(path_type=Path),
    default=FOLDER,
    metavar="[DIR]",
    help=f"where the copy goes; else ./{FOLDER}",
)
@click.option("--no-open", is_flag=True, help="only copy, without opening JupyterLab")
def notebooks(folder: Path, no_open: bool) -> int:
    """Copy the course into a folder of your own and open JupyterLab on its first lesson.

    What you changed there is kept.
    """
    from shmlab.course import copying

    print(copying.copy(folder), flush=True)
    if not no_open:
        open_lab(folder)
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
