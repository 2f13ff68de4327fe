"""The course: the notebooks, what they need beside them, and the pages of docs/ that they lead to.

In a clone of the repository they lie where one edits them, in `notebooks/` and `docs/`. A wheel carries them inside
the package, as `shmlab/course/notebooks` and `shmlab/course/docs` (pyproject.toml says so). Which of the two holds is
decided here, and only here.

In a copy the pages lie in a folder `docs` beside the lessons, since JupyterLab shows nothing above the folder that it
was opened on. So a link from one to the other loses its `../` or its `notebooks/` on the way.

`copying` makes a copy that keeps a student's work; `building/` makes the notebooks' pages and what they show;
`exercises/` are the tasks and quizzes, and `check` (`exercise_book`); `grading/` marks what was handed in;
`problems/` are classic problems of synchronisation by name; `lecture` is a lecture of 45 minutes as data, and `show`
prints the source of what runs.
"""



from pathlib import Path

from shmlab.memory.errors import CourseMissing

INSTALLED = Path(__file__).resolve().parent
CLONE = INSTALLED.parents[1]
FIRST = "00_start_here.ipynb"
NOT_THE_COURSE = (".", "__", "Untitled", "conftest.py")  # what git ignores, and what only tests need


def place() -> Path:
    """The folder that holds the course's folders `notebooks` and `docs`. Raises CourseMissing."""
    for folder in (INSTALLED, CLONE):
        if (folder / "notebooks" / FIRST).is_file():
            return folder
    raise CourseMissing(INSTALLED / "notebooks")


def files() -> dict[str, bytes]:
    """What a copy of the course consists of: path within it (with `/`) -> content. Raises CourseMissing."""
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
