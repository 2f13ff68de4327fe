"""docs/troubles.md quotes only what is really said: by shmlab, by its Makefile, by Jupyter, or by Python."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jupyter_server.serverapp
import pytest

from shmlab import labs
from shmlab.doctor import machine
from shmlab.memory import errors
from shmlab.memory.errors import ShmlabError
from tests.clone import ROOT

PAGE = (ROOT / "docs/troubles.md").read_text()
SAID = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
SHARE = Path(sys.prefix, "share/jupyter")
SCRIPTS = ("labextensions/@jupyter-widgets/jupyterlab-manager/static/*.js", "lab/static/jlab_core.*.js")
PARTS = 3
VALUES = re.compile("…|/dev/shm|'fcntl'|'shmlab'|LiveLab")  # what stands in a message only once it is said


def constants(path: Path) -> Iterator[str]:
    """Each text in a source file; of one with values in it, the pieces between them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def ours() -> str:
    """Everything that shmlab can say."""
    texts = [text for path in (ROOT / "shmlab").rglob("*.py") for text in constants(path)]
    return "\n".join([*texts, *vars(errors)])


@cache
def others() -> str:
    """Everything that Jupyter can say, and make, and Python of a module."""
    texts = list(constants(Path(jupyter_server.serverapp.__file__)))
    texts += [path.read_text() for pattern in SCRIPTS for path in SHARE.glob(pattern)]
    try:
        importlib.import_module("nowhere_to_be_found")
    except ModuleNotFoundError as error:
        texts.append(f"{type(error).__name__}: {error}")
    texts.append((ROOT / "Makefile").read_text().replace("' \\\n\t       '", " "))
    return "\n".join(texts)


def said(piece: str) -> bool:
    """Whether it is in a text of ours, or in a few, one after the other: a message is put together of such."""
    for _ in range(PARTS):
        end = next((end for end in range(len(piece), 0, -1) if piece[:end] in ours()), 0)
        piece = piece[end:]
    return not piece


@pytest.mark.slow
def test_what_nobody_says_is_found_out() -> None:
    assert not said("the lab is not walking: call start() and all will be well")


@pytest.mark.parametrize("message", SAID)
def test_a_message_is_one_that_is_really_said(message: str) -> None:
    error, _, rest = message.partition(": ")
    for piece in VALUES.split(rest if hasattr(errors, error) else message):
        assert piece.strip(" :'`<>") in others() or said(piece.strip(" :'`<>")), piece


def test_every_cure_of_the_doctor_s_for_a_machine_is_there() -> None:
    cures = [text for text in constants(Path(machine.__file__)) if text.startswith(("All works", "The next lab"))]
    assert len(cures) == 2 and all(cure in PAGE for cure in cures)


def test_a_view_as_text_is_what_the_page_says() -> None:
    with pytest.raises(ShmlabError, match=r"must be from 2 to 1,024, not 1\.$"):
        labs.live(slots=1)
    view = labs.live()
    try:
        assert re.fullmatch(r"<LiveLab: .+>", repr(view))
    finally:
        view.close()
