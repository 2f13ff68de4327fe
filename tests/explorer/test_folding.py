"""`show(around=True)`: the steps of calls that had returned before the decisive part are told in a line."""

from typing import Any

import pytest

from shmlab import ArgumentError, explore
from shmlab.explorer.report.verdict import Verdict, verdict
from tests.explorer import programs as p


def judged(name: str) -> Verdict:
    program = p.TEXTBOOK[name][0]()
    return verdict(program.system(watched=True), program.system())


def lines(found: Verdict, around: bool = True) -> list[str]:
    """The lines of the table, without the headings."""
    return str(found.show(around=around)).partition("\n\n")[2].splitlines()[2:]


def test_finished_calls_are_one_line() -> None:
    found = judged("no mutex in get 1+2")
    folded, whole = lines(found), lines(found, around=False)
    assert folded[0].split()[:4] == ["1-16", "put", "10,", "11"]
    assert folded[0].split()[4:] == ["0", "0", "0*", "2*", "1", "10", "11*"]  # in_ came back to where it was
    assert [line.split() for line in folded[1:]] == [line.split() for line in whole[16:]]
    assert ">1-16</td>" in found.show(around=True).html and "folded" in found.show(around=True).html


def test_what_both_sides_did_is_told_in_one_line() -> None:
    found = judged("count 1+1, 3 items")
    assert lines(found)[0].split()[:3] == ["1-7", "put", "10"]
    model = found.show(found.schedule, around=True)
    assert "\n31 " in str(model)  # a schedule that is given is folded, too


@pytest.mark.parametrize("name", [name for name, (_, fault) in p.TEXTBOOK.items() if fault])
def test_each_step_is_in_one_line(name: str) -> None:
    found = judged(name)
    at = 0
    for line in lines(found):
        first, _, last = line.split()[0].partition("-")
        if not first.isdigit():
            continue  # a remark
        assert int(first) == at + 1
        at = int(last or first)
    assert at == len(found.steps)


def test_no_step_is_left_out_where_it_goes_round_for_ever_or_nobody_calls_put() -> None:
    for name in ("count 1+1, 2 items", "lost update 2x2"):
        found = judged(name)
        assert str(found.show(around=True)) == str(found.show())


def test_the_decisive_read_is_never_left_out() -> None:
    for name, (_, fault) in p.TEXTBOOK.items():
        found = judged(name) if fault else None
        if found and found.cause:
            assert any(line.split()[0] == str(found.cause.read + 1) for line in lines(found))


@pytest.mark.parametrize("bad", [2, "yes", None])
def test_around_is_yes_or_no(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="around must be True or False"):
        explore("unsynchronised", producers=2).show(around=bad)
