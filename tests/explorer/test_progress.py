"""A long search tells a person where it is, and says nothing where output is compared."""

import sys

import pytest

from shmlab.explorer.search.progress_line import QUIET, told


def test_a_notebook_is_told_how_far_a_search_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.delenv(QUIET, raising=False)
    with told() as tell:
        assert tell
        tell(1_200, 2.0)
    assert "1,200 states in 2 s, and then it was done." in capsys.readouterr().out


def test_where_output_is_compared_nothing_is_told_of_how_fast_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setenv(QUIET, "1")
    with told() as tell:
        assert tell is None
