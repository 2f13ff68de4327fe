"""A verdict as a test: what passes, what fails, and what the page in the docs shows."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import shmlab
from shmlab.memory.errors import ArgumentError
from tests.clone import ROOT

PAGE = ROOT / "docs/testing.md"
SMALL: dict[str, Any] = dict(producers=2, items=1)


@shmlab.explored(**SMALL)
def semaphores(given: str = "semaphores") -> object:
    """Any strategy."""
    return given


@shmlab.explored(**SMALL, fails="overwrite")
def overwrites(given: str) -> object:
    return given


def test_a_right_program_passes_and_the_function_keeps_what_it_is() -> None:
    semaphores()
    assert semaphores.__name__ == "semaphores" and semaphores.__doc__ == "Any strategy."


def test_a_wrong_program_fails_with_the_table_and_how_to_see_it_again() -> None:
    with pytest.raises(AssertionError, match="FAILS: P1 overwrites") as failed:
        semaphores("unsynchronised")
    said = str(failed.value)
    assert "slots[0] = 20" in said and "source" in said
    (schedule,) = re.findall(r"verdict.show\('(.*)'\)", said)
    verdict = shmlab.explore("unsynchronised", **SMALL)
    assert verdict.show(schedule) and verdict.schedule == schedule


def test_a_fault_that_is_wanted_has_to_be_found() -> None:
    overwrites("unsynchronised")
    with pytest.raises(AssertionError, match="No 'overwrite' was found"):
        overwrites("semaphores")
    with pytest.raises(AssertionError, match="The fault that is wanted is 'lost', not 'overwrite'"):
        shmlab.explored(**SMALL, fails="lost")(lambda: "unsynchronised")()


def test_no_verdict_is_no_pass() -> None:
    with pytest.raises(AssertionError, match="NO VERDICT: gave up"):
        shmlab.explored(producers=2, max_states=10)(lambda: "semaphores")()


def test_processes_may_be_returned_too() -> None:
    def adds(buf):
        buf.total += 1

    with pytest.raises(AssertionError, match="FAILS"):
        shmlab.explored(shared=dict(total=0), final=lambda memory, _: memory.total == 2)(lambda: [adds, adds])()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: shmlab.explored(capcity=2), "explored has no argument 'capcity'"),
        (lambda: shmlab.explored(fails="overwritten"), "fails must be"),
        (lambda: shmlab.explored()(3), "write @shmlab.explored() with brackets"),  # type: ignore[arg-type]
        (lambda: shmlab.explored(print), "write @shmlab.explored() with brackets"),
        (lambda: shmlab.explored()(lambda: None)(), "returns nothing: let it return what is to be explored"),
    ],
    ids=["unknown", "fault", "brackets", "no brackets", "nothing"],
)
def test_a_mistake_is_told(wrong: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(says)):
        wrong()


@pytest.mark.slow
def test_the_tests_of_the_page_pass_under_pytest_and_the_wrong_one_fails_there(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    wrong = blocks[0].replace(', fails="overwrite"', "")
    for name, text in (("test_page.py", "\n".join(blocks)), ("test_wrong.py", wrong)):
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed, 4 passed" in ended.stdout, ended.stdout
    assert "slots[0] = 20" in ended.stdout and "shmlab/explorer" not in ended.stdout
