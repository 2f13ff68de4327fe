"""docs/command.md says what the command says of itself."""

from shmlab.cli import group
from tests.renew_command_page import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "renew it: python -m tests.renew_command_page"


def test_every_verb_has_its_part_with_an_example() -> None:
    parts = page().split("\n## ")[1:]
    assert [part.splitlines()[0] for part in parts] == [f"shmlab {one.name}" for one in group.VERBS]
    assert all(one.example in part for one, part in zip(group.VERBS, parts, strict=True))
