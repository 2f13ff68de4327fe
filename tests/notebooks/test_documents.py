"""README and architecture.md say what the code says."""

import contextlib
import io
import re

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
