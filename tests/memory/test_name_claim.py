"""A claim on a name: what is under way is kept from sweepers, what a killed creator has left is swept."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab.memory import name_claim, segment
from tests.apparatus import DIRECTORY, entries
from tests.clone import ROOT

pytestmark = pytest.mark.usefixtures("leaves_nothing")
NAME = "shmlab-" + os.urandom(8).hex()
CREATOR = """
import os, sys
from shmlab import strategies
from shmlab.lab import create
from shmlab.memory import segment
strategy = strategies.find("semaphores")
print("ready", flush=True)
while True:
    file = create.publish(strategy, 8, 8)
    for name in file.layout.semaphores:
        if not os.path.exists(f"/dev/shm/sem.{file.name}.{name}"):
            print("lost", file.name, name, flush=True)
    segment.open_unmapped(file.name).close()
    create.withdraw(file)
    print(file.name, flush=True)
"""


def opened() -> int:
    """How many descriptors of this process lead to the claim, gone or not. Others come and go with other threads."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += str(one.readlink()).startswith(name_claim.path(NAME))
    return found


@pytest.fixture
def made() -> Iterator[name_claim.Claim]:
    it = name_claim.Claim(NAME).take()
    yield it
    it.close()


def test_it_stands_until_it_is_given_up_and_no_sweeper_takes_it(made: name_claim.Claim) -> None:
    assert name_claim.stands(NAME)
    assert Path(made.path).name not in name_claim.sweep() and name_claim.stands(NAME)
    made.close()
    assert not name_claim.stands(NAME)
    made.close()


def test_nobody_claims_what_is_claimed(made: name_claim.Claim) -> None:
    with pytest.raises(FileExistsError):
        name_claim.Claim(NAME).take()
    assert name_claim.stands(NAME) and opened() == 1


def test_it_moves_to_another_name_with_its_lock_and_its_bytes(made: name_claim.Claim) -> None:
    other = f"shmlab-{os.urandom(8).hex()}"
    os.write(made.fd, b"bytes")
    assert made.move(other) == other
    assert name_claim.stands(other) and not name_claim.stands(NAME)
    name_claim.sweep()
    made.publish()
    try:
        assert (DIRECTORY / other).read_bytes() == b"bytes" and not name_claim.stands(other)
        assert not segment.owner_is_dead(other)
    finally:
        (DIRECTORY / other).unlink()


def test_it_is_not_published_over_another_file(made: name_claim.Claim) -> None:
    (DIRECTORY / NAME).write_bytes(b"somebody's")
    try:
        with pytest.raises(FileExistsError):
            made.publish()
        assert name_claim.stands(NAME) and (DIRECTORY / NAME).read_bytes() == b"somebody's"
    finally:
        (DIRECTORY / NAME).unlink()


def test_the_claim_of_a_killed_process_is_swept() -> None:
    claim = f"from shmlab.memory import name_claim; it = name_claim.Claim({NAME!r}).take()"
    code = f"import os; {claim}; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    segment.sweep()
    assert not name_claim.stands(NAME)


def test_one_that_a_sweeper_took_for_dead_before_it_was_locked_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweeper comes between the file and its lock."""
    taken = []
    lock = name_claim.fcntl.flock

    def flock(fd: int, how: int) -> None:
        if not taken:
            taken.append(fd)
            assert Path(name_claim.path(NAME)).name in name_claim.sweep()
        lock(fd, how)

    monkeypatch.setattr(name_claim.fcntl, "flock", flock)
    it = name_claim.Claim(NAME).take()
    assert taken and name_claim.stands(NAME) and os.fstat(it.fd).st_nlink == 1 and opened() == 1
    it.close()


@pytest.mark.slow
@pytest.mark.faults
def test_of_many_creators_that_are_killed_nothing_is_left_and_of_those_that_live_nothing_is_taken() -> None:
    """Three creators at a time, killed at random moments, against two sweepers; whoever lives finds all it has made."""
    rng = random.Random(1)
    before = entries()
    done = threading.Event()

    def sweep() -> None:
        while not done.wait(0.001):
            segment.sweep()

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in sweepers:
        thread.start()
    created = 0
    said = ""
    try:
        for _ in range(8):
            arguments = [sys.executable, "-c", CREATOR]
            three = [subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
            for process in three:
                assert process.stdout and process.stdout.readline() == "ready\n"
            for process in three:
                for _ in range(rng.randrange(5, 40)):
                    assert process.stdout and process.stdout.readline()
                process.send_signal(signal.SIGKILL)
            for process in three:
                rest = process.communicate()[0]
                said += rest
                created += rest.count("\n")
    finally:
        done.set()
        for thread in sweepers:
            thread.join()
    segment.sweep()
    assert "lost" not in said
    ours = {entry for entry in entries() - before if entry.removeprefix("sem.")[:23] in said}
    assert created and not ours
