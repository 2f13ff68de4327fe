"""The rooms of docs/architecture.md: imports go down or sideways, and no file is too long to be read."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clone import ROOT

PACKAGE = ROOT / "shmlab"
WAITS = ("eventually", "_wait", "sleeps")  # the last is a student's program: the explorer takes its sleep away
LONGEST = 320  # lines of one file
PAGE = (ROOT / "docs/architecture.md").read_text()
FLOOR = {
    room: int(floor)
    for floor, rooms in re.findall(r"^\| (\d) \| (`.*?`) \|", PAGE, re.MULTILINE)
    for room in re.findall(r"`(\w+)`", rooms)
}
JUPYTER = ("IPython", "ipykernel", "ipywidgets", "bqplot", "traitlets", "jupyter", "jupyter_server", "numpy", "tornado")
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE) != Path("__init__.py"))


def room(path: Path) -> str:
    """The room that a file belongs to: its own name, or that of its folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def imported(path: Path) -> list[str]:
    """All modules that a file imports anywhere, as dotted names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_page_gives_every_room_a_floor_and_names_no_other() -> None:
    assert {room(path) for path in FILES} == FLOOR.keys()


def test_imports_go_down_or_sideways() -> None:
    upwards = []
    for path in FILES:
        for name in imported(path):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if top == "shmlab" and target in FLOOR and FLOOR[target] > FLOOR.get(room(path), 9):
                upwards.append(f"{named(path)} imports {name}, which is above it")
    assert upwards == []


def test_below_the_widgets_nothing_imports_jupyter_or_numpy() -> None:
    below = [path for path in FILES if FLOOR.get(room(path), 0) < 5]
    found = [(named(path), name) for path in below for name in imported(path)]
    assert [(file, name) for file, name in found if name.partition(".")[0].startswith(JUPYTER)] == []


def test_only_the_terminal_imports_rich() -> None:
    users = {named(path.parent) for path in FILES for name in imported(path) if name.partition(".")[0] == "rich"}
    assert users == {"views/terminal"}


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in (PACKAGE / "__init__.py", *FILES)}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST} == {}


def test_no_widget_prints() -> None:
    printing = set()
    for path in FILES:
        if named(path).startswith(("views/notebook/", "labs.py")):
            calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
            printing |= {named(path) for call in calls if isinstance(call, ast.Name) and call.id == "print"}
    assert printing == set()


def test_no_test_sleeps() -> None:
    """Only the functions in `WAITS` do, which have a condition and a deadline."""
    sleeping = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text()
        if "sleep" not in text:
            continue
        nodes = list(ast.walk(ast.parse(text)))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in WAITS]
        allowed = {call for function in functions for call in ast.walk(function)}
        calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"]
        sleeping += [f"{path.relative_to(ROOT)}:{call.lineno}" for call in calls if call not in allowed]
    assert sleeping == []


def after(code: str) -> set[str]:
    """The modules that are loaded after running `code` in a fresh interpreter."""
    program = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before, sep='\\n')"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(said.stdout.split())


def test_importing_shmlab_loads_nothing_but_itself() -> None:
    ours = {name for name in after("import shmlab") if name.startswith("shmlab")}
    assert ours == {"shmlab"}


@pytest.mark.parametrize(
    "code",
    [
        "import shmlab; shmlab.Lab",
        "import shmlab; shmlab.Lab().start().stop()",
        "import shmlab; shmlab.strategies.semaphores.put; shmlab.show; shmlab.scenarios",
        "import shmlab; shmlab.Observer",
    ],
)
def test_the_core_loads_neither_jupyter_nor_numpy(code: str) -> None:
    loaded = after(code)
    assert "shmlab" in loaded
    assert not {name for name in loaded if name.partition(".")[0].startswith(JUPYTER)}
