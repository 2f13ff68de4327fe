"""README and architecture.md say what the code says."""

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from shmlab import check, strategies
from shmlab.memory import fences
from tests.clone import ROOT

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
PACKAGE = ROOT / "shmlab"
ANY, ONE, NOBODY = "any number of producers and consumers", "one producer and one consumer", "nobody"


def sound_for(strategy: strategies.Strategy) -> str:
    return ANY if not strategy.warning(2, 2) else ONE if not strategy.warning(1, 1) else NOBODY


def floors() -> dict[str, int]:
    """Module -> floor, as the table of architecture.md has it."""
    rows = re.findall(r"^\| (\d) \| (`.*`) \|", ARCHITECTURE, re.MULTILINE)
    places = [(name, int(floor)) for floor, names in rows for name in re.findall(r"`(\w+)`", names)]
    assert len(dict(places)) == len(places), "a module stands on two floors"
    return dict(places)


def sources() -> dict[Path, str]:
    """File -> the room that it belongs to: a module of the package, or a package within it."""
    packages = [path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    modules = {path: path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    return modules | {path: package.name for package in packages for path in package.rglob("*.py")}


def imported_rooms(path: Path) -> set[str]:
    """The modules of shmlab that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "shmlab":
            assert node.module and not node.level
            found |= {node.module.split(".")[1]} if "." in node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("shmlab.")}
    return found


def test_the_table_of_strategies_is_that_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "WEAK", False)  # the table is that of x86
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    assert [row[0] for row in rows] == list(strategies.names)
    for name, title, soundness in rows:
        strategy = strategies.find(name)
        assert title == strategy.title
        assert soundness.startswith(sound_for(strategy))


def test_the_number_of_tasks_is_the_one_that_is_told() -> None:
    for text in (README, (ROOT / "docs/exercises.md").read_text()):
        assert f"{len(check.tasks)} tasks" in text


@pytest.mark.slow
def test_the_line_for_use_without_jupyter_works() -> None:
    (line,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "run(" in block]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(line, {})
    assert re.match(r"finished after .* 20000 produced, 20000 consumed, no faults", printed.getvalue())


def test_every_module_has_its_place_in_the_architecture() -> None:
    assert sorted(set(sources().values()) - floors().keys()) == []
    assert sorted(floors().keys() - set(sources().values())) == []


def test_imports_point_only_downwards() -> None:
    floor = floors()
    upwards = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path, room in sources().items()
        for target in imported_rooms(path) & floor.keys()
        if floor[target] > floor[room]
    ]
    assert upwards == []


def test_only_the_top_floors_know_jupyter_and_numpy() -> None:
    jupyter = re.compile(r"^\s*(?:import|from) (IPython|ipykernel|ipywidgets|bqplot|jupyter\w*|numpy)\b", re.MULTILINE)
    knowing = {room for path, room in sources().items() if jupyter.search(path.read_text())}
    assert {room for room in knowing if floors()[room] < 5} == set()
