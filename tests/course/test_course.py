"""One place decides where the course lies; a copy of it is complete by itself."""

import json
import re
from pathlib import Path, PurePosixPath

import pytest

from shmlab import course
from shmlab.memory import errors
from tests.clone import ROOT, kept

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def text(name: str, content: bytes) -> str:
    """What one reads of a file: of a notebook, its cells."""
    if not name.endswith(".ipynb"):
        return content.decode()
    return "\n".join("".join(cell["source"]) for cell in json.loads(content)["cells"])


def links(*endings: str) -> set[tuple[str, str]]:
    """(file, what it leads to) of all links within the course, from files with these endings."""
    found = {
        (name, target)
        for name, content in course.files().items()
        if name.endswith(endings)
        for target in LINK.findall(text(name, content))
    }
    return {(name, target) for name, target in found if "://" not in target}


def test_in_a_clone_the_course_is_what_one_edits() -> None:
    assert course.place() == ROOT


def test_the_course_is_every_notebook_and_what_lies_beside_it() -> None:
    lessons = {name for name in course.files() if not name.startswith("docs/")}
    assert lessons == kept("notebooks") - {"conftest.py"}
    assert {"12_compiler_and_assembler.ipynb", "sources/gcd.c", "solutions/06_races.ipynb"} <= lessons


def test_checkpoints_caches_and_untitled_notebooks_are_not_the_course(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = (".ipynb_checkpoints/00.ipynb", "__pycache__/x.pyc", "Untitled1.ipynb", "conftest.py")
    for name in (course.FIRST, "sources/main.c", *beside):
        (tmp_path / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notebooks" / name).touch()
    monkeypatch.setattr(course, "CLONE", tmp_path)
    assert set(course.files()) == {course.FIRST, "sources/main.c"}


def test_every_link_in_a_lesson_leads_to_a_file_of_the_copy() -> None:
    found = links(".ipynb")
    assert (course.FIRST, "docs/layout.md") in found  # in the repository it is ../docs/layout.md
    reached = {(name, leads_to(name, target)) for name, target in found}
    assert [(name, target) for name, target in sorted(reached) if target not in course.files()] == []


def test_a_page_of_the_copy_leads_back_to_the_lessons() -> None:
    found = {leads_to(name, target) for name, target in links(".md")}
    assert "06_races.ipynb" in found and not [target for target in found if "notebooks" in target]


def leads_to(name: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(name).parent / target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_a_package_without_its_notebooks_says_so_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(course, "CLONE", tmp_path)
    with pytest.raises(errors.CourseMissing, match=r"there is no .*course/notebooks\. Work in a clone"):
        course.files()
