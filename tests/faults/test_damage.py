"""Segments and semaphores that are damaged, removed, replaced or forged, at rest and while real processes use them."""

import contextlib
import os
import random
import re
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shmlab import ArgumentError, Lab, Observer, SegmentRefused, cli
from shmlab.lab import create
from shmlab.lab.rebuild import Dead, repair
from shmlab.memory import layout as at, segment, semaphores
from shmlab.memory.layout import Layout
from shmlab.ring.ring_snapshot import running
from tests.apparatus import DIRECTORY, buffer, descriptors, eventually, planted
from tests.faults.conftest import PROMISED

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("bystander")]
STRATEGIES = ("semaphores", "busy_waiting", "condition", "unbounded", "unsynchronised")


def foreign(path: Path) -> None:
    """Another user's file, where we may make one."""
    path.write_bytes(bytes(8192))
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)


STRANGERS: dict[str, Callable[[Path], object]] = {
    "FIFO": os.mkfifo,
    "directory": Path.mkdir,
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "link to itself": lambda path: path.symlink_to(path),
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "empty file": Path.touch,
    "file of another user": foreign,
}


def looks(lab: Lab) -> None:
    """Whatever there is, the kernel can look at it."""
    seen = lab.snapshot()
    assert str(seen) and seen.fields and seen.workers is not None
    assert isinstance(lab.output, str) and lab.events


def ends(lab: Lab) -> None:
    began = time.monotonic()
    lab.stop()
    assert time.monotonic() - began < PROMISED


# --- while it runs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))])
def test_random_words_in_a_running_segment_harm_no_kernel(strategy: str, seed: int) -> None:
    """40 mutations each, anywhere behind the header: counters, indices, rows, receipts, slots; 1,000 in all."""
    noise = random.Random(f"{strategy} {seed}")
    with Lab(strategy, 8, 2, 2, produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 5)
        fd = os.open(DIRECTORY / lab.name, os.O_RDWR)
        try:
            for _ in range(40):
                word = noise.choice([0, 1, 2, 8, (1 << 64) - 1, 1 << 63, noise.getrandbits(64), noise.getrandbits(16)])
                region = noise.choice([at.CONTROL_AT, at.SHARED_AT, at.ROWS_AT, at.row(noise.randrange(4))])
                os.pwrite(fd, struct.pack("<Q", word), region + 8 * noise.randrange(at.ROW_SIZE // 8))
                os.pwrite(fd, noise.randbytes(64), noise.randrange(at.CONTROL_AT, lab.snapshot().size - 64))
                looks(lab)
        finally:
            os.close(fd)
        for worker in lab.workers:  # what is damaged is steered, and repaired
            with contextlib.suppress(ArgumentError):
                lab.one_item(worker)
                lab.kill(worker)
        looks(lab)
        ends(lab)


@pytest.mark.parametrize("out", [0, 1, 7, (1 << 63) + 5, (1 << 64) - 1])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_repair_of_words_that_mean_nothing_ends(strategy: str, out: int) -> None:
    with buffer(strategy, rows=4, cap=64 if strategy == "unbounded" else 0) as it:
        begin, end = at.SHARED_AT, at.ROWS_AT + at.ROW_SIZE
        it.file.write(begin, b"\xff" * (end - begin))
        it.file.set_word(at.variable(it.layout.variables.index("out")), out)
        began = time.monotonic()
        for role in at.ROLES:
            for capacity in (0, it.layout.cap, (1 << 64) - 1):
                it.file.set_word(at.CAPACITY, capacity)
                repair(it.file, it.strategy, {0: Dead("P0", role), 1: Dead("P1", role)})
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("size", [0, 1, at.HEADER_SIZE, at.ROWS_AT + 100, 1 << 30])
def test_a_running_segment_of_another_size_harms_no_kernel(size: int) -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 5)
        os.truncate(DIRECTORY / lab.name, size)
        if size < at.HEADER_SIZE + 1:
            eventually(lambda: not any(worker.alive for worker in lab.snapshot().workers), 5)
            eventually(lambda: any("SIGBUS" in event.text for event in lab.events))
        looks(lab)
        with contextlib.suppress(SegmentRefused), Observer(lab.name) as eye:
            assert str(eye.snapshot())
        ends(lab)
    with lab:  # and the same lab starts again
        eventually(lambda: lab.snapshot().consumed > 5)


def test_a_running_segment_that_is_unlinked_goes_on_and_ends_in_silence() -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 5)
        segment.unlink(lab.name)
        consumed = lab.snapshot().consumed
        eventually(lambda: lab.snapshot().consumed > consumed)
        create.sweep()
        looks(lab)
        ends(lab)


@pytest.mark.parametrize("kind", ["FIFO", "directory", "link"])
def test_a_running_segment_whose_name_means_something_else_now_ends_in_silence(kind: str) -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab:
        path = DIRECTORY / lab.name
        path.unlink()
        STRANGERS[kind](path)
        with pytest.raises(SegmentRefused, match="not shared memory but a special file"):
            segment.attach(lab.name)
        looks(lab)
        ends(lab)
        if kind == "directory":
            path.rmdir()
        assert not os.path.lexists(path)


# --- semaphores ------------------------------------------------------------------------------------

DAMAGES: dict[str, Callable[[int], object]] = {
    "empty": lambda fd: os.ftruncate(fd, 0),
    "short": lambda fd: os.ftruncate(fd, 3),
    "all ones": lambda fd: os.pwrite(fd, b"\xff" * 32, 0),
    "zeros": lambda fd: os.pwrite(fd, bytes(32), 0),
    "huge": lambda fd: os.pwrite(fd, struct.pack("<Q", (1 << 31) - 1), 0),
    "long": lambda fd: os.ftruncate(fd, 1 << 20),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("strategy", ["semaphores", "condition"])
def test_damaged_semaphores_harm_no_kernel_and_no_new_worker_hangs_it(strategy: str, damage: str) -> None:
    with Lab(strategy, produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 5)
        for path in DIRECTORY.glob(f"sem.{lab.name}.*"):
            fd = os.open(path, os.O_RDWR)
            DAMAGES[damage](fd)
            os.close(fd)
        looks(lab)
        added = lab.add_producer()  # it opens the damaged ones
        eventually(lambda: lab.snapshot().worker(added.name).state != "starting", 5)
        for worker in lab.snapshot().workers:
            if worker.alive:
                with contextlib.suppress(ArgumentError):  # a damaged semaphore has ended it meanwhile
                    lab.kill(worker)
                break
        looks(lab)
        ends(lab)


def test_a_repair_without_semaphores_says_so_and_is_over() -> None:
    with Lab(producers=2, consumers=2, produce_rate=None, consume_rate=None) as lab:
        eventually(lambda: lab.snapshot().consumed > 5)
        for path in DIRECTORY.glob(f"sem.{lab.name}.*"):
            path.unlink()
        lab.kill("P0")
        eventually(lambda: not lab.damaged)
        eventually(lambda: any("mutex is gone, and cannot be set right" in event.text for event in lab.events))
        ends(lab)


def test_a_worker_that_finds_no_semaphore_says_so() -> None:
    with Lab(produce_rate=None, consume_rate=None) as lab:
        for path in DIRECTORY.glob(f"sem.{lab.name}.*"):
            path.unlink()
        added = lab.add_consumer()
        failed = eventually(lambda: (w := lab.snapshot().worker(added.name)).error and w, 5)
        assert failed.state == "failed" and "semaphore" in failed.error
        ends(lab)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can plant another user's files")
def test_another_users_semaphore_beside_a_lab_hinders_nobody() -> None:
    with Lab() as lab:
        foreign = DIRECTORY / f"sem.{lab.name}.evil"
        foreign.write_bytes(bytes(32))
        os.chown(foreign, 65534, 65534)
        looks(lab)
        ends(lab)
    foreign.unlink(missing_ok=True)


# --- headers ---------------------------------------------------------------------------------------

SMALL = Layout("semaphores", ("in_", "out"), {"empty": 8, "full": 0, "mutex": 1}, 8, 8, 8, 4)
FIELDS = len(at.HEADER_WORDS) * at.WORD
BORDERS = (0, 1, 2, 7, 8, 31, 32, 33, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, (1 << 64) - 1)


def mutated(noise: random.Random, header: bytes) -> bytearray:
    """A header with some damage, and in three of four cases a checksum that fits it again."""
    page = bytearray(header)
    for _ in range(noise.choice([1, 1, 2, 5])):
        if noise.random() < 0.6:
            place = noise.randrange(FIELDS // at.WORD) * at.WORD
            struct.pack_into("<Q", page, place, noise.choice(BORDERS))
        else:
            page[noise.randrange(len(page))] ^= 1 << noise.randrange(8)
    if noise.random() < 0.75:
        struct.pack_into("<Q", page, 0, at.MAGIC)
        struct.pack_into("<Q", page, 16, at._checksum(page))
    return page


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mutations", [20_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_mutated_headers_are_refused_or_mean_what_they_say(mutations: int) -> None:
    """Only our own error; what is accepted is a header that this very layout would write, of a size that is there."""
    noise, header, accepted = random.Random(5), SMALL.header(), 0
    for _ in range(mutations):
        page = bytes(mutated(noise, header))
        try:
            layout = at.parse(page, SMALL.size, "shmlab-0123456789abcdef")
        except SegmentRefused as error:
            assert str(error).startswith(("'shmlab-", "the header of 'shmlab-"))
            assert str(error).endswith((at.CURE, "use the same shmlab version on both sides."))
        else:
            accepted += 1
            assert layout.header() == page and layout.size <= SMALL.size
    assert mutations / 2000 < accepted < mutations / 2  # harmless words, such as the owner's number, may be anything


def test_mutated_segments_crash_nobody_who_opens_them_and_leak_nothing() -> None:
    noise, before = random.Random(6), descriptors()
    for _ in range(400):
        page = mutated(noise, SMALL.header())
        body = noise.randbytes(SMALL.size - at.HEADER_SIZE) if noise.random() < 0.5 else bytes(SMALL.size)
        with planted(bytes(page) + body) as name:
            for opening in (segment.attach, segment.open_unmapped, Observer):
                with contextlib.suppress(SegmentRefused):
                    opened = opening(name)
                    if isinstance(opened, Observer):
                        assert str(opened.snapshot())
                    opened.close()
    assert descriptors() == before


@pytest.mark.parametrize("version", [at.VERSION - 1, at.VERSION + 1])
def test_the_layout_of_a_version_before_or_after_is_refused_by_everybody(
    version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    page = bytearray(SMALL.header())
    struct.pack_into("<Q", page, 8, version)
    struct.pack_into("<Q", page, 16, at._checksum(page))
    with planted(bytes(page) + bytes(SMALL.size)) as name:
        sentence = f"'{name}' has layout version {version}, this shmlab speaks version {at.VERSION}: use the same"
        for opening in (segment.attach, segment.open_unmapped, Observer):
            with pytest.raises(SegmentRefused, match=sentence):
                opening(name)
        assert name not in [seen.name for seen in running()]
        assert cli.main(["ls"]) == 0
        command = [sys.executable, "-P", "-m", "shmlab.worker.program", name, "0", str(os.getpid())]
        said = subprocess.run(command, capture_output=True, text=True)
        assert said.returncode == 1 and sentence in said.stderr and "Traceback" not in said.stderr


# --- strangers in /dev/shm -------------------------------------------------------------------------


@contextlib.contextmanager
def strangers() -> Iterator[dict[str, Path]]:
    """Everything but a segment, under the names of segments and of semaphores."""
    names = {kind: f"shmlab-{os.urandom(8).hex()}" for kind in STRANGERS}
    names |= {f"{kind} for a semaphore": f"sem.{name}.x" for kind, name in names.items()}
    paths = {kind: DIRECTORY / name for kind, name in names.items()}
    for kind, path in paths.items():
        STRANGERS[kind.removesuffix(" for a semaphore")](path)
    try:
        yield paths
    finally:
        for path in paths.values():
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def test_strangers_under_our_names_hinder_no_start_no_list_and_no_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    with strangers() as paths:
        for kind, path in paths.items():
            if path.name in segment.names():
                assert kind in ("empty file", "file of another user" if os.geteuid() else "empty file")
        with Lab() as lab:
            assert cli.main(["ls"]) == 0
            assert lab.name in capsys.readouterr().out
            assert cli.main(["clean"]) == 0
            segment.sweep()
            assert lab.name in segment.names()
            looks(lab)
        left = {path.name for path in DIRECTORY.iterdir()}
        for kind in ("FIFO", "directory", "link", "link to itself", "socket", "file of another user"):
            if kind != "file of another user" or os.geteuid() == 0:
                assert paths[kind].name in left, f"a {kind} is not ours to remove"
                with pytest.raises(SegmentRefused, match=re.escape(paths[kind].name)):
                    segment.attach(paths[kind].name)


def test_a_semaphore_is_read_from_a_file_and_never_opened_by_the_kernel() -> None:
    with buffer() as it:
        for path in DIRECTORY.glob(f"sem.{it.name}.*"):
            path.write_bytes(b"\xff" * 32)  # opening this aborts a process
        with Observer(it.name) as eye:
            assert set(eye.snapshot().semaphores.values()) == {(1 << 32) - 1}
        assert semaphores.value(it.name, "mutex") == (1 << 32) - 1
