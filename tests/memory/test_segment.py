"""Create, attach, close, unlink: what is refused and why, and what a dead owner leaves."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from shmlab.memory import layout as at, name_claim, segment, semaphores
from shmlab.memory.errors import ArgumentError, CapReached, NoRoom, SegmentNotFound, SegmentRefused
from shmlab.memory.layout import Layout
from shmlab.memory.limits import is_segment_name
from tests.apparatus import DIRECTORY, buffer, descriptors, entries, eventually, planted

pytestmark = pytest.mark.usefixtures("leaves_nothing")
OWNER = """
import sys
from shmlab.memory import segment, semaphores
from shmlab.memory.layout import Layout
from shmlab.memory.limits import is_segment_name
file = segment.create(Layout("semaphores", (), {"mutex": 1}, 8, 8, 8, 4))
semaphores.create(file.name, "mutex", 1)
print(file.name, flush=True)
sys.stdin.read()
"""


def layout(**changes: int) -> Layout:
    sizes = dict(capacity=8, cap=8, payload=8, rows=4) | changes
    return Layout("semaphores", ("in_", "out"), {"empty": 8, "full": 0, "mutex": 1}, **sizes)


@contextlib.contextmanager
def created(**changes: int) -> Iterator[segment.SegmentFile]:
    file = segment.create(layout(**changes))
    try:
        yield file
    finally:
        segment.unlink(file.name)
        file.close()


@contextlib.contextmanager
def another_owner() -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A segment that another process owns."""
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout
        name = process.stdout.readline().strip()
        try:
            yield name, process
        finally:
            process.kill()
            process.wait()
            segment.unlink(name)


# --- create --------------------------------------------------------------------------------------


def test_a_new_segment_is_private_complete_and_reserved_in_full() -> None:
    with created(payload=4096, capacity=64, cap=64) as file:
        info = (DIRECTORY / file.name).stat()
        assert stat.filemode(info.st_mode) == "-rw-------"
        assert info.st_size == file.layout.size == file.size()
        assert info.st_blocks * 512 >= info.st_size  # memory that a worker touches is there: no SIGBUS later
        assert info.st_uid == file.layout.owner_uid and file.layout.owner_pid == os.getpid()
        assert segment.open_unmapped(file.name).close() is None


def test_every_segment_gets_a_name_of_its_own() -> None:
    with created() as one, created() as other:
        assert one.name != other.name
        assert is_segment_name(one.name) and is_segment_name(other.name)
        assert {one.name, other.name} <= set(segment.names())


def test_a_segment_that_does_not_fit_is_an_error_at_once_that_says_how_much_is_free() -> None:
    room = os.statvfs(DIRECTORY)
    if not room.f_blocks:
        pytest.skip("/dev/shm has no limit on this machine")
    payload = 1 << 20
    slots = room.f_blocks * room.f_frsize // payload + 1
    before = descriptors()
    with pytest.raises(NoRoom, match=r"bytes free. Stop other labs, run `shmlab clean`, ask for fewer") as caught:
        segment.create(layout(capacity=slots, cap=slots, payload=payload))
    assert caught.value.errno == 28
    assert descriptors() == before


def test_no_process_ever_sees_half_a_header() -> None:
    seen: list[tuple[str, str]] = []
    mine: set[str] = set()  # other programs of this user may have segments, too, and tests that plant broken ones
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for name in segment.names():
                try:
                    segment.open_unmapped(name).close()
                except SegmentNotFound:
                    pass
                except SegmentRefused as error:
                    seen.append((name, str(error)))

    observer = threading.Thread(target=look)
    observer.start()
    try:
        for _ in range(200):
            with created() as file:
                mine.add(file.name)
    finally:
        done.set()
        observer.join()
    assert [(name, error) for name, error in seen if name in mine] == []


# --- attach and close ----------------------------------------------------------------------------


def test_what_one_process_stores_another_reads() -> None:
    with created() as file:
        attached = segment.attach(file.name)
        attach = f"from shmlab.memory import segment; s = segment.attach('{file.name}')"
        other = f"{attach}; s.words[1000] += 1; s.signed[1001] = -5"
        subprocess.run([sys.executable, "-c", other], check=True)
        assert attached.words[1000] == file.word(8000) == 1
        assert attached.signed[1001] == -5
        attached.close()


def test_closing_gives_back_every_descriptor_and_twice_does_no_harm() -> None:
    before = descriptors()
    with created() as file:
        for _ in range(20):
            attached, opened = segment.attach(file.name), segment.open_unmapped(file.name)
            for it in (attached, opened, attached, opened):
                it.close()
        assert descriptors() == before + 1
    assert descriptors() == before


def test_what_somebody_has_cut_off_is_read_as_zeros() -> None:
    with created() as file:
        os.ftruncate(file.fd, 4)
        assert file.read(0, 16) == b"SHML" + bytes(12)


def test_unlinked_memory_lives_until_the_last_process_has_closed_it() -> None:
    with created() as file:
        attached = segment.attach(file.name)
        segment.unlink(file.name)
        with pytest.raises(SegmentNotFound):
            segment.attach(file.name)
        attached.words[1000] = 7
        assert file.word(8000) == 7
        attached.close()


def test_unlinking_takes_the_semaphores_too_and_twice_does_no_harm() -> None:
    with created() as file:
        semaphores.create(file.name, "mutex", 1)
        semaphores.create(file.name, "empty", 8)
        segment.unlink(file.name)
        segment.unlink(file.name)
        assert not [entry for entry in entries() if file.name in entry]


def test_an_observer_opens_read_only() -> None:
    with created() as file:
        eye = segment.open_unmapped(file.name)
        with pytest.raises(OSError, match="Bad file descriptor"):
            eye.set_word(8000, 1)
        assert file.word(8000) == 0
        eye.close()


# --- attach: what is refused, and why ------------------------------------------------------------

GOOD = bytearray(layout().header() + bytes(layout().size - at.HEADER_SIZE))
GOOD[at.CAPACITY : at.CAPACITY + at.WORD] = layout().capacity.to_bytes(at.WORD, "little")
GOOD = bytes(GOOD)


def changed(position: int, value: int) -> bytes:
    return GOOD[:position] + bytes((value,)) + GOOD[position + 1 :]


@pytest.mark.parametrize(
    ("data", "mode", "cause"),
    [
        (b"", 0o600, "has 0 bytes, less than a header: truncated, or not of shmlab"),
        (GOOD[:100], 0o600, "has 100 bytes, less than a header"),
        (GOOD[:-1], 0o600, rf"has {len(GOOD) - 1} bytes where {len(GOOD)} belong: truncated"),
        (GOOD[: at.HEADER_SIZE], 0o600, "has 4096 bytes where"),
        (changed(0, 0), 0o600, "does not begin with shmlab's magic number"),
        (changed(8, 9), 0o600, "layout version 9, this shmlab speaks version 1: use the same shmlab version on both"),
        (changed(16, 0) if GOOD[16] else changed(17, 0), 0o600, r"is damaged \(its checksum does not fit\)"),
        (changed(300, 1), 0o600, r"is damaged \(its checksum does not fit\)"),
        (bytes(len(GOOD)), 0o600, "magic number"),
        (GOOD, 0o666, r"is open to other users .* \(mode 0600 and your own is required\)"),
        (GOOD, 0o640, r"is open to other users"),
    ],
)
def test_a_segment_that_is_not_ours_is_refused_with_cause_and_cure(data: bytes, mode: int, cause: str) -> None:
    with planted(data, mode) as name:
        before = descriptors()
        for opening in (segment.attach, segment.open_unmapped):
            with pytest.raises(SegmentRefused, match=cause) as caught:
                opening(name)
            assert name in str(caught.value)
        assert descriptors() == before


def test_an_untouched_copy_is_accepted() -> None:
    with planted(GOOD) as name:
        segment.attach(name).close()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, at.HEADER_SIZE - 1), st.integers(1, 255)), min_size=1, max_size=40))
def test_a_header_with_random_damage_is_never_anything_but_refused(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, difference in damage:
        data[position] ^= difference
    if data == GOOD:
        return
    with planted(bytes(data)) as name, pytest.raises(SegmentRefused):
        segment.attach(name)


@pytest.mark.parametrize("kind", ["FIFO", "directory", "symbolic link", "dangling link", "socket"])
def test_what_is_no_memory_is_refused_without_opening_it(kind: str) -> None:
    path = DIRECTORY / f"shmlab-{os.urandom(8).hex()}"
    with created() as target:
        makers = {
            "FIFO": lambda: os.mkfifo(path, 0o600),
            "directory": lambda: path.mkdir(0o700),
            "symbolic link": lambda: path.symlink_to(DIRECTORY / target.name),
            "dangling link": lambda: path.symlink_to("/dev/shm/nothing-there"),
            "socket": lambda: os.mknod(path, stat.S_IFSOCK | 0o600),
        }
        makers[kind]()
        try:
            with pytest.raises(SegmentRefused, match=r"not shared memory but a special file: remove it from /dev/shm"):
                segment.attach(path.name)
            assert path.name not in segment.names()
        finally:
            path.rmdir() if kind == "directory" else path.unlink()


def test_a_missing_segment_says_where_to_look() -> None:
    with pytest.raises(SegmentNotFound, match=r"no segment named 'shmlab-0{16}'. Running labs: `shmlab ls`") as caught:
        segment.attach("shmlab-" + 16 * "0")
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize(
    "name",
    [
        "", "shmlab-", "shmlab-0123456789abcde", "shmlab-0123456789abcdef0", "shmlab-0123456789ABCDEF",
        "/shmlab-0123456789abcdef", "../shmlab-0123456789abcdef", "shmlab-0123456789abcd/f", "shmlab-0123456789abcde\0",
        "shmlab-0123456789abcdef\n", "shmlab-0123456789abcdef\0", "-rf", "shmlab-０123456789abcdef",
        b"shmlab-0123456789abcdef", None, 3, True, float("nan"), ["shmlab-0123456789abcdef"],
    ],
)  # fmt: skip
def test_a_name_that_create_never_makes_is_refused_before_anything_is_opened(name: object) -> None:
    for verb in (segment.attach, segment.open_unmapped, segment.unlink):
        with pytest.raises(ArgumentError, match="16 hexadecimal digits"):
            verb(name)  # type: ignore[arg-type]


ATTACH_AS_NOBODY = """
import os, sys
from shmlab.memory import segment
from shmlab.memory.layout import Layout
from shmlab.memory.limits import is_segment_name
name = sys.argv[1]
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    segment.attach(name)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_segment_is_refused_from_both_sides() -> None:
    with created() as file:
        args = [sys.executable, "-c", ATTACH_AS_NOBODY, file.name]
        said = subprocess.run(args, capture_output=True, text=True)
        assert said.stdout == f"SegmentRefused '{file.name}' belongs to another user: only its owner may attach it.\n"
    with planted(GOOD) as name:
        os.chown(DIRECTORY / name, 65534, 65534)
        with pytest.raises(SegmentRefused, match="your own is required"):  # root may open it, and still does not use it
            segment.attach(name)
        assert name not in segment.names()


# --- an unbounded buffer's segment grows ---------------------------------------------------------


def test_growing_doubles_the_slots_up_to_the_cap_and_then_says_so() -> None:
    with buffer("unbounded", capacity=4, cap=16) as it:
        for slots in (8, 16):
            it.segment.grow()
            assert it.segment.capacity == it.file.word(at.CAPACITY) == slots
            assert it.file.size() == it.layout.size_for(slots)
        with pytest.raises(CapReached, match="has its 16 slots, the most that shmlab allows"):
            it.segment.grow()
        assert it.file.word(at.AT_CAP) == 1


def test_what_was_stored_before_growing_is_seen_after_it_through_old_and_new_mappings() -> None:
    with buffer("unbounded", capacity=4, cap=1024, payload=1000) as it:
        old = it.segment.words
        old[1000] = 11
        it.segment.grow()
        assert it.segment.words[1000] == 11
        it.segment.words[1000] = 12
        assert old[1000] == 12


# --- sweeping ------------------------------------------------------------------------------------


def test_the_segment_of_a_killed_owner_is_swept_and_a_living_one_never() -> None:
    with created() as mine, another_owner() as (living, _), another_owner() as (dead, process):
        assert not segment.owner_is_dead(dead)
        process.send_signal(signal.SIGKILL)
        process.wait()
        segment.sweep()  # or another lab on this machine did just before
        assert not [entry for entry in entries() if dead in entry]
        assert not segment.owner_is_dead(living) and not segment.owner_is_dead(mine.name)
        assert {mine.name, living, f"sem.{living}.mutex"} <= entries()


def test_a_stopped_owner_is_alive() -> None:
    with another_owner() as (name, process):
        process.send_signal(signal.SIGSTOP)
        eventually(lambda: Path(f"/proc/{process.pid}/stat").read_text().split()[2] == "T")
        segment.sweep()
        assert name in entries()
        process.send_signal(signal.SIGCONT)


def test_semaphores_without_a_segment_are_swept() -> None:
    name = f"shmlab-{os.urandom(8).hex()}"
    semaphores.create(name, "mutex", 1)
    segment.sweep()
    assert f"sem.{name}.mutex" not in entries()


def test_semaphores_whose_segment_is_about_to_be_published_are_not_swept() -> None:
    name = f"shmlab-{os.urandom(8).hex()}"
    claimed = name_claim.Claim(name).take()
    try:
        semaphores.create(name, "mutex", 1)
        segment.sweep()
        assert Path(semaphores.path(name, "mutex")).exists()
    finally:
        claimed.close()
    segment.sweep()  # nobody is about to publish it any more
    assert f"sem.{name}.mutex" not in entries()


def test_sweepers_and_creators_at_the_same_time_lose_no_living_segment() -> None:
    done = threading.Event()

    def sweep() -> None:
        while not done.is_set():
            segment.sweep()

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in sweepers:
        thread.start()
    try:
        for _ in range(150):
            with created() as file:
                segment.open_unmapped(file.name).close()
    finally:
        done.set()
        for thread in sweepers:
            thread.join()


def test_sweeping_an_absent_directory_entry_or_an_unknown_name_is_silent() -> None:
    assert not segment.owner_is_dead("shmlab-" + 16 * "0")
    segment.unlink("shmlab-" + 16 * "0")


# --- any process can attach ----------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler on this machine; `sudo apt install gcc` brings it")
def test_a_c_program_that_knows_only_the_documented_offsets_reads_the_same(tmp_path: Path) -> None:
    program = tmp_path / "reader"
    source = Path(__file__).with_name("reader.c")
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lrt"], check=True)
    with buffer("semaphores", capacity=6, payload=20, rows=3) as it:
        from shmlab.memory import item as items

        buf = it.bind(row=1)
        for number in range(4):
            it.strategy.put(buf, items.make(2, 1000 + number, 20, 123_456_789 + number))
        it.strategy.get(buf)
        said = subprocess.run([program, it.name], check=True, capture_output=True, text=True).stdout.splitlines()
        read = dict(line.split(" ", 1) for line in said)
        assert read["size"] == str(it.layout.size)
        assert read["owner_pid"] == str(os.getpid())
        assert read["strategy"] == "semaphores"
        assert read["checksum"] == "fits"
        assert read["capacity"] == "6"
        assert [read["in_"], read["out"]] == ["4", "1"]
        assert [read["sem.empty"], read["sem.full"], read["sem.mutex"]] == ["3", "3", "1"]
        assert read["slot0"].startswith("empty")
        for number in range(1, 4):
            payload = bytes((number + 1000 & 255,)) * 20
            ticket_crc = items.checksum(payload, 3 << 48 | 1000 + number)
            assert read[f"slot{number}"] == (
                f"full producer 2 sequence {1000 + number} time {123_456_789 + number} "
                f"crc {ticket_crc} whole length 20 payload {payload.hex()}"
            )
        assert read["slot4"].startswith("empty") and read["slot5"].startswith("empty")
