"""A program in C joins a lab from a lesson, or a sentence says why it does not."""

import shutil

import psutil
import pytest

from shmlab import ArgumentError, Lab
from shmlab.experiments.exhibits import in_c
from shmlab.experiments.pipeline import tools
from tests.apparatus import eventually

pytestmark = pytest.mark.usefixtures("leaves_nothing")
compiler = pytest.mark.skipif(bool(tools.missing()), reason="no C compiler: `sudo apt install gcc` brings it")


@compiler
@pytest.mark.parametrize(("role", "letter"), [("producer", "P"), ("consumer", "C")])
def test_a_program_in_c_joins_and_moves_items_until_the_lab_ends(role: str, letter: str) -> None:
    with Lab(produce_rate=200, consume_rate=200) as lab:
        said = in_c.join(lab, role, 100)
        name = said.partition(" ")[0]
        assert name[0] == letter and f"has joined, a {role}: process" in said and said.endswith(f" of {role}.c.")
        eventually(lambda: lab.snapshot().worker(name).items > 5)
        pid = lab.snapshot().worker(name).pid
    eventually(lambda: not psutil.pid_exists(pid))  # it has left, and somebody has reaped it


@compiler
def test_one_that_does_not_speak_the_labs_protocol_says_so() -> None:
    with Lab("condition") as lab:
        assert in_c.join(lab).startswith("Nobody comes: ") and len(lab.workers) == 2


def test_without_a_compiler_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with Lab() as lab:
        assert in_c.join(lab).endswith("sudo apt install gcc).")


def test_nonsense_is_refused_before_anything_is_compiled() -> None:
    with Lab() as lab:
        for arguments in (("baker",), ("producer", 0), ("producer", "fast")):
            with pytest.raises(ArgumentError):
                in_c.join(lab, *arguments)  # type: ignore[arg-type]


def test_the_protocol_is_that_of_the_file() -> None:
    put, get = map(in_c.protocol, in_c.ROLES)
    assert put.startswith("static int put(") and "sem_post(lab->full)" in put
    assert get.startswith("static int get(") and get.endswith("\n}")
