"""The notebooks are what STYLE promises: short, one claim each, saved as they really ran. nbval runs them."""

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from shmlab.course.building.saved_outputs import METADATA, VIEW
from tests.clone import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEXTS = [*NOTEBOOKS, *sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
IGNORED = "# NBVAL_IGNORE_OUTPUT"
SHOWN = re.compile(r"\blabs\.\w+\(")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def shows_something(source: str) -> bool:
    """Whether a cell prints, or ends with a value."""
    body = ast.parse(source).body
    calls = [node.func for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Call)]
    prints = any(isinstance(call, ast.Name) and call.id in ("print", "show", "doctor") for call in calls)
    return bool(body) and (isinstance(body[-1], ast.Expr) or (prints and not isinstance(body[-1], ast.FunctionDef)))


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS][:1] == ["00_start_here"]


@each
def test_it_is_a_valid_notebook_of_format_4_5_with_nothing_hidden(path: Path) -> None:
    book = read(path)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert dict(book.metadata) == METADATA
    assert [cell.id for cell in book.cells if cell.metadata] == []
    assert len({cell.id for cell in book.cells}) == len(book.cells)


@each
def test_it_has_12_to_25_cells_beside_its_quiz_and_at_most_900_words(path: Path) -> None:
    least = 12 if path.stem[0].isdigit() else 2  # what is no lesson, but a view on the whole screen, needs no text
    assert least <= len(read(path).cells) <= 25 + any("check.quiz(" in cell.source for cell in read(path).cells)
    assert len(prose(path).split()) <= 900


@each
def test_its_title_is_a_claim(path: Path) -> None:
    title = read(path).cells[0].source.splitlines()[0]
    assert re.fullmatch(r"# [A-Z][^:?]+[^.:?]", title)
    assert len(title.split()) >= 5


@each
def test_a_code_cell_has_at_most_10_lines_and_no_star_import(path: Path) -> None:
    assert [cell.id for cell in code(path) if len(cell.source.splitlines()) > 10] == []
    imports = [
        node for cell in code(path) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.ImportFrom)
    ]
    assert [node.module for node in imports if node.names[0].name == "*"] == []


@each
def test_it_was_run_from_top_to_bottom(path: Path) -> None:
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))


@each
def test_a_checked_cell_has_its_output_saved(path: Path) -> None:
    assert [cell.id for cell in code(path) if shows_something(cell.source) != bool(cell.outputs)] == []


@each
def test_no_saved_output_is_an_error_or_belongs_to_one_machine_or_run(path: Path) -> None:
    for cell in code(path):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            assert VIEW not in output.get("data", {})
            assert not re.search(r"/(home|root|tmp|work)\b|0x[0-9a-f]{8}", str(output))
        if IGNORED not in cell.source:
            assert not re.search(r"pid \d|\d\.\d+ s\b|shmlab-[0-9a-f]{16}", str(cell.outputs))


@each
def test_the_mark_of_an_unchecked_cell_is_its_first_line(path: Path) -> None:
    marked = [cell.source for cell in code(path) if "NBVAL" in cell.source]
    assert [source for source in marked if source.splitlines()[0] != IGNORED or source.count("NBVAL") > 1] == []


@each
def test_a_lab_is_shown_by_one_line(path: Path) -> None:
    calls = [line for cell in code(path) for line in cell.source.splitlines() if SHOWN.search(line)]
    assert calls and all(line.count("(") == line.count(")") for line in calls)
    assert not any("ipywidgets" in cell.source or "bqplot" in cell.source for cell in code(path))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(path: Path) -> None:
    text = prose(path) if path.suffix == ".ipynb" else path.read_text()
    assert [target for target in LINK.findall(text) if not (path.parent / target).exists()] == []


@pytest.mark.slow
def test_the_exercise_of_05_gets_stuck_as_its_text_says() -> None:
    cells = {cell.id: cell.source for cell in code(ROOT / "notebooks/05_producer_consumer.ipynb")}
    right = "    buf.empty.acquire()\n    buf.mutex.acquire()\n"
    assert right in cells["exercise"]
    exchanged = cells["exercise"].replace(right, "    buf.mutex.acquire()\n    buf.empty.acquire()\n")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join(["from shmlab import Lab, strategies", exchanged, cells["exercise-run"]]), {})
    assert printed.getvalue() == "stuck\n"
