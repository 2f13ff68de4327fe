"""A notebook as one self-contained HTML file, made by nbconvert.

nbconvert's page loads MathJax and RequireJS from the network; the template beside this file omits both, and follows
the reader's light or dark theme.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output

from shmlab.memory.errors import ArgumentError, ShmlabError
from shmlab.views.web import lab_cells, player_data, recorded_runs
from shmlab.views.web.lab_cells import Arguments

TEMPLATES = Path(__file__).parent
CELL_SECONDS = 120
SHOWN = "<LiveLab"  # the text form of a live lab
VIEWS = ("<Live", "<Stepper", "<Lecture", "<AddressSpaces", "<SegmentBoard", "<Replayed", "<AccessTable", "<CallsTable")
KERNEL = "Here is something to use, which needs a kernel: open the notebook in JupyterLab. This page shows its text."


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its HTML, the number of runs it can play, and a sentence for each lab that it cannot."""

    text: str
    players: int
    missing: list[str]


def page(
    notebook: Path,
    seconds: float,
    live: Callable[..., object],
    execute: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Page:
    """Make the page of a notebook, with its saved outputs or, with `execute`, by running its code.

    seconds: how long a run is recorded for each lab. live: what a cell calls to show a lab, `labs.live`. Raises
    ArgumentError if it is not a notebook, or does not run.
    """
    try:
        book = nbformat.read(notebook, as_version=4)
    except Exception as error:  # nbformat passes on whatever its reader raises
        raise ArgumentError(f"'{notebook}' is not a notebook: {str(error).splitlines()[0][:200]}.") from None
    if execute:
        say(f"{notebook.name}: running its cells")
        _run(book, notebook)
    players, missing = 0, []
    last: Arguments | None = None
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        try:
            last = lab_cells.live(cell.source, live) or last
        except ArgumentError as error:
            last = None
            missing += [str(error)] * any(_is_view(output, SHOWN) for output in cell.outputs)
        for number, output in enumerate(cell.outputs):
            if _is_view(output, SHOWN) and last is not None:
                say(f"{notebook.name}: recording {seconds:g} s of a lab")
                try:
                    shown = player_data.player(recorded_runs.record(last, seconds))
                except ShmlabError as error:
                    missing.append(str(error))
                else:
                    players += 1
                    cell.outputs[number] = _html(shown)
                    continue
            if any(_is_view(output, view) for view in VIEWS):
                cell.outputs[number] = _html(f"<p class='shmlab-absent'>{html.escape(KERNEL)}</p>", output)
    book.metadata.pop("widgets", None)
    return Page(_converted(book, notebook.stem), players, missing)


def _run(book: NotebookNode, notebook: Path) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    place = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(book, timeout=CELL_SECONDS, store_widget_state=False, resources=place)
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        raise ArgumentError(f"'{notebook}' does not run: {str(error).strip().splitlines()[-1]}") from None


def _is_view(output: NotebookNode, beginning: str) -> bool:
    return str(output.get("data", {}).get("text/plain", "")).startswith(beginning)


def _html(text: str, instead: NotebookNode | None = None) -> NotebookNode:
    """Return an HTML output, followed by the text of the output it replaces."""
    plain = html.escape(str(instead["data"]["text/plain"])) if instead else ""
    data = {"text/html": text + (f"<pre>{plain}</pre>" if plain else "")}
    return NotebookNode(new_output("display_data", data))


def _converted(book: NotebookNode, title: str) -> str:
    exporter = HTMLExporter(
        extra_template_basedirs=[str(TEMPLATES)], template_name="offline", theme="light", embed_images=True
    )
    resources: dict[str, Any] = {"metadata": {"name": title}, "shmlab_head": player_data.head()}
    text, _ = exporter.from_notebook_node(book, resources=resources)
    return str(text)
