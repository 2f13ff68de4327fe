"""The life cycle of a segment: two real processes, one name, and the memory, which is distinct from the name.

Everything reported here is read from the kernel each time: the name and its inode from /dev/shm; which inode each
process has mapped, where and with which rights, from /proc/PID/maps.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shmlab.experiments.exhibits.child import DeadProcess, Refused
from shmlab.experiments.exhibits.pair import NAMES, PAGE, VALUE, Pair
from shmlab.memory import limits, name_claim
from shmlab.memory.name_claim import Claim
from shmlab.memory.segment import DIRECTORY
from shmlab.processes import address_space

PREFIX = "shmlab-lesson-"
NAME = re.compile(f"{PREFIX}[0-9a-f]{{8}}")
SIZE = (8, 64 << 20)  # bytes of a lesson's segment
MODE = (0, 0o777)
NOBODY = 65534  # the user who owns nothing
ANOTHER = NOBODY - 1  # a second such user


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process: `ending` is empty while it runs; `region` is where it has a segment mapped; `user` its user ID."""

    name: str
    pid: int
    user: int
    ending: str
    region: address_space.Region | None


@dataclass(frozen=True, slots=True)
class MemoryPiece:
    """One piece of shared memory: its inode number, whether the name refers to it, and who has it mapped.

    size: current bytes, None if it has no name any more. mode, owner: who may attach, by the name.
    """

    inode: int
    named: bool
    size: int | None
    mode: int | None
    owner: int | None
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentState:
    """The whole state at one moment. `memories` has the named one first; freed memory is not included."""

    segment: str
    named: bool
    processes: tuple[ProcessState, ...]
    memories: tuple[MemoryPiece, ...]

    def __str__(self) -> str:
        parts = [f"name {self.segment}: {'there' if self.named else 'gone'}"]
        parts += [
            f"memory {memory.inode}: {'named' if memory.named else 'nameless'}, "
            f"mapped by {' and '.join(memory.holders) or 'nobody'}"
            for memory in self.memories
        ] or ["no memory"]
        for process in self.processes:
            region = process.region
            where = f"{region.start:x} {region.mode} inode {region.inode}" if region else "not attached"
            parts.append(f"{process.name} {process.ending or where}")
        return " | ".join(parts)


class Lifecycle(Pair):
    """A and B, and a segment that they may create, attach, use, resize, detach and unlink.

    Every action raises Refused if the operating system refuses it, Ended if the process has ended. Words of 8 bytes are
    numbered from 0. `close` ends the processes and unlinks the name.
    """

    def __init__(self) -> None:
        self._claim = claimed()
        self.segment = self._claim.name
        self.said: list[str] = []  # what was done, in order
        self._users: set[int] = set()  # that its processes have become
        super().__init__()

    def create(self, name: object, size: int = PAGE, mode: int = 0o600) -> None:
        """Create a new segment of `size` bytes, open to the users that `mode` allows."""
        bytes_, bits = limits.whole(size, "size", *SIZE), limits.whole(mode, "mode", *MODE)
        self._free(name)
        self.ask(name, "create", f"/{self.segment}", bytes_, bits)
        self._say(f"{name} creates it: {bytes_:,} bytes, mode {bits:04o}")

    def attach(self, name: object, read_only: bool = False) -> None:
        """Map the segment of that name, for reading and writing, or read-only."""
        only = limits.yes_or_no(read_only, "read_only")
        self._free(name)
        self.ask(name, "attach", f"/{self.segment}", only)
        self._say(f"{name} attaches it{', read-only' if only else ''}")

    def write(self, name: object, value: int, index: int = 0) -> DeadProcess | None:
        """Store a value into a word of the segment; return the DeadProcess if the process died of it."""
        number, place = limits.whole(value, "value", *VALUE), limits.whole(index, "index", 0, SIZE[1] // 8)
        given = self.ask(name, "write", number, place)
        self._say(str(given) if isinstance(given, DeadProcess) else f"{name} writes {number} into word {place}")
        return given if isinstance(given, DeadProcess) else None

    def read(self, name: object, index: int = 0) -> "int | DeadProcess":
        """Return the value of a word of the segment, or the DeadProcess if the process died of it."""
        place = limits.whole(index, "index", 0, SIZE[1] // 8)
        given = self.ask(name, "read", place)
        assert isinstance(given, int | DeadProcess)
        self._say(str(given) if isinstance(given, DeadProcess) else f"{name} reads {given} in word {place}")
        return given

    def resize(self, name: object, size: int) -> None:
        """Make the segment longer or shorter. Existing mappings keep their length."""
        bytes_ = limits.whole(size, "size", 0, SIZE[1])
        self.ask(name, "resize", f"/{self.segment}", bytes_)
        self._say(f"{name} makes it {bytes_:,} bytes long")

    def touch(self, name: object, write: bool = True) -> None:
        """Have a process store into, or only load from, every page of the segment."""
        store = limits.yes_or_no(write, "write")
        self.ask(name, "touch", store)
        self._say(f"{name} {'stores into' if store else 'loads from'} every page")

    def add_together(self, count: int) -> int:
        """Have A and B add one to word 0, `count` times each, concurrently; return the resulting value."""
        times = limits.whole(count, "count", 1, 10_000_000)
        with ThreadPoolExecutor(len(NAMES)) as pool:
            for done in [pool.submit(self.child(name).ask, "add", times) for name in NAMES]:
                done.result()
        self._say(f"A and B add one to word 0, each {times:,} times")
        total = self.read("A")
        assert isinstance(total, int)
        return total

    def chmod(self, name: object, mode: int) -> None:
        """Change who may attach the segment from now on."""
        bits = limits.whole(mode, "mode", *MODE)
        self.ask(name, "chmod", f"/{self.segment}", bits)
        self._say(f"{name} changes the mode to {bits:04o}")

    def detach(self, name: object) -> None:
        """Unmap the segment from the address space of a process."""
        self.ask(name, "detach")
        self._say(f"{name} detaches it")

    def unlink(self, name: object) -> None:
        """Remove the name of the segment."""
        self.ask(name, "unlink", f"/{self.segment}")
        self._say(f"{name} unlinks the name")

    def become(self, name: object, user: int = NOBODY) -> None:
        """Let a process become another user for good. Refused unless it is root."""
        number = limits.whole(user, "user", 1, (1 << 32) - 2)
        self.ask(name, "become", number)
        self._users.add(number)
        self._say(f"{name} is user {number} from now on")

    def store_past_python(self, name: object, value: int) -> DeadProcess | None:
        """Store into the first word as a C program would, bypassing Python's own check of a read-only mapping."""
        return self.store(name, self._mapped(name).start, value)

    def protect(self, name: object) -> None:
        """Have a process ask the kernel to make its mapping writable."""
        region = self._mapped(name)
        self.ask(name, "protect", region.start, region.size)

    def region(self, name: object) -> address_space.Region | None:
        """Return where a process has a segment of this name mapped, even if the name has been unlinked."""
        path = f"{DIRECTORY}/{self.segment}"
        return next((region for region in self.regions(name) if region.path == path), None)

    def state(self) -> SegmentState:
        """Return the current state, as reported by the kernel."""
        standings = tuple(self._standing(name) for name in NAMES)
        try:
            info: os.stat_result | None = os.stat(f"{DIRECTORY}/{self.segment}")
        except FileNotFoundError:
            info = None
        inodes = [info.st_ino] if info else []
        inodes += [one.region.inode for one in standings if one.region and one.region.inode not in inodes]
        memories = []
        for inode in dict.fromkeys(inodes):
            holders = tuple(one.name for one in standings if one.region and one.region.inode == inode)
            if info is not None and info.st_ino == inode:
                mode = stat.S_IMODE(info.st_mode)
                memories.append(MemoryPiece(inode, True, info.st_size, mode, info.st_uid, holders))
            else:
                memories.append(MemoryPiece(inode, False, None, None, None, holders))
        return SegmentState(self.segment, info is not None, standings, tuple(memories))

    def close(self) -> None:
        """End both processes and unlink the name, if it is still there."""
        super().close()
        release(self._claim, self._users)

    def __str__(self) -> str:
        return str(self.state())

    def _standing(self, name: str) -> ProcessState:
        child = self.child(name)
        user = 0
        with contextlib.suppress(OSError):
            user = os.stat(f"/proc/{child.pid}").st_uid
        return ProcessState(name, child.pid, user, child.ending, self.region(name))

    def _free(self, name: object) -> None:
        if self.region(name) is not None:
            raise Refused(f"{name} has a segment already: detach it first.")

    def _mapped(self, name: object) -> address_space.Region:
        region = self.region(name)
        if region is None:
            raise Refused(f"{name} has no segment: attach it first.")
        return region

    def _say(self, sentence: str) -> None:
        self.said.append(sentence)
        self.changed()


def in_use() -> str:
    """Return how much shared memory all processes of this machine use together."""
    room = os.statvfs(DIRECTORY)
    return f"{(room.f_blocks - room.f_bfree) * room.f_frsize / 2**20:.1f} MiB"


def claimed() -> Claim:
    """Claim an unpredictable new name for a lesson's segment; sweeps first. `release` gives it back."""
    sweep()
    return Claim(f"{PREFIX}{os.urandom(4).hex()}").take()


def release(lesson: Claim, users: Iterable[int] = ()) -> None:
    """Unlink the lesson's name, if it is still there, and then release the claim. `users`: as in `_remove`."""
    _remove(lesson.name, users)
    lesson.close()


def sweep() -> list[str]:
    """Unlink the names left by lessons whose kernel has died; return them."""
    entries = os.listdir(DIRECTORY)
    name_claim.sweep()
    lessons = [entry for entry in entries if NAME.fullmatch(entry)]
    return [lesson for lesson in lessons if not os.path.lexists(name_claim.path(lesson)) and _remove(lesson)]


def _remove(name: str, users: Iterable[int] = ()) -> bool:
    """Unlink a lesson's segment if it is this user's or, for root, of a user that a lesson's process becomes.

    Return whether it was there. users: further ones, beyond the two that processes usually become.
    """
    owners = {os.geteuid()} | ({NOBODY, ANOTHER, *users} if os.geteuid() == 0 else set())
    with contextlib.suppress(OSError):
        if os.lstat(f"{DIRECTORY}/{name}").st_uid in owners:
            os.unlink(f"{DIRECTORY}/{name}")
            return True
    return False
