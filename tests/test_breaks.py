"""The deliberate breaks of `make mutants` still match the sources that they break, and name tests that exist."""


import pytest

from benchmarks.breaks import BREAKS, Break
from tests.clone import ROOT


def test_there_are_many_and_no_two_of_one_name() -> None:
    assert len({one.name for one in BREAKS}) == len(BREAKS) >= 19


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_what_it_replaces_stands_in_its_file_once(one: Break) -> None:
    assert one.times(ROOT) == 1
    for test in one.tests:
        path, _, name = test.partition("::")
        assert name.partition("[")[0] in (ROOT / path).read_text()
