"""A lab is named by the beginning of its name, or not at all where just one runs."""

import pytest

from shmlab import Lab, cli
from shmlab.cli import argument_types
from shmlab.memory import segment
from shmlab.memory.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two living labs, and one whose owner is dead."""
    names = ["shmlab-3f00000000000001", "shmlab-3f10000000000002", "shmlab-aa00000000000003"]
    monkeypatch.setattr(segment, "names", lambda: names)
    monkeypatch.setattr(segment, "owner_is_dead", lambda name: name == names[2])
    return names


@pytest.mark.parametrize("beginning", ["shmlab-3f0", "3f0", "3f00000000000001", "shmlab-3f00000000000001"])
def test_a_beginning_that_only_one_has_names_it(three: list[str], beginning: str) -> None:
    assert argument_types.which(beginning) == three[0]


def test_a_beginning_that_two_have_is_refused_with_both(three: list[str]) -> None:
    for beginning in ("shmlab-3f", "3f", "shmlab-", None):
        with pytest.raises(ArgumentError, match=f"2 labs are running.*say which. {three[0]}, {three[1]}$"):
            argument_types.which(beginning)


def test_a_beginning_that_no_living_lab_has_is_refused(three: list[str]) -> None:
    with pytest.raises(ArgumentError, match="no lab is running whose name begins with 'shmlab-aa'"):
        argument_types.which("shmlab-aa")


@pytest.mark.parametrize("text", ["", "-", "shmlab", "../x", "SHMLAB-3F", "shmlab-3f00000000000001x", "xyz"])
def test_what_is_no_beginning_of_a_name_is_refused(three: list[str], text: str) -> None:
    with pytest.raises(ArgumentError, match="16 hexadecimal digits"):
        argument_types.which(text)


@pytest.mark.alone  # else other tests' labs run, too
def test_where_one_lab_runs_nobody_has_to_name_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArgumentError, match=r"no lab is running\. `shmlab ls`"):
        argument_types.which(None)
    with Lab() as lab:
        assert argument_types.which(None) == lab.name
        assert cli.main(["produce", "--items", "3", "--rate", "max"]) == 0
        assert f"joined {lab.name}" in capsys.readouterr().out
