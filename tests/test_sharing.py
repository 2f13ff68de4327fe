"""Two processes share the tests: what stays together, and who answers for what is left behind."""

from pathlib import Path

import pytest

from shmlab.experiments.exhibits import lifecycle
from tests import durations
from tests.apparatus import buffer, entries, leftovers, named, orphans, planted
from tests.sharing import ByFile


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/memory/test_item.py::test_a[1::2]", "tests/memory/test_item.py"),
        ("notebooks/06_races.ipynb::Cell 3", "notebooks/06_races.ipynb"),
        ("tests/browser/test_live.py::test_a", "tests/browser"),
        ("tests/browser/test_quiz.py::test_a", "tests/browser"),
    ],
)
def test_a_file_is_a_unit_and_all_files_of_the_browser_are_one(test: str, unit: str) -> None:
    assert ByFile._split_scope(ByFile.__new__(ByFile), test) == unit


def test_what_this_process_leaves_is_its_own_and_what_nobody_owns_is_an_orphan() -> None:
    before = entries()
    with buffer() as mine, planted(bytes(4096)) as nobodys:
        assert mine.name in leftovers(before) and mine.name not in orphans(before)
        assert nobodys in orphans(before) and nobodys not in leftovers(before)


@pytest.mark.alone  # another lesson that starts would take it away
def test_a_lesson_that_nobody_claims_is_an_orphan() -> None:
    lesson = lifecycle.claimed()
    segment = Path(lifecycle.DIRECTORY, lesson.name)
    try:
        segment.touch()
        assert lesson.name not in orphans(set())
        lesson.close()
        assert lesson.name in orphans(set())
    finally:
        segment.unlink(missing_ok=True)


def test_a_parameter_is_called_the_same_in_every_process() -> None:
    assert named(object()) == "<object object>" and named(0x7F) == "127"


def test_the_table_of_durations_adds_up_tests_by_kind_over_all_files(tmp_path: Path) -> None:
    case = '<testcase classname="{}" name="a" time="{}"/>'
    for name, cases in (
        ("first", [("tests.ring.test_ring", 2), ("tests.lab.test_lab", 3)]),
        ("second", [("notebooks.x", 4)]),
    ):
        text = "".join(case.format(*each) for each in cases)
        (tmp_path / name).write_text(f'<testsuites><testsuite time="5">{text}</testsuite></testsuites>')
    lines = durations.table({"now": [str(tmp_path / "first"), str(tmp_path / "second")]}).splitlines()
    assert lines[0] == "| kind | now: tests | now: s |"
    assert {"| fast ring | 1 | 2 |", "| the rest | 1 | 3 |", "| notebooks, cell by cell (nbval) | 1 | 4 |"} <= {*lines}
    assert lines[-1] == "| on the clock | 3 | 10 |"
