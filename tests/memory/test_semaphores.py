"""Named semaphores, and what a worker's row tells of them."""

import os
import threading
from _multiprocessing import SemLock
from pathlib import Path

import pytest

from shmlab.memory import layout as at, name_claim, semaphores
from tests.apparatus import DIRECTORY, buffer, eventually


def test_the_value_is_read_from_the_file_without_opening_the_semaphore() -> None:
    with buffer(capacity=5) as it:
        assert [semaphores.value(it.name, name) for name in ("empty", "full", "mutex")] == [5, 0, 1]
        oracle = SemLock._rebuild(0, 1, 2**31 - 1, f"/{it.name}.empty")
        oracle.acquire()
        oracle.acquire()
        assert semaphores.value(it.name, "empty") == oracle._get_value() == 3


def test_the_value_of_what_is_gone_is_none_and_of_a_damaged_one_no_crash() -> None:
    with buffer() as it:
        assert semaphores.value(it.name, "nothing") is None
        for damage in (b"", b"\xff" * 32):  # sem_open would end this very process
            (DIRECTORY / f"sem.{it.name}.full").write_bytes(damage)
            assert semaphores.value(it.name, "full") == int.from_bytes(damage[:4], "little")


def test_a_semaphore_is_private_and_created_only_once() -> None:
    with buffer() as it:
        assert Path(semaphores.path(it.name, "mutex")).stat().st_mode & 0o777 == 0o600
        with pytest.raises(FileExistsError):
            semaphores.create(it.name, "mutex", 1)


@pytest.mark.parametrize("value", [0, 1, 1024, (1 << 31) - 1])
def test_a_semaphore_is_byte_by_byte_what_the_c_library_makes(value: int) -> None:
    with buffer() as it:
        SemLock(1, value, 2**31 - 1, f"/{it.name}.oracle", False)  # by the C library's sem_open
        semaphores.create(it.name, "mine", value)
        oracle, mine = (Path(semaphores.path(it.name, name)) for name in ("oracle", "mine"))
        assert mine.read_bytes() == oracle.read_bytes() and mine.stat().st_mode == oracle.stat().st_mode


@pytest.mark.parametrize("value", [-1, 1 << 31])
def test_a_semaphore_of_an_impossible_value_is_refused_and_makes_no_file(value: int) -> None:
    with buffer() as it:
        with pytest.raises(OSError, match="mine cannot start at"):
            semaphores.create(it.name, "mine", value)
        assert semaphores.value(it.name, "mine") is None


def test_a_lock_has_a_holder_between_acquire_and_release_and_a_counter_never() -> None:
    with buffer() as it:
        buf = it.bind(row=1)
        names = list(it.layout.semaphores)
        with buf.mutex:
            assert names[it.word(1, at.HOLDS) - 1] == "mutex"
            buf.empty.acquire()
            assert names[it.word(1, at.HOLDS) - 1] == "mutex"
        assert it.word(1, at.HOLDS) == 0
        buf.full.release()
        assert it.word(1, at.HOLDS) == 0


def test_a_sleeper_tells_what_it_waits_for_and_its_time_is_counted_as_blocked() -> None:
    with buffer() as it:
        buf = it.bind(row=2)
        names = list(it.layout.semaphores)
        sleeper = threading.Thread(target=buf.full.acquire)
        sleeper.start()
        eventually(lambda: it.word(2, at.WAITS))
        assert names[it.word(2, at.WAITS) - 1] == "full"
        assert it.word(2, at.BLOCKED) == 0
        it.bind(row=0).full.release()
        sleeper.join(10)
        assert not sleeper.is_alive()
        assert it.word(2, at.WAITS) == 0 and it.word(2, at.BLOCKED) > 0
        assert semaphores.value(it.name, "full") == 0


def test_a_sleeper_leaves_when_the_lab_is_stopped() -> None:
    left = threading.Event()

    def wait() -> None:
        try:
            buf.full.acquire()
        except SystemExit:
            left.set()

    with buffer() as it:
        buf = it.bind(row=0)
        sleeper = threading.Thread(target=wait)
        sleeper.start()
        eventually(lambda: it.word(0, at.WAITS))
        it.file.set_word(at.STATE, at.STOPPED)
        assert left.wait(10)
        sleeper.join()


def test_one_token_wakes_one_sleeper_only() -> None:
    woken = []
    with buffer(rows=3) as it:

        def wait(row: int) -> None:
            it.bind(row=row).full.acquire()
            woken.append(row)

        sleepers = [threading.Thread(target=wait, args=(row,)) for row in range(3)]
        for sleeper in sleepers:
            sleeper.start()
        eventually(lambda: all(it.word(row, at.WAITS) for row in range(3)))
        giver = it.bind(row=0).full
        for count in (1, 2, 3):
            giver.release()
            eventually(lambda count=count: len(woken) == count)
            assert semaphores.value(it.name, "full") == 0
        for sleeper in sleepers:
            sleeper.join(10)


def test_with_releases_also_when_the_body_fails() -> None:
    with buffer() as it:
        buf = it.bind()
        with pytest.raises(ZeroDivisionError), buf.mutex:
            1 / 0  # noqa: B018
        assert semaphores.value(it.name, "mutex") == 1


def test_a_reset_semaphore_has_no_sleepers_any_more() -> None:
    """The C library counts sleepers in the high half of the word; those that were killed would be counted for ever."""
    with buffer() as it:
        place = Path(semaphores.path(it.name, "full"))
        with place.open("r+b") as file:
            file.write((5 << 32).to_bytes(8, "little"))
        semaphores.reset(it.name, "full", 2)
        assert place.read_bytes()[:8] == (2).to_bytes(8, "little")


def test_a_fifo_in_the_place_of_a_semaphore_does_not_block_who_looks() -> None:
    name = f"shmlab-{os.urandom(8).hex()}"
    claim = name_claim.Claim(name).take()  # without it, whoever sweeps takes away a semaphore without a segment
    place = Path(semaphores.path(name, "mutex"))
    os.mkfifo(place)
    try:
        assert semaphores.value(name, "mutex") in (0, None)
        with pytest.raises(OSError):
            semaphores.reset(name, "mutex", 1)
    finally:
        place.unlink()
        claim.close()
