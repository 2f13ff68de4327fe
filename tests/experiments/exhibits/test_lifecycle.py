"""The life of a segment, as two real processes live it and as the kernel tells it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shmlab import cli
from shmlab.experiments.exhibits.child import DeadProcess, Ended, Refused
from shmlab.experiments.exhibits.lifecycle import ANOTHER, NOBODY, PREFIX, Lifecycle, claimed, release, sweep
from shmlab.experiments.exhibits.pair import Pair
from shmlab.memory import name_claim
from shmlab.memory.errors import ArgumentError
from shmlab.processes import address_space

OTHER = address_space.OWN + (1 << 30)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process and make it another user's")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Pair() as pair:
        yield pair


@pytest.fixture
def life() -> Iterator[Lifecycle]:
    with Lifecycle() as life:
        yield life
    assert not Path("/dev/shm", life.segment).exists()


def test_two_processes_hold_different_values_at_the_same_address(pair: Pair) -> None:
    for name, value in (("A", 111), ("B", 222)):
        pair.own_page(name, address_space.OWN)
        pair.store(name, address_space.OWN, value)
    assert (pair.load("A", address_space.OWN), pair.load("B", address_space.OWN)) == (111, 222)
    assert pair.own_values("A") == {address_space.OWN: 111}


def test_the_address_of_another_process_is_nobodys_here(pair: Pair) -> None:
    pair.own_page("A", OTHER)
    dead = pair.load("B", OTHER)
    assert isinstance(dead, DeadProcess) and dead.signal == "SIGSEGV"
    assert pair.load("A", OTHER) == 0
    assert "B ended by SIGSEGV: no memory any more" in str(pair)
    pair.again("B")
    assert pair.dead == {} and pair.child("B").alive


def test_code_cannot_be_overwritten(pair: Pair) -> None:
    code = next(region for region in pair.regions("A") if region.mode == "r-xp")
    dead = pair.store("A", code.start, 0)
    assert dead is not None and dead.signal == "SIGSEGV"


def test_what_one_writes_the_other_reads_at_another_address(life: Lifecycle) -> None:
    life.create("A")
    life.attach("B")
    life.write("A", 42)
    assert life.read("B") == 42
    a, b = life.region("A"), life.region("B")
    assert a and b and a.inode == b.inode and a.mode == b.mode == "rw-s"
    assert life.state().memories[0].holders == ("A", "B")


def test_the_name_goes_and_the_memory_stays_until_the_last_has_detached(life: Lifecycle) -> None:
    life.create("A")
    life.attach("B")
    life.unlink("A")
    state = life.state()
    assert not state.named and [memory.named for memory in state.memories] == [False]
    life.write("B", 7)
    assert life.read("A") == 7
    with pytest.raises(Refused, match="there is no segment of that name"):
        life.detach("B")
        life.attach("B")
    life.detach("A")
    assert life.state().memories == ()


def test_the_same_name_may_lead_to_another_memory(life: Lifecycle) -> None:
    life.create("A")
    life.write("A", 1)
    life.unlink("A")
    life.create("B")
    assert life.read("B") == 0 and life.read("A") == 1
    named, nameless = life.state().memories
    assert (named.holders, nameless.holders) == (("B",), ("A",)) and named.inode != nameless.inode


def test_a_segment_outlives_its_creator(life: Lifecycle) -> None:
    life.create("A")
    life.write("A", 5)
    life.end("A")
    life.attach("B")
    assert life.read("B") == 5
    with pytest.raises(Ended, match="A has ended already"):
        life.end("A")


def test_a_longer_segment_has_to_be_mapped_again(life: Lifecycle) -> None:
    life.create("A", 4096)
    life.attach("B")
    life.resize("A", 8192)
    with pytest.raises(Refused, match="index out of bounds"):
        life.write("B", 1, index=512)
    life.detach("B")
    life.attach("B")
    life.write("B", 1, index=512)
    assert life.state().memories[0].size == 8192


def test_a_shorter_segment_ends_whoever_touches_what_is_gone(life: Lifecycle) -> None:
    life.create("A")
    life.attach("B")
    life.resize("A", 0)
    dead = life.read("B")
    assert isinstance(dead, DeadProcess) and dead.signal == "SIGBUS"


def test_a_read_only_mapping_holds_against_python_the_kernel_and_a_plain_store(life: Lifecycle) -> None:
    life.create("A")
    life.write("A", 3)
    life.attach("B", read_only=True)
    assert life.read("B") == 3
    with pytest.raises(Refused, match="Python itself"):
        life.write("B", 4)
    with pytest.raises(Refused, match="permission denied"):
        life.protect("B")
    dead = life.store_past_python("B", 4)
    assert dead is not None and dead.signal == "SIGSEGV"
    assert life.read("A") == 3


@root_only
def test_the_mode_decides_for_another_user(life: Lifecycle) -> None:
    life.create("A", mode=0o600)
    life.become("B")
    with pytest.raises(Refused, match="permission denied"):
        life.attach("B")
    life.unlink("A")
    life.detach("A")
    life.create("A", mode=0o644)
    life.attach("B", read_only=True)
    assert life.state().processes[1].user == 65534


@pytest.mark.skipif(os.geteuid() == 0, reason="root may become anybody")
def test_only_root_may_become_another_user(life: Lifecycle) -> None:
    with pytest.raises(Refused, match="permission denied"):
        life.become("B")


def test_what_cannot_be_done_is_refused_before_anything_happens(life: Lifecycle) -> None:
    with pytest.raises(ArgumentError, match="the process must be one of A, B"):
        life.create("C")
    with pytest.raises(ArgumentError, match="size must be from 8 to"):
        life.create("A", 0)
    with pytest.raises(Refused, match="A has no segment: attach it first"):
        life.protect("A")
    life.create("A")
    with pytest.raises(Refused, match="A has a segment already: detach it first"):
        life.attach("A")
    with pytest.raises(Refused, match="already a segment of that name"):
        life.create("B")


def test_everything_that_is_done_is_told(life: Lifecycle) -> None:
    told: list[str] = []
    life.changed = lambda: told.append(str(life))
    life.create("A")
    assert told and "rw-s" in told[-1] and life.said == ["A creates it: 4,096 bytes, mode 0600"]
    assert life.kill("B").signal == "SIGKILL"
    assert told[-1].endswith("B ended by SIGKILL")


@pytest.mark.parametrize("sweeps", [sweep, lambda: cli.main(["clean"])], ids=["the next lesson", "shmlab clean"])
def test_what_a_dead_kernel_left_is_swept_and_a_living_ones_is_not(sweeps: Callable[[], object]) -> None:
    lesson = claimed()
    dead, living = Path(f"/dev/shm/{PREFIX}{os.urandom(4).hex()}"), Path(f"/dev/shm/{lesson.name}")
    try:
        dead.touch()
        living.touch()
        sweeps()
        assert (dead.exists(), living.exists()) == (False, True)
    finally:
        release(lesson)
        dead.unlink(missing_ok=True)
    assert not living.exists() and not name_claim.stands(lesson.name)


@root_only
@pytest.mark.parametrize("user", [NOBODY, 12345])
def test_what_another_user_has_created_for_it_goes_with_it(user: int) -> None:
    with Lifecycle() as life:
        life.become("A", user)
        life.create("A", mode=0o666)
    assert not Path("/dev/shm", life.segment).exists()


@root_only
@pytest.mark.parametrize(("user", "stays"), [(NOBODY, False), (ANOTHER, False), (12345, True)])
def test_of_the_segments_of_others_only_those_that_a_lesson_made_are_swept(user: int, stays: bool) -> None:
    left = Path(f"/dev/shm/{PREFIX}{os.urandom(4).hex()}")
    try:
        left.touch()
        os.chown(left, user, user)
        theirs = name_claim.Claim(left.name).take()
        os.chown(theirs.path, user, user)
        sweep()
        assert left.exists()
        theirs.close()
        sweep()
        assert left.exists() == stays
    finally:
        left.unlink(missing_ok=True)


def test_adding_together_loses_nothing_that_was_not_added_at_the_same_time(life: Lifecycle) -> None:
    life.create("A")
    life.attach("B")
    total = life.add_together(1000)
    assert 1000 <= total <= 2000 and life.read("B") == total
    with pytest.raises(ArgumentError, match="count must be from 1"):
        life.add_together(0)


def test_the_mode_is_looked_at_once_when_a_process_attaches(life: Lifecycle) -> None:
    life.create("A")
    life.attach("B")
    life.chmod("A", 0)
    life.write("A", 2)
    assert life.read("B") == 2 and life.state().memories[0].mode == 0
