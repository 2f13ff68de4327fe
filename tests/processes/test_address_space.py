"""What /proc tells of an address space, as data."""

import mmap
import os
from pathlib import Path

import pytest

from shmlab.experiments.exhibits import textbook
from shmlab.memory.errors import ArgumentError
from shmlab.processes import address_space

PROGRAM = "/usr/bin/program"
LINES = """\
2000000000-2000001000 rw-p 00000000 00:00 0
55b0a0000000-55b0a0001000 r--p 00000000 fe:00 26723                      /usr/bin/program
55b0a0001000-55b0a0003000 r-xp 00001000 fe:00 26723                      /usr/bin/program
55b0a0003000-55b0a0004000 rw-p 00003000 fe:00 26723                      /usr/bin/program
55b0a0004000-55b0a0005000 rw-p 00000000 00:00 0
55b0a2000000-55b0a2094000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 rw-s 00000000 00:1a 63206                      /dev/shm/shmlab-lesson-1-1 (deleted)
7f0000001000-7f0000027000 r--p 00000000 fe:00 339380                     /usr/lib/libc.so.6
7f0000027000-7f0000028000 rw-p 00000000 00:00 0
7f0000030000-7f0000530000 r-xp 00000000 fe:00 26933                      /usr/lib/a name with blanks.so
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
7ffc00030000-7ffc00032000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
something that is no region"""
KINDS = ["own page", "code", "code", "data", "data", "heap", "segment", *["libraries"] * 3, "stack", "kernel", "kernel"]


@pytest.fixture
def found() -> tuple[address_space.Region, ...]:
    return address_space.regions(LINES.splitlines(), PROGRAM)


def test_every_line_is_a_region_of_its_kind(found: tuple[address_space.Region, ...]) -> None:
    assert [region.kind for region in found] == KINDS
    assert found[9].name == "a name with blanks.so" and found[9].size == 0x500000


def test_a_name_that_is_gone_is_told_and_the_inode_stays(found: tuple[address_space.Region, ...]) -> None:
    segment = found[6]
    assert segment.unlinked and segment.inode == 63206 and segment.mode == "rw-s"
    assert segment.path == "/dev/shm/shmlab-lesson-1-1"
    assert str(segment) == "7f0000000000-7f0000001000 rw-s segment /dev/shm/shmlab-lesson-1-1 (its name is gone)"


def test_neighbours_of_one_kind_are_one_area(found: tuple[address_space.Region, ...]) -> None:
    areas = address_space.areas(found)
    assert [area.kind for area in areas] == ["own page", "code", "data", "heap", "segment", "libraries", "stack"]
    libraries = areas[5]
    assert libraries.files == ["a name with blanks.so", "libc.so.6"]  # the largest first
    assert libraries.size == 0x26000 + 0x1000 + 0x500000 < libraries.end - libraries.start


def test_an_address_lies_in_a_region_or_in_none(found: tuple[address_space.Region, ...]) -> None:
    assert address_space.at(found, 0x2000000FFF) == found[0]
    assert address_space.at(found, 0x2000001000) is None


def test_this_process_has_code_a_heap_libraries_and_a_stack() -> None:
    kinds = {area.kind for area in address_space.areas(address_space.read(os.getpid()))}
    assert {"code", "data", "heap", "libraries", "stack"} <= kinds


def test_a_segment_is_found_and_charged_once_for_each_page_that_was_touched() -> None:
    name = f"/shmlab-lesson-{os.getpid()}-maps"
    once, again = textbook.create(name, 4 * mmap.PAGESIZE), textbook.attach(name)
    try:
        inode = Path(f"/dev/shm{name}").stat().st_ino
        with once, again:
            once[0] = again[mmap.PAGESIZE] = 1
            ours = [region for region in address_space.segments(os.getpid()) if region.inode == inode]
            assert [region.mode for region in ours] == ["rw-s", "rw-s"] or len(ours) == 1  # neighbours may be joined
            account = address_space.account(os.getpid(), inode)
            assert account.share <= account.resident == 2 * mmap.PAGESIZE
    finally:
        textbook.unlink(name)


@pytest.mark.parametrize("ask", [address_space.read, lambda pid: address_space.account(pid, 1)])
def test_a_process_that_does_not_exist_is_refused(ask: object) -> None:
    with pytest.raises(ArgumentError, match="No such file"):
        ask(2**22 + 1)  # type: ignore[operator]


def test_a_path_that_is_no_text_is_a_region_like_any_other(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9\xc2\x85.so"  # Latin-1, then what Python takes for an end of line
    with Path(os.fsdecode(path)).open("wb+") as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), mmap.PAGESIZE):
            mine = [region for region in address_space.read(os.getpid()) if os.fsencode(region.path) == path]
            assert len(mine) == 1 and mine[0].name == "caf\ufffd\x85.so" and str(mine[0]).encode()
            assert address_space.account(os.getpid(), mine[0].inode).resident == 0
