"""The eye cannot harm, cannot be harmed, and never takes an item in motion for a fault."""

import fcntl
import os
import random
import subprocess
import sys

import pytest

from shmlab import Lab
from shmlab.memory import item as items, layout as at
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Snapshot
from tests.apparatus import DIRECTORY, buffer, descriptors, eventually, watch

pytestmark = pytest.mark.usefixtures("leaves_nothing")
FAULTS = ("lost", "duplicated", "out_of_order", "corrupted", "overwritten", "empty_reads")


def faults(seen: Snapshot) -> dict[str, int]:
    return {name: getattr(seen, name) for name in FAULTS if getattr(seen, name)}


def test_an_observer_opens_read_only_and_gives_its_descriptor_back() -> None:
    with buffer() as it:
        before = descriptors()
        with Observer(it.name) as observer:
            assert fcntl.fcntl(observer.segment.fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            with pytest.raises(OSError):
                observer.segment.set_word(at.STATE, at.STOPPED)
        assert descriptors() == before
        assert it.file.word(at.STATE) == at.RUNNING


def test_a_snapshot_changes_no_byte_of_the_segment_and_no_semaphore() -> None:
    with buffer() as it:
        it.strategy.put(it.bind(), items.make(0, 0, 8, 0))
        files = [entry for entry in DIRECTORY.iterdir() if it.name in entry.name]
        before = {file: file.read_bytes() for file in files}
        with Observer(it.name) as observer:
            for _ in range(10):
                observer.snapshot()
        assert {file: file.read_bytes() for file in files} == before and len(files) == 4


def test_a_quiet_segment_is_consistent() -> None:
    with buffer() as it, Observer(it.name) as observer:
        assert observer.snapshot().consistent


def test_what_moves_during_every_copy_is_not_consistent() -> None:
    with buffer() as it, Observer(it.name) as observer:
        read = observer.segment.read

        def read_and_disturb(offset: int, size: int) -> bytes:
            it.segment.signed[it.variable(0)] += 1  # in_ moves
            return read(offset, size)

        observer.segment.read = read_and_disturb  # type: ignore[method-assign]
        assert not observer.snapshot().consistent


def test_what_moves_during_one_copy_is_copied_again() -> None:
    with buffer() as it, Observer(it.name) as observer:
        read, reads = observer.segment.read, []

        def disturbed_once(offset: int, size: int) -> bytes:
            reads.append(offset)
            if len(reads) == 3:
                it.segment.signed[it.variable(0)] += 1
            return read(offset, size)

        observer.segment.read = disturbed_once  # type: ignore[method-assign]
        seen = observer.snapshot()
        assert seen.consistent and seen.in_ == 1


@pytest.mark.parametrize("size", [0, 100, at.HEADER_SIZE, at.ROWS_AT, at.ROWS_AT + 100])
def test_a_truncated_segment_gives_a_snapshot_not_an_error(size: int) -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab, Observer(lab.name) as observer:
        eventually(lambda: lab.snapshot().consumed > 10)
        for worker in lab.workers:
            lab.stall(worker)  # their mapping would end them
        os.truncate(DIRECTORY / lab.name, size)
        seen = observer.snapshot()
        assert isinstance(seen, Snapshot) and str(seen)
        assert isinstance(str(lab.snapshot()), str)


VANDAL = """
import os, random, sys
fd = os.open(sys.argv[1], os.O_RDWR)
size, first = os.fstat(fd).st_size, int(sys.argv[2])
print("ready", flush=True)
while True:
    if random.random() < 0.3:
        os.ftruncate(fd, random.randrange(size))
        os.ftruncate(fd, size)
    os.pwrite(fd, random.randbytes(random.choice([8, 64, 2048])), random.randrange(first, size - 2048))
"""


@pytest.mark.slow
def test_a_segment_that_is_overwritten_and_truncated_all_the_time_harms_no_snapshot() -> None:
    with buffer(rows=8) as it, Observer(it.name) as observer:
        arguments = [sys.executable, "-c", VANDAL, DIRECTORY / it.name, str(at.CONTROL_AT)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as vandal:
            assert vandal.stdout and vandal.stdout.readline() == b"ready\n"
            try:
                taken = 0
                for _ in watch(1.5):
                    seen = observer.snapshot()
                    assert isinstance(str(seen), str) and seen.fields
                    taken += 1
            finally:
                vandal.kill()
        assert taken > 20


def test_random_control_words_rows_and_slots_always_decode() -> None:
    with buffer(rows=6) as it, Observer(it.name) as observer:
        for seed in range(60):
            noise = random.Random(seed)
            it.segment.data[at.CONTROL_AT :] = noise.randbytes(len(it.segment.data) - at.CONTROL_AT)
            if seed % 2:
                it.file.set_word(at.ROWS_USED, 6)
                for row in range(6):
                    it.set_word(row, at.ROLE, noise.choice([at.PRODUCER, at.CONSUMER]))
            seen = observer.snapshot()
            assert str(seen) and len(seen.workers) <= 6
            assert seen.capacity == 4 and len(seen.slots) == 4
            assert min(seen.lost, seen.duplicated) >= 0


def test_a_huge_capacity_word_reads_no_more_than_the_cap() -> None:
    with buffer("unbounded", capacity=4, cap=64) as it, Observer(it.name) as observer:
        it.file.set_word(at.CAPACITY, 1 << 62)
        assert observer.snapshot().capacity == 64


def test_lost_semaphores_read_as_nought() -> None:
    with buffer() as it, Observer(it.name) as observer:
        for name in it.layout.semaphores:
            (DIRECTORY / f"sem.{it.name}.{name}").unlink()
        assert set(observer.snapshot().semaphores.values()) == {0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "workers", "slots"),
    [
        ("semaphores", 1, 2),
        ("semaphores", 3, 8),
        ("busy_waiting", 1, 8),
        ("condition", 2, 4),
        ("unbounded", 2, 2),
    ],
)
def test_an_item_in_motion_is_never_counted_as_a_fault(strategy: str, workers: int, slots: int) -> None:
    lab = Lab(strategy, slots, workers, workers, produce_rate=None, consume_rate=None)
    with lab, Observer(lab.name) as observer:
        last, taken = observer.snapshot(), 0
        for passed in watch(30.0):
            seen = observer.snapshot()
            assert not faults(seen), str(seen)
            assert seen.produced >= last.produced and seen.consumed >= last.consumed
            last, taken = seen, taken + 1
            if passed > 2.0 and taken > 50 and last.consumed > 500:  # where the machine is busy, it takes longer
                break
        assert taken > 50 and last.consumed > 500
    assert not faults(lab.snapshot())


def test_workers_that_are_stalled_anywhere_never_look_like_a_fault() -> None:
    """Each stop is at a random step of put, get or the books, and nothing may look lost or doubled meanwhile."""
    with Lab(produce_rate=None, consume_rate=None, producers=2, consumers=2) as lab, Observer(lab.name) as observer:
        eventually(lambda: lab.snapshot().consumed > 100)
        for _ in range(120):
            for worker in ("P0", "C0", "C1"):
                lab.stall(worker)
            assert not faults(observer.snapshot())
            for worker in ("P0", "C0", "C1"):
                lab.unstall(worker)


def test_workers_that_join_and_leave_never_look_like_a_fault() -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab, Observer(lab.name) as observer:
        for number in range(6):
            lab.add_producer()
            lab.add_consumer()
            consumed = lab.snapshot().consumed

            def moved(consumed: int = consumed) -> bool:
                seen = observer.snapshot()
                assert not faults(seen)
                return seen.consumed > consumed + 200

            eventually(moved)
            lab.remove(f"P{number}")


@pytest.mark.slow
def test_the_unbounded_buffer_loses_nothing_while_it_grows() -> None:
    with Lab("unbounded", 2, produce_rate=None, consume_rate=0.1) as lab, Observer(lab.name) as observer:

        def grown() -> bool:
            seen = observer.snapshot()
            assert not faults(seen), str(seen)
            return seen.cap_reached

        eventually(grown, 60)
        lab.consume_rate = None

        def drained() -> bool:
            seen = observer.snapshot()
            assert not faults(seen), str(seen)
            return seen.consumed > seen.cap

        eventually(drained, 30)


def test_items_that_move_while_the_buffer_grows_are_not_lost() -> None:
    """The schedule: the observer has read how many slots there are, then the buffer doubles and items move up."""
    with buffer("unbounded", capacity=4, cap=64) as it, Observer(it.name) as observer:
        it.set_word(0, at.ROLE, at.PRODUCER)
        it.file.set_word(at.ROWS_USED, 1)
        put, get = it.strategy.put, it.strategy.get
        for number in range(3):  # so that the items to come do not begin at slot 0
            put(it.bind(), items.make(1, number, 8, 0))
            get(it.bind())
        for number in range(4):
            put(it.bind(), items.make(0, number, 8, 0))
        it.set_word(0, at.PRODUCED, 4)
        read, slots_at = observer.segment.read, it.layout.slots_at

        def grown_in_between(offset: int, size: int) -> bytes:
            if offset == slots_at and it.segment.capacity == 4:
                it.bind().slots._double()  # the first step of the fifth put, which stays there
            return read(offset, size)

        observer.segment.read = grown_in_between  # type: ignore[method-assign]
        seen = observer.snapshot()
        assert it.segment.capacity == seen.capacity == 8
        assert not faults(seen), str(seen)


@pytest.mark.slow
def test_latency_and_blocking_are_told_in_seconds() -> None:
    with Lab(produce_rate=None, consume_rate=50, slots=4) as lab:
        seen = eventually(lambda: (s := lab.snapshot()).consumed > 25 and s)
    assert seen.latency_p50 == pytest.approx(4 / 50, rel=0.8)  # an item waits for the four in front of it
    assert seen.worker("P0").blocked > 0.2
    assert seen.worker("C0").blocked < seen.worker("P0").blocked


def test_the_state_of_each_worker_is_told_in_words() -> None:
    with Lab("semaphores", 4, produce_rate=None, consume_rate=0.1) as lab:
        seen = eventually(lambda: (s := lab.snapshot()).worker("P0").waits and s)
        assert seen.worker("P0").state == "waiting for empty" and seen.worker("P0").holds is None
        eventually(lambda: lab.snapshot().worker("C0").state == "resting")
        lab.pause()
        eventually(lambda: lab.snapshot().worker("C0").state == "paused")
        lab.stall("C0")
        eventually(lambda: lab.snapshot().worker("C0").state == "stalled")
        lab.kill("C0")
        dead = lab.snapshot().worker("C0")
        assert (dead.state, dead.alive) == ("killed", False)
    with Lab("busy_waiting", 4, produce_rate=None, consume_rate=0.1) as lab:
        eventually(lambda: lab.snapshot().worker("P0").state == "spinning")
