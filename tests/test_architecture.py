"""docs/architecture.md holds: packages import only what stands below them, in no circle; each name is one thing's."""

import ast
import collections
import re
import subprocess
import sys

import pytest

from tests import imports
from tests.clone import ROOT
from tests.renew_architecture_page import drawn

WAITS = ("eventually", "_wait", "sleeps")  # the last is a student's program: the explorer takes its sleep away
LONGEST = 320  # lines of one file
PAGE = (ROOT / "docs/architecture.md").read_text()


def listed(heading: str) -> list[str]:
    """What the first column of the table under a heading names."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)))


ORDER = listed("Packages")  # from the top
FACE = ""  # shmlab/__init__.py
JUPYTER = ("IPython", "ipykernel", "ipywidgets", "bqplot", "traitlets", "jupyter", "jupyter_server", "numpy", "tornado")
FILES = {name: path for name, path in imports.modules().items() if name not in (FACE, "__main__")}


def outside(module: str) -> set[str]:
    """The packages of other people that a module imports anywhere."""
    nodes = list(ast.walk(imports.tree(module)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_the_page_names_every_package_once_and_no_other() -> None:
    assert sorted(ORDER) == sorted({imports.package(name) for name in FILES})


def test_beside_the_packages_stands_nothing_but_labs() -> None:
    beside = {path.name for path in imports.PACKAGE.glob("*.py")}
    assert beside == {"__init__.py", "__main__.py", "labs.py"}


def test_a_package_imports_only_what_stands_below_it() -> None:
    upwards = [
        f"{one.importer}:{one.line} imports {one.imported}"
        for one in imports.imports()
        if one.importer in FILES and one.imported in FILES
        if ORDER.index(imports.package(one.importer)) > ORDER.index(imports.package(one.imported))
    ]
    assert upwards == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    edges = {(one.importer, one.imported) for one in imports.imports()}
    assert imports.circles({(a, b) for a, b in edges if a != b and FACE not in (a, b)}) == []


def test_only_those_that_the_page_names_ask_the_face() -> None:
    asking = {one.importer for one in imports.imports() if one.imported == FACE and one.importer != FACE}
    (named,) = re.findall(r"^The face is asked by (.*?)\.$", PAGE, re.MULTILINE | re.DOTALL)
    assert asking == set(re.findall(r"`([\w.]+)`", named)) & FILES.keys()


def twice(found: dict[str, set[str]]) -> set[str]:
    return {name for name, places in found.items() if len(places) > 1}


def test_a_name_that_two_packages_use_has_its_reason_on_the_page() -> None:
    modules, classes = collections.defaultdict(set), collections.defaultdict(set)
    for name in FILES:
        modules[name.rpartition(".")[2]].add(imports.package(name))
        for node in imports.tree(name).body:
            if isinstance(node, ast.ClassDef):
                classes[node.name].add(imports.package(name))
    assert sorted(twice(modules) | twice(classes)) == sorted(listed("Names that stand twice"))


def test_the_ways_lead_through_files_that_there_are() -> None:
    ways = PAGE.partition("## Three ways through the code")[2].partition("\n## ")[0]
    stations = [re.findall(r"^\d+\. `([\w/]+\.py)`", way, re.MULTILINE) for way in ways.split("**")[2::2]]
    assert len(stations) == 3 and all(5 <= len(way) <= 10 for way in stations)


def test_every_file_of_the_package_that_a_page_names_is_there() -> None:
    named = {path for path in re.findall(r"`([\w/]+\.py)`", PAGE) if not path.startswith("shmlab/")}
    assert len(named) > 20 and [path for path in sorted(named) if not (imports.PACKAGE / path).exists()] == []
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    written = re.compile(r"(?<![/\w])shmlab/[\w/]+\.(?:py|h|c|css|js)\b")
    paths = {(page.name, path) for page in pages for path in written.findall(page.read_text()) if "NN" not in path}
    assert len(paths) > 10 and [place for place in sorted(paths) if not (ROOT / place[1]).exists()] == []


def test_only_memory_computes_where_a_word_of_a_row_stands() -> None:
    """Others ask for it: `rows.Row`, `layout.row_word`, and `layout.first_word` where a whole segment is mapped."""
    computed = re.compile(r"\bat\.row\(|\* at\.WORD")
    texts = {name: path.read_text() for name, path in FILES.items() if imports.package(name) != "memory"}
    assert {name: found for name, text in texts.items() if (found := computed.findall(text))} == {}


def test_the_picture_is_that_of_these_imports() -> None:
    assert (ROOT / "docs/pictures/packages.svg").read_text() == drawn(), "run python -m tests.renew_architecture_page"


def test_below_the_views_nothing_imports_jupyter_or_numpy() -> None:
    below = [name for name in FILES if ORDER.index(imports.package(name)) > ORDER.index("views")]
    knowing = [name for name in below if any(other.startswith(JUPYTER) for other in outside(name))]
    assert knowing == ["course.grading.rerun"]  # it runs a notebook


def test_only_the_terminal_imports_rich() -> None:
    users = {name for name in FILES if "rich" in outside(name)}
    assert users and all(name.startswith("views.terminal.") for name in users)


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in imports.modules().items()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_view_in_a_notebook_prints() -> None:
    printing = set()
    for name in FILES:
        if name == "labs" or name.startswith("views.notebook"):
            calls = (node.func for node in ast.walk(imports.tree(name)) if isinstance(node, ast.Call))
            printing |= {name for call in calls if isinstance(call, ast.Name) and call.id == "print"}
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
