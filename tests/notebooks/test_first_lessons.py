"""The exercises of lessons 01 to 04: what stands there is "not yet", a right answer is accepted, a wrong one is not."""

import os

import pytest

from shmlab import labs
from shmlab.experiments.exhibits.child import Refused
from tests.notebooks.test_exercises import Change, printed
from tests.notebooks.test_notebooks import ROOT, code

A_ONLY: Change = (
    "return maps.at(a_has, address) is not None  # and what about B?",
    "return None not in (maps.at(a_has, address), maps.at(b_has, address))",
)
EITHER: Change = (A_ONLY[0], "return bool(maps.at(a_has, address) or maps.at(b_has, address))")
TOO_EARLY: Change = ('    life.unlink("A")\n', "")
AND_DETACHED: Change = (
    '    return life.read("B")',
    '    life.unlink("B")\n    note = life.read("B")\n    life.detach("B")\n    return note',
)
NAME_STAYS: Change = ('    return life.read("B")', '    note = life.read("B")\n    life.detach("B")\n    return note')
MEMORY_STAYS: Change = ('    life.attach("B")\n', '    life.attach("B")\n    life.unlink("B")\n')


def filled(notebook: str, *values: object) -> str:
    """What an exercise prints whose entries are still `None`, after each got its value, in order."""
    found = printed(notebook, "exercise", "exercise-run", changes=())
    assert "not yet" in found.lower()
    text = {cell.id: cell.source for cell in code(ROOT / "notebooks" / f"{notebook}.ipynb")}["exercise"]
    entries = [line for line in text.splitlines() if line.endswith(": None,")]
    changes = tuple((line, line.replace("None", repr(value))) for line, value in zip(entries, values, strict=True))
    return printed(notebook, "exercise", "exercise-run", changes=changes)


@pytest.mark.parametrize(
    ("notebook", "changes", "solved"),
    [
        ("01_address_spaces", (), False),
        ("01_address_spaces", (EITHER,), False),
        ("01_address_spaces", (A_ONLY,), True),
        ("02_create_and_attach", (), False),
        ("02_create_and_attach", (TOO_EARLY, NAME_STAYS), False),
        ("02_create_and_attach", (TOO_EARLY, MEMORY_STAYS), False),
        ("02_create_and_attach", (TOO_EARLY, AND_DETACHED), True),
    ],
)
def test_only_a_right_answer_is_solved(notebook: str, changes: tuple[Change, ...], solved: bool) -> None:
    said = printed(notebook, "exercise", "exercise-run", changes=changes)
    assert ("Solved." in said) is solved and ("Not yet solved" in said) is not solved


def test_the_modes_of_03_are_checked_one_by_one() -> None:
    assert filled("03_access_control", 0o600, 0o644, 0o660).count("right -") == 3
    assert filled("03_access_control", 0o600, 0o666, 0o640).splitlines()[1:] == [
        "rw-rw-rw- not yet - mine write and read, everybody else reads",
        "rw-r----- not yet - mine and those of my group write and read, others nothing",
    ]


def test_whose_work_it_is_in_04() -> None:
    right = ("kernel", "processor", "processor", "kernel", "processes", "kernel")
    assert filled("04_the_role_of_the_os", *right).endswith("Solved.\n")
    assert "Not yet solved" in filled("04_the_role_of_the_os", *("kernel",) * 6)


def test_the_question_at_the_end_of_03_has_an_answer() -> None:
    shorter = ('victim.create("A", mode=0o666)', 'victim.create("A", mode=0o644)')
    reading = ('victim.attach("B")\nvictim.write("B", -100)', 'victim.attach("B", read_only=True)')
    if os.geteuid() != 0:
        pytest.skip("only root can make a process another user's")
    try:
        with pytest.raises(Refused, match="resize was refused: permission denied"):
            printed("03_access_control", "attack", "truncate", changes=(shorter, reading))
    finally:
        labs.close()
