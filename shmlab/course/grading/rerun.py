"""Run a notebook from top to bottom and print what it hands in to its checks. `sandbox` isolates this process.

    python -P -m shmlab.course.grading.rerun CELL_SECONDS  <notebook.ipynb  >handed_in.jsonl

The notebook's outputs are discarded. The exit status says whether it ran to the end. The student's code can tamper
with all of this, so none of it is trusted: the lines that come out are answers, which `judging` judges.
"""

import os
import shutil
import sys
from pathlib import Path

from shmlab.course.exercises import handed_in

ENDS = {
    0: "",
    3: "stopped: CellTimeoutError",
    4: "stopped: DeadKernelError",
    5: "stopped: RuntimeError",
    6: "no notebook that Jupyter can read",
}


def main() -> None:
    seconds = int(sys.argv[1])
    text = sys.stdin.read()
    told = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)  # the kernel inherits these
    status = execute(text, seconds)
    with os.fdopen(told, "wb") as out:
        place = Path(os.environ[handed_in.VARIABLE])
        if place.is_file():
            with place.open("rb") as file:
                shutil.copyfileobj(file, out)
    sys.exit(status)


def execute(text: str, seconds: int) -> int:
    """Run all cells; an exception in one does not keep the others from being run. Returns a key of ENDS."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", connection_file=str(Path.cwd() / "k.json"))
    try:
        book = nbformat.reads(text, as_version=4)
    except Exception:  # a submission may contain anything
        return 6
    try:
        NotebookClient(book, km=kernel, timeout=seconds, allow_errors=True).execute()
    except CellTimeoutError:
        return 3
    except DeadKernelError:
        return 4
    except RuntimeError:
        return 5
    return 0


if __name__ == "__main__":
    main()
