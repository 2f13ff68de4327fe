"""The address space of a process, as the kernel describes it: what is mapped where, and with which rights.

A process sees addresses; the kernel keeps, for each process, a list of the regions in which an address is valid.
Accessing any address outside of them ends the process. The same memory may be in the lists of two
processes, at different addresses: that is a shared segment, and its number (inode) identifies it in both.

Source: proc_pid_maps(5), proc_pid_smaps(5).
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shmlab.memory.errors import ArgumentError
from shmlab.memory.segment import DIRECTORY

LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ (\d+) *(.*)")
UNLINKED = " (deleted)"
KINDS = ("code", "data", "heap", "own page", "segment", "libraries", "stack", "kernel")
NEAR = 1 << 30  # bytes: regions closer together than this form one area of the picture
OWN = 0x20_0000_0000  # where an exhibit's own pages are mapped: a range that nothing else uses,
OWN_END = OWN + (64 << 30)  # whether the machine has 39 or 47 bits of address


@dataclass(frozen=True, slots=True)
class Region:
    """A range of addresses, from `start` up to but not including `end`.

    mode: `r`, `w`, `x` or `-` for what is allowed, then `s` if stores are shared or `p` if they are private.
    inode: the number of the mapped file, 0 for memory that is not a file. path: its name at the time it was mapped;
    `unlinked` if that name is gone. kind: one of `KINDS`.
    """

    start: int
    end: int
    mode: str
    inode: int
    path: str
    kind: str
    unlinked: bool = False

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self.end - self.start

    @property
    def name(self) -> str:
        """The last part of the path, in displayable form: undecodable bytes become replacement characters."""
        return _shown(self.path.rpartition("/")[2])

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end

    def __str__(self) -> str:
        gone = " (its name is gone)" if self.unlinked else ""
        return f"{self.start:x}-{self.end:x} {self.mode} {self.kind} {_shown(self.path)}".rstrip() + gone


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Area:
    """Neighbouring regions of one kind, as a picture shows them."""

    kind: str
    regions: tuple[Region, ...]

    @property
    def start(self) -> int:
        return self.regions[0].start

    @property
    def end(self) -> int:
        return self.regions[-1].end

    @property
    def size(self) -> int:
        """The number of mapped bytes; gaps do not count."""
        return sum(region.size for region in self.regions)

    @property
    def files(self) -> list[str]:
        """The names of the mapped files, the largest first."""
        sizes: dict[str, int] = {}
        for region in self.regions:
            if region.inode:
                sizes[region.name] = sizes.get(region.name, 0) + region.size
        return sorted(sizes, key=lambda name: -sizes[name])


def read(pid: int) -> tuple[Region, ...]:
    """Return the regions of process `pid`, lowest address first; none if it has ended but has not been reaped.

    Raises ArgumentError if the process does not exist or belongs to another user.
    """
    try:
        lines = _lines(f"/proc/{pid}/maps")
        program = os.readlink(f"/proc/{pid}/exe") if any(lines) else ""
    except OSError as error:
        raise ArgumentError(f"/proc/{pid}/maps: {error.strerror}. Is {pid} a process of yours?") from None
    return regions(lines, program)


def _lines(path: str) -> list[str]:
    """Return the lines of a kernel file, in which a path may contain any bytes except a newline."""
    with open(path, "rb") as file:
        return os.fsdecode(file.read()).split("\n")


def regions(lines: Iterable[str], program: str) -> tuple[Region, ...]:
    """Return the regions listed in `lines` of /proc/PID/maps; `program` is the path of the running executable."""
    found: list[Region] = []
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            continue
        start, end, mode, inode, path = match.groups()
        path, unlinked = path.removesuffix(UNLINKED), path.endswith(UNLINKED)
        region = Region(int(start, 16), int(end, 16), mode, int(inode), path, "", unlinked)
        found.append(_with_kind(region, program, found[-1] if found else None))
    return tuple(found)


def _with_kind(region: Region, program: str, below: Region | None) -> Region:
    path = region.path
    if path == program.removesuffix(UNLINKED):
        kind = "data" if "w" in region.mode else "code"
    elif path.startswith(f"{DIRECTORY}/"):
        kind = "segment"
    elif path == "[heap]":
        kind = "heap"
    elif path.startswith("[stack"):
        kind = "stack"
    elif path.startswith("[v"):
        kind = "kernel"
    elif not path and OWN <= region.start < OWN_END:
        kind = "own page"
    elif not path and below is not None and below.kind == "data" and below.end == region.start:
        kind = "data"  # zero-initialised variables take no bytes in the file
    else:
        kind = "libraries"  # including memory that they, and the interpreter, have requested from the kernel
    return Region(region.start, region.end, region.mode, region.inode, path, kind, region.unlinked)


def areas(found: Iterable[Region]) -> list[Area]:
    """Return the areas of an address space, lowest first, without the regions that the kernel adds for itself."""
    grown: list[list[Region]] = []
    for region in found:
        if region.kind == "kernel":
            continue
        last = grown[-1][-1] if grown else None
        apart = region.kind in ("segment", "own page")
        if last is not None and last.kind == region.kind and region.start - last.end < NEAR and not apart:
            grown[-1].append(region)
        else:
            grown.append([region])
    return [Area(group[0].kind, tuple(group)) for group in grown]


def segments(pid: int) -> list[Region]:
    """Return the shared segments that process `pid` has mapped."""
    return [region for region in read(pid) if region.kind == "segment"]


def at(found: Iterable[Region], address: int) -> Region | None:
    """Return the region that contains `address`, or None: accessing it would end the process."""
    return next((region for region in found if address in region), None)


@dataclass(frozen=True, slots=True)
class Account:
    """What the kernel charges a process for a segment, in bytes.

    resident: the pages that it has touched. share: its share of them; a page that n processes use counts 1/n.
    """

    resident: int
    share: int


def account(pid: int, inode: int) -> Account:
    """Return what process `pid` is charged for the segment with this `inode`. Raises ArgumentError as `read` does."""
    try:
        lines = _lines(f"/proc/{pid}/smaps")
    except OSError as error:
        raise ArgumentError(f"/proc/{pid}/smaps: {error.strerror}.") from None
    charged = {"Rss": 0, "Pss": 0}
    ours = False
    for line in lines:
        match = LINE.fullmatch(line)
        if match is not None:
            ours = int(match[4]) == inode
            continue
        name, _, value = line.partition(":")
        if ours and name in charged:
            charged[name] += int(value.split()[0]) << 10
    return Account(charged["Rss"], charged["Pss"])
