"""Run notebooks and save their outputs: `python -m shmlab.course.building.saved_outputs 06 07`, or all.

Only the text of a widget is kept: its picture belongs to the run that made it.
"""

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from shmlab import course
from shmlab.explorer.search.progress_line import QUIET

VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def renew(path: Path) -> None:
    """Run one notebook from top to bottom and save its outputs. Raises CellExecutionError; then nothing is saved."""
    os.environ[QUIET] = "1"
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book, timeout=60, kernel_name="python3", store_widget_state=False, resources={"metadata": {"path": path.parent}}
    ).execute()
    book.metadata = nbformat.from_dict(METADATA)
    for cell in book.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(VIEW, None)
    nbformat.validate(book)
    nbformat.write(book, path)


def joined(outputs: list[Any]) -> list[Any]:
    """Merge text that was printed in several pieces."""
    found: list[Any] = []
    for output in outputs:
        last = found[-1] if found else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            found.append(output)
    return found


if __name__ == "__main__":
    wanted = tuple(sys.argv[1:]) or ("",)
    for path in sorted(path for path in (course.place() / "notebooks").glob("*.ipynb") if path.name.startswith(wanted)):
        print(f"running {path.name} ...", flush=True)
        renew(path)
