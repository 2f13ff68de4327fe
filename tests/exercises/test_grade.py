"""One command gives a table of who passed what, from what the notebooks do when they are run."""

import csv
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from shmlab import cli

START = "from shmlab import check"


def handed_in(folder: Path, name: str, *cells: str) -> None:
    """A student's notebook, with an output that claims success."""
    folder.mkdir(parents=True, exist_ok=True)
    book = new_notebook(cells=[new_markdown_cell("# Mine"), *[new_code_cell(cell) for cell in cells]])
    for cell in book.cells[1:]:
        cell.outputs = [nbformat.v4.new_output("stream", text="Passed: everything.")]
    nbformat.write(book, folder / f"{name}.ipynb")


@pytest.mark.slow
def test_the_table_tells_who_passed_what(tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: Path) -> None:
    room = tmp_path / "class"
    right = "answer = 'P0 P1 P0 P1'\ncheck.vanish(answer, seed=7)"
    handed_in(room, "anna", START, right, "check.tokens([3, 3, 1])")
    handed_in(room / "b", "ben", START, "check.vanish('P0 P0')", "1 / 0", "check.tokens(None)")
    handed_in(room, "cleo", START, "import os\nos._exit(3)", right)
    (room / "dora.ipynb").write_text("my homework")
    table = tmp_path / "table.csv"
    arguments = ["grade", str(room), "--csv", str(table), "--seconds", "30"]
    assert cli.main(arguments) == 1  # not all could be run to the end
    rows = {row["notebook"]: row for row in csv.DictReader(table.read_text().splitlines())}
    assert (rows["anna"]["passed"], rows["anna"]["vanish"], rows["anna"]["tokens"]) == ("2 of 2", "+ seed 7", "+")
    assert (rows["ben"]["passed"], rows["ben"]["vanish"], rows["ben"]["tokens"]) == ("0 of 2", "-", ".")
    assert rows["cleo"]["vanish"] == "." and "stopped: DeadKernelError" in rows["cleo"].values()
    assert rows["dora"]["passed"] == "0 of 0"
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:2] == ["notebook", "passed"] and len(printed) == 7
    assert printed[-1] == "+ passed, - tried and not passed, . not tried"
    assert not kept.exists()  # the teacher's own progress is left alone


def test_a_folder_without_notebooks_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grade", str(tmp_path)]) == 2
    assert f"no notebook in {tmp_path}" in capsys.readouterr().err
