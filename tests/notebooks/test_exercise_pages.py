"""Exercises and solutions: the same numbers, made from the tasks, saved as they really ran. nbval runs them, too."""

from pathlib import Path
from typing import Any

import pytest

from shmlab.course.building.exercise_pages import name, page
from shmlab.course.building.saved_outputs import METADATA, VIEW
from shmlab.course.exercises import check, tasks
from tests.clone import ROOT
from tests.notebooks.test_notebooks import LINK, code, prose, read

EXERCISES, SOLUTIONS = ROOT / "notebooks/exercises", ROOT / "notebooks/solutions"
PAGES = [folder / name(number) for folder in (EXERCISES, SOLUTIONS) for number in tasks.NUMBERS]
each = pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def printed(cell: Any) -> str:
    return "".join(output.get("text") or output.data.get("text/plain", "") for output in cell.outputs)


def test_there_is_a_page_for_every_lesson_in_both_folders_and_no_other() -> None:
    found = sorted(path for folder in (EXERCISES, SOLUTIONS) for path in folder.glob("*.ipynb"))
    assert found == sorted(PAGES)


@each
def test_it_says_what_the_tasks_say(path: Path) -> None:
    made = page(path.name[:2], path.parent == SOLUTIONS)
    written = [(cell.id, cell.source) for cell in read(path).cells]
    assert written == [(cell.id, cell.source) for cell in made.cells], "python -m shmlab.course.building.exercise_pages"
    assert dict(read(path).metadata) == METADATA


@each
def test_it_was_run_from_top_to_bottom_without_an_error(path: Path) -> None:
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))
    for cell in code(path):
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr"
            assert VIEW not in output.get("data", {})


@each
def test_unsolved_every_check_says_not_yet_and_solved_every_check_passes(path: Path) -> None:
    cells = {cell.id: cell for cell in code(path)}
    for task in check.lesson(path.name[:2]):
        said = printed(cells[f"{task.name}-check"])
        if path.parent == EXERCISES:
            assert said.startswith("Not yet: nothing tried.")
        else:
            assert said.startswith("Passed: ") or said == "passed\n"


@each
def test_every_link_leads_to_a_file(path: Path) -> None:
    assert [target for target in LINK.findall(prose(path)) if not (path.parent / target).exists()] == []
