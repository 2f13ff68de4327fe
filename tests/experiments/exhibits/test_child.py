"""One process that does as it is told: it starts, answers, dies, and never outlives its owner."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shmlab.experiments.exhibits import child as module
from shmlab.experiments.exhibits.child import Child, DeadProcess, Ended, Refused
from shmlab.memory.errors import ShmlabError
from shmlab.processes import address_space
from tests.apparatus import alive, descriptors, eventually

OWNER = """
import os
from shmlab.experiments.exhibits.child import Child
child = Child("A")
child.begin()
child.ask("create", "/{name}", 4096, 0o600)
print(child.pid, flush=True)
input()
"""


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child("A")
    made.begin()
    yield made
    made.end()


def test_it_does_what_it_is_asked_and_answers(child: Child) -> None:
    child.ask("own_page", address_space.OWN)
    child.ask("store", address_space.OWN, -5)
    assert child.ask("load", address_space.OWN) == -5
    assert address_space.at(child.regions(), address_space.OWN).kind == "own page"  # type: ignore[union-attr]


def test_what_the_system_refuses_is_a_sentence_and_it_lives_on(child: Child) -> None:
    with pytest.raises(Refused, match="A: attach was refused: there is no segment of that name"):
        child.ask("attach", "/shmlab-lesson-none", False)
    with pytest.raises(Refused, match="it has no segment: create or attach one first"):
        child.ask("read", 0)
    assert child.alive


def test_a_page_is_not_taken_from_somebody_else(child: Child) -> None:
    child.ask("own_page", address_space.OWN)
    with pytest.raises(Refused, match="the kernel gives no page at 0x20_0000_0000"):
        child.ask("own_page", address_space.OWN)


def test_one_that_dies_of_an_order_leaves_a_dead_process(child: Child) -> None:
    dead = child.ask("load", address_space.OWN)
    assert isinstance(dead, DeadProcess)
    assert (dead.signal, dead.state, dead.regions) == ("SIGSEGV", "Z (zombie)", 0)
    assert str(dead).startswith("A was ended by SIGSEGV at: load 0x20_0000_0000.")
    assert child.regions() == () and not psutil.pid_exists(dead.pid)
    with pytest.raises(Ended, match="A has ended"):
        child.ask("load", address_space.OWN)


def test_one_that_somebody_killed_is_examined_when_it_is_next_asked(child: Child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    dead = child.ask("read", 0)
    assert isinstance(dead, DeadProcess) and dead.signal == "SIGKILL"


def test_one_that_does_not_answer_is_ended(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(Ended, match=r"did not answer to read for 0\.05 s"):
        child.ask("read", 0)
    assert not psutil.pid_exists(child.pid)


def test_ending_twice_is_ending_once_and_gives_everything_back() -> None:
    before = descriptors()
    child = Child("A")
    child.begin()
    child.end()
    child.end()
    assert child.ending == "exit status 0" and not child.alive
    assert descriptors() == before


def test_a_program_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRAM", (sys.executable, "-c", "print('no such thing today')"))
    with pytest.raises(ShmlabError, match=r"A could not be started\. It said: no such thing today"):
        Child("A").begin()


@pytest.mark.slow
def test_a_program_that_prints_without_end_is_ended_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRAM", (sys.executable, "-c", "while True: print('x' * 4096, end='')"))
    child = Child("A")
    with pytest.raises(ShmlabError, match=r"A could not be started\. It said: x{500}$"):
        child.begin()
    assert not child.alive and len(child._unread) <= module.LONGEST + module.READ_AT_ONCE


def test_no_token_of_a_hub_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    child = Child("A")
    child.begin()
    try:
        assert b"secret" not in Path(f"/proc/{child.pid}/environ").read_bytes()
    finally:
        child.end()


def test_when_its_owner_is_killed_it_ends_and_takes_its_name_along() -> None:
    name = f"shmlab-lesson-{os.getpid()}-owner"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(name=name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdin and owner.stdout
    with owner:
        pid = int(owner.stdout.readline())
        assert Path("/dev/shm", name).exists()
        owner.kill()
    eventually(lambda: not alive(pid))
    assert not Path("/dev/shm", name).exists()


def test_an_order_is_one_line_and_so_is_the_answer() -> None:
    with subprocess.Popen(module.PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin and program.stdout
        assert json.loads(program.stdout.readline()) == {"pid": program.pid}
        os.write(program.stdin.fileno(), b'["attach", "/shmlab-lesson-none", true]\n')
        assert json.loads(program.stdout.readline()) == {"refused": "there is no segment of that name"}
        os.write(program.stdin.fileno(), b'["leave"]')
        assert program.wait(10) == 0


def test_an_answer_that_was_not_waited_for_is_never_taken_for_another(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(child, "_line", interrupted)
    with pytest.raises(KeyboardInterrupt):
        child.ask("own_page", address_space.OWN)
    with pytest.raises(Ended, match="A has ended"):
        child.ask("load", address_space.OWN)
