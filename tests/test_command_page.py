"""docs/command.md says what the command says of itself."""

import re
import shlex

from shmlab import cli
from tests.renew_command_page import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "renew it: python -m tests.renew_command_page"


def test_every_verb_has_its_part_with_an_example() -> None:
    parts = page().split("\n## ")[1:]
    assert [part.splitlines()[0] for part in parts] == [f"shmlab {cli.name(command)}" for command in cli.COMMANDS]
    for command, part in zip(cli.COMMANDS, parts, strict=True):
        assert command.EXAMPLE in part
        typed = re.search(r"shmlab ([^|>)]*)", command.EXAMPLE)
        cli.parser().parse_args(shlex.split(typed[1]))  # the example can be typed
