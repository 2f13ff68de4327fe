"""A named piece of memory that several processes map: create, attach, close, unlink.

The name and the memory have separate lifetimes: `unlink` removes the name, the memory stays until
the last process has closed it. Invariants: a segment is visible by name only when its header is
complete, all its bytes are reserved and its semaphores exist; its owner holds a lock (flock) on it for
as long as the owner lives, so if the lock can be taken, the owner is dead. Until the segment
has its name, a claim (see `name_claim`) represents it.
"""

import _thread
import contextlib
import errno
import mmap
import os
import stat
import time
from collections.abc import Callable, Iterable

try:
    import fcntl
except ModuleNotFoundError:
    raise ImportError("shmlab needs Linux: on Windows WSL 2, elsewhere a virtual machine or Binder.") from None

from shmlab.memory import byte_lock, layout as at, libc, name_claim
from shmlab.memory.errors import ArgumentError, CapReached, SegmentNotFound, SegmentRefused
from shmlab.memory.limits import is_segment_name, segment_name
from shmlab.memory.name_claim import DIRECTORY as DIRECTORY
from shmlab.memory.os_errors import no_room
from shmlab.memory.waiting import Deadline

READ_ONLY, READ_WRITE = os.O_RDONLY, os.O_RDWR
PIECE = 1 << 20  # bytes written at once
PERSISTENCE = 10.0  # seconds for which new names are tried, when another user takes each first
SPECIAL = (errno.ELOOP, errno.EISDIR, errno.ENXIO)  # errors from opening a link, a directory, a FIFO or a socket


class SegmentFile:
    """A segment opened but not mapped: words are read and written by system calls. `create`, `open_unmapped` make it.

    `name` is its name in /dev/shm, `fd` the open descriptor, `layout` what the header says.

    The notebook's kernel uses only this. Access through a mapping raises SIGBUS if another process has truncated
    the segment; `pread` merely returns fewer bytes (padded with zeros here).
    """

    def __init__(self, name: str, fd: int, layout: at.Layout) -> None:
        self.name, self.fd, self.layout = name, fd, layout
        self._using = _thread.allocate_lock()  # the number of a closed descriptor may be reused for another file

    def read(self, offset: int, size: int) -> bytes:
        """Return a copy of `size` bytes starting at `offset`. Raises OSError once closed."""
        with self._using:
            return os.pread(self.fd, size, offset).ljust(size, b"\0")

    def word(self, offset: int) -> int:
        """Return the word at `offset`. Raises OSError once closed."""
        return int.from_bytes(self.read(offset, at.WORD), "little")

    def write(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset`; an aligned word is never seen half-written. Raises OSError once closed."""
        with self._using:
            os.pwrite(self.fd, data, offset)

    def set_word(self, offset: int, value: int) -> None:
        """Write `value` into the word at `offset` (bytes), modulo 2**64. Raises OSError once closed."""
        self.write(offset, (value % (1 << 64)).to_bytes(at.WORD, "little"))

    def size(self) -> int:
        """Return the current size of the segment in bytes. Raises OSError once closed."""
        with self._using:
            return os.fstat(self.fd).st_size

    def close(self) -> None:
        """Close the descriptor; for the owner this also releases the lock."""
        with self._using:
            fd, self.fd = self.fd, -1
            if fd >= 0:
                os.close(fd)


class Segment(SegmentFile):
    """A segment mapped into this process; `attach` makes it. `name`, `fd`, `layout` are those of a `SegmentFile`.

    `words` and `signed` are the mapping as unsigned and signed 8-byte words, `data` as bytes. A
    store to one word is one store of the processor: others see the old value or the new one.
    """

    def __init__(self, name: str, fd: int, layout: at.Layout) -> None:
        super().__init__(name, fd, layout)
        self._mappings: list[mmap.mmap] = []
        self._again = byte_lock.open_again(fd)
        try:
            self.map()
        except BaseException:
            self._again.close()
            raise

    def map(self) -> None:
        """Map the segment at its current size; older mappings show the same memory. Raises SegmentRefused, OSError."""
        capacity = self.word(at.CAPACITY)
        if not self.layout.capacity <= capacity <= self.layout.cap or self.size() < self.layout.size_for(capacity):
            raise SegmentRefused(f"'{self.name}' says that it has {capacity:,} slots, which cannot be. {at.CURE}")
        mapping = mmap.mmap(self._again.fileno(), self.layout.size_for(capacity))
        self._mappings.append(mapping)
        self.mapping = mapping
        self.data = memoryview(mapping)
        self.words, self.signed = self.data.cast("Q"), self.data.cast("q")
        self.capacity = capacity

    def close(self) -> None:
        """Close the descriptor and unmap the memory; later use of a view of it raises ValueError, not a crash."""
        super().close()
        self._again.close()
        for view in (self.data, self.words, self.signed):
            view.release()
        for mapping in self._mappings:
            with contextlib.suppress(BufferError):  # a view from before it grew is still in use
                mapping.close()

    def grow(self) -> None:
        """Double the slots of an unbounded buffer. Raises CapReached at the cap or when memory is short."""
        wanted = min(2 * self.capacity, self.layout.cap)
        try:
            if wanted == self.capacity:
                raise CapReached(f"the unbounded buffer has its {wanted} slots, the most that shmlab allows.")
            _reserve(self.fd, self.layout.size_for(wanted))
        except (CapReached, OSError) as error:
            self.words[at.AT_CAP // at.WORD] = 1
            raise CapReached(f"no room for {wanted} slots: {error}") from error
        self.words[at.CAPACITY // at.WORD] = wanted
        self.map()


Fill = Callable[[SegmentFile], None]


def create(layout: at.Layout, fill: Fill | None = None) -> SegmentFile:
    """Reserve, fill and publish a new segment of this `layout` under a random name; this process becomes its owner.

    `fill` receives the file before anyone can attach it, to store values and to create the semaphores; it is called
    again, for another name, if it finds one of its names taken. All memory is reserved now, so that a full
    /dev/shm is an error here and never a SIGBUS later. Raises ArgumentError, NoRoom.
    """
    if not isinstance(layout, at.Layout):
        raise ArgumentError(f"create wants a layout.Layout(...), which says how large everything is, not {layout!r}.")
    libc.check()
    claimed = name_claim.Claim(_new_name())
    step = f"making a file in {DIRECTORY}"
    try:
        claimed.take()
        file = SegmentFile(claimed.name, claimed.fd, layout)
        step, claimed.call = "reserving its memory", "fallocate"
        _reserve(file.fd, layout.size)
        layout.owner_pid, layout.owner_uid, layout.created = os.getpid(), os.getuid(), time.time_ns()
        step, claimed.call = "writing its header", "write"
        file.write(0, layout.header())
        file.set_word(at.CAPACITY, layout.capacity)
        step, claimed.call = "naming it and its semaphores", "open"
        _publish(claimed, file, fill)
        return file
    except BaseException as error:
        claimed.close()
        if isinstance(error, (OSError, MemoryError)):
            raise no_room(error, f"create a segment of {layout.size:,} bytes", f"{step} ({claimed.call})") from error
        raise


def _reserve(fd: int, size: int) -> None:
    """Make a file `size` bytes long, with memory reserved for all of them. Raises OSError."""
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP):  # refused by a sandbox or the file system
            raise
        for start in range(os.fstat(fd).st_size, size, PIECE):
            os.pwrite(fd, bytes(min(PIECE, size - start)), start)


def _publish(claimed: name_claim.Claim, file: SegmentFile, fill: Fill | None) -> None:
    """Create what belongs to the segment, then give it its name; if a stranger takes that first, pick another name."""
    deadline = Deadline(PERSISTENCE)
    while True:
        try:
            if fill:
                fill(file)
            return claimed.publish()
        except BaseException as error:
            unlink(file.name)
            if not isinstance(error, FileExistsError) or deadline.over:
                raise
        file.name = claimed.move(_new_name())


def _new_name() -> str:
    return f"shmlab-{os.urandom(8).hex()}"


def attach(name: str) -> Segment:
    """Open the segment called `name` and map it for reading and writing.

    Raises ArgumentError (the name is not a valid one), SegmentNotFound, SegmentRefused, NoRoom.
    """
    name, fd, layout = _open(name, READ_WRITE)
    try:
        return Segment(name, fd, layout)
    except BaseException as error:
        os.close(fd)
        if isinstance(error, (OSError, MemoryError)):
            raise no_room(error, f"map '{name}'") from error
        raise


def open_unmapped(name: str, mode: int = READ_ONLY) -> SegmentFile:
    """Open the segment called `name` without mapping it, as observers and the owner do. Raises as `attach` does.

    mode: `READ_ONLY`, or `READ_WRITE` to control the lab.
    """
    return SegmentFile(*_open(name, mode))


def _open(name: str, mode: int) -> tuple[str, int, at.Layout]:
    path = f"{DIRECTORY}/{segment_name(name)}"
    if isinstance(mode, bool) or mode not in (READ_ONLY, READ_WRITE):
        raise ArgumentError(f"mode is segment.READ_ONLY or segment.READ_WRITE, not {mode!r}.")
    try:
        # a link is not followed, a FIFO does not block
        fd = os.open(path, mode | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SegmentNotFound(name) from None
    except PermissionError:
        raise SegmentRefused(f"'{name}' belongs to another user: only its owner may attach it.") from None
    except OSError as error:
        if error.errno in SPECIAL:
            raise SegmentRefused(_special(name)) from None
        raise no_room(error, f"open '{name}'") from error
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise SegmentRefused(_special(name))
        if info.st_uid != os.geteuid() or info.st_mode & 0o077:
            raise SegmentRefused(
                f"'{name}' is open to other users or belongs to one (mode 0600 and your own is required)."
            )
        return name, fd, at.parse(os.pread(fd, at.HEADER_SIZE, 0), info.st_size, name)
    except BaseException as error:
        os.close(fd)
        if isinstance(error, OSError):
            raise no_room(error, f"read '{name}'") from error
        raise


def _special(name: str) -> str:
    return f"'{name}' is not shared memory but a special file: remove it from {DIRECTORY}."


def unlink(name: str, semaphores: Iterable[str] | None = None) -> None:
    """Remove the name of the segment and the names of its semaphores (by default all that exist).

    Names that are gone already, or that another user or a directory has taken, are skipped silently.
    """
    segment_name(name)
    if semaphores is None:
        semaphores = [entry[5 + len(name) :] for entry in os.listdir(DIRECTORY) if entry.startswith(f"sem.{name}.")]
    for entry in [*(f"sem.{name}.{semaphore}" for semaphore in semaphores), name]:  # see `sweep` for the order
        name_claim.remove(f"{DIRECTORY}/{entry}")


def names() -> list[str]:
    """Return the names of all segments of this user, oldest first."""
    found = []
    for entry in os.listdir(DIRECTORY):
        with contextlib.suppress(FileNotFoundError):
            info = os.lstat(f"{DIRECTORY}/{entry}")
            if is_segment_name(entry) and stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid():
                found.append((info.st_ctime, entry))
    return [name for _, name in sorted(found)]


def owner_is_dead(name: str) -> bool:
    """Return whether nobody holds the owner's lock on the segment called `name` (any more). Raises ArgumentError."""
    segment_name(name)
    try:
        fd = os.open(f"{DIRECTORY}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


def sweep() -> list[str]:
    """Unlink every segment of this user whose owner is dead, and semaphores without a segment; return their names.

    Semaphores are created before their segment and unlinked before it. They are orphaned if first nobody claims the
    segment's name and then there is no segment. The claim is checked first: the segment may be published in between.
    """
    swept = [name for name in names() if owner_is_dead(name)]
    for name in swept:
        unlink(name)
    entries = os.listdir(DIRECTORY)
    swept += name_claim.sweep()
    for entry in entries:
        name = entry.removeprefix("sem.").partition(".")[0]
        if not entry.startswith("sem.") or not is_segment_name(name) or name_claim.stands(name):
            continue
        if not name_claim.ours(f"{DIRECTORY}/{name}") and name_claim.remove(f"{DIRECTORY}/{entry}"):
            swept.append(entry)
    return swept
