"""The course: the notebooks, the files they need, and the pages of docs/ that they link to.

In a clone of the repository these are in `notebooks/` and `docs/`, where they are edited. A wheel has them inside the
package, as `shmlab/course/notebooks` and `shmlab/course/docs` (see pyproject.toml). Only this module decides which of
the two applies.

In a copy the pages are in a folder `docs` beside the lessons, since JupyterLab shows nothing above the folder that it
was opened on. So links between the two lose their `../` or `notebooks/` in copying.

`copying` makes a copy that keeps a student's work; `building/` makes the notebooks' pages and their saved outputs;
`exercises/` are the tasks and quizzes, and `check` (`exercise_book`); `grading/` marks submissions; `problems/` are
classic synchronisation problems by name; `lecture` is a 45-minute lecture as data, and `show` prints the source of
running code.
"""



from pathlib import Path

from shmlab.memory.errors import CourseMissing

INSTALLED = Path(__file__).resolve().parent
CLONE = INSTALLED.parents[1]
FIRST = "00_start_here.ipynb"
NOT_THE_COURSE = (".", "__", "Untitled", "conftest.py")  # what git ignores, and what only tests need


def place() -> Path:
    """Return the folder that holds the course's folders `notebooks` and `docs`. Raises CourseMissing."""
    for folder in (INSTALLED, CLONE):
        if (folder / "notebooks" / FIRST).is_file():
            return folder
    raise CourseMissing(INSTALLED / "notebooks")


def files() -> dict[str, bytes]:
    """Return the files of a copy of the course: path within it (with `/`) -> content. Raises CourseMissing."""
    lessons, pages = (place() / folder for folder in ("notebooks", "docs"))
    found = {path.relative_to(lessons): path for path in lessons.rglob("*") if path.is_file()}
    copied = {
        str(name): path.read_bytes().replace(b"](../docs/", b"](docs/")
        for name, path in found.items()
        if not any(part.startswith(NOT_THE_COURSE) for part in name.parts)
    }
    copied |= {
        f"docs/{path.name}": path.read_bytes().replace(b"](../notebooks/", b"](../") for path in pages.glob("*.md")
    }
    return dict(sorted(copied.items()))
