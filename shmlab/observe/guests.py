"""Workers that this program has not started: programs that join a running lab by its name, in whatever language.

They claim a row (see `rows`), and their lock on it shows that they are alive, from whatever container they come. The
owner checks all rows five times a second, and again whenever it must know exactly who is there: so a guest counts
from the moment it has its row, whether or not anyone has taken a snapshot since. A process number is only trusted,
and a signal only sent, if /proc shows that this very process has the row's lock.
"""

import contextlib
import fcntl
import os
import signal
import threading
from collections.abc import Callable

from shmlab.memory import layout as at
from shmlab.memory.rows import Row
from shmlab.memory.segment import DIRECTORY, SegmentFile
from shmlab.memory.waiting import until
from shmlab.processes.handle import ProcessHandle
from shmlab.processes.supervisor import RunningProgram

EVERY = 0.2  # seconds between two checks of all rows
LOOK = 0.01  # seconds between two checks of a guest whose end is awaited


class Guest(RunningProgram):
    """A program that has joined. `returncode` is 0 if it left properly, -9 if it ended otherwise."""

    def __init__(self, file: SegmentFile, row: int) -> None:
        self._file, self._row = file, Row(file, row)
        self.pid = self._row.pid
        self.ended, self.end_handled = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._locks = False  # whether it was seen to have the lock of its row
        self._process: ProcessHandle | None = None
        self.lives()
        self._process = _handle(self._row, self.pid, self._locks)

    @property
    def reachable(self) -> bool:
        """Whether its process can be observed and signalled from here; False for one in another container."""
        return self._process is not None

    def lives(self) -> bool | None:
        """Return whether it is alive; None if that cannot be determined. Raises OSError once the segment is closed.

        Once the process that was seen to have the lock has ended, a lock that is still held is only a forked child's.
        A program without the lock breaks the rules. It is taken for dead, unless a local process with its number maps
        the segment (True), or might map it (None).
        """
        with self._lock:
            if self.ended.is_set() or (self._process and self._process.ended()):
                return False
        if self._row.held():
            self._locks = True
            return True
        return False if self._locks else maps(self.pid, self._file.name)

    def look(self) -> bool:
        """Return whether it has ended; then `returncode` says how."""
        if not self.ended.is_set():
            with contextlib.suppress(OSError):  # closed meanwhile
                if self.lives() is False:
                    left = self._row.phase == at.LEFT
                    self.returncode = 0 if left else -signal.SIGKILL
                    self.close()
        return self.ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether it has ended."""
        return until(self.look, seconds, LOOK)

    def over(self) -> bool:
        """Return whether it has ended, and its lab has noticed."""
        return self.end_handled.is_set()

    def give_up(self) -> None:
        """Treat it as dead, when its state cannot be determined."""
        self.returncode = -signal.SIGKILL
        self.close()

    def signal(self, number: signal.Signals) -> bool:
        """Send signal `number`; return False if it has ended, or cannot be reached."""
        with self._lock:
            return bool(self._process and not self.ended.is_set() and self._process.signal(number))

    def stopped(self) -> bool | None:
        """Return whether SIGSTOP has stopped it; None if the system does not report it."""
        with self._lock:
            if self.ended.is_set():
                return False
            return self._process.stopped() if self._process else None

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used, in seconds; 0 if that is unknown."""
        with self._lock:
            return self._process.cpu_seconds() if self._process and not self.ended.is_set() else 0.0

    def close(self) -> None:
        """Close the handle; the guest is no longer observed."""
        with self._lock:
            if not self.ended.is_set():
                self.ended.set()
                if self._process:
                    self._process.close()


class Guests:
    """All guests of one lab, and which rows are not theirs.

    `came` and `gone` are called with a row and its guest when it has joined and when it has ended, on whichever thread
    has noticed; `forget` with the row of a killed one, when all rows are taken. Raises RuntimeError if no
    thread can be started.
    """

    def __init__(
        self,
        file: SegmentFile,
        came: Callable[[int, Guest], None],
        gone: Callable[[int, Guest], None],
        forget: Callable[[int], None],
    ) -> None:
        self._file, self._came, self._gone, self._forget = file, came, gone, forget
        self._looking = threading.RLock()
        self._here: dict[int, Guest] = {}
        self._ours: set[int] = set()  # rows of the lab's own workers
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="shmlab-guests", daemon=True)
        self._thread.start()

    def claim(self, row: int, role: int, number: int, rate: float | None, pattern: int, again: bool) -> bool:
        """Claim a free row for one of the lab's own workers, or reuse its own dead worker's row (`again`)."""
        with self._looking:
            if again:
                self.free(row)
            one = Row(self._file, row)
            if not one.claim(role, number, rate, pattern):
                return False
            one.release()  # the worker takes it
            self._ours.add(row)
            self._count(row + 1)
            return True

    def free(self, row: int) -> None:
        """Release a row that nobody uses any more."""
        with self._looking:
            self._ours.discard(row)
            self._here.pop(row, None)
            Row(self._file, row).role = 0

    def any(self) -> bool:
        """Return whether any program has joined, and has not yet been seen to leave."""
        return bool(self._here)

    def look(self) -> dict[int, Guest]:
        """Detect guests that have come or gone. Return those here now, by row. Raises OSError once closed."""
        with self._looking:
            words = memoryview(self._file.read(at.ROWS_AT, self._file.layout.rows * at.ROW_SIZE)).cast("Q")
            roles = words[at.ROLE :: at.ROW_SIZE // at.WORD].tolist()
            for row, role in enumerate(roles):
                if role in at.ROLES and row not in self._ours:
                    self._look_at(row)
            killed = (row for row, guest in self._here.items() if guest.end_handled.is_set())
            if all(roles) and (first := next(killed, None)) is not None:
                self._forget(first)
            return {row: guest for row, guest in self._here.items() if not guest.ended.is_set()}

    def close(self) -> None:
        """Stop looking. The guests leave by themselves when the lab tells them to stop."""
        self._closed.set()
        self._thread.join()
        with self._looking:
            for guest in self._here.values():
                guest.close()

    def _look_at(self, row: int) -> None:
        guest = self._here.get(row)
        if guest is None:
            guest = self._here[row] = Guest(self._file, row)
            self._came(row, guest)
            if guest.look():  # it died before anyone could see it: there is nothing to show, only to repair
                Row(self._file, row).role = at.GONE
        if guest.look() and guest.returncode is not None and not guest.end_handled.is_set():
            guest.end_handled.set()
            self._gone(row, guest)

    def _count(self, number: int) -> None:
        """Let observers read at least `number` rows, and never fewer than a guest has asked for meanwhile."""
        if self._file.word(at.ROWS_USED) < number:
            self._file.set_word(at.ROWS_USED, number)
            last = self._file.layout.rows
            if any(Row(self._file, row).role for row in range(number, last)):
                self._file.set_word(at.ROWS_USED, last)

    def _watch(self) -> None:
        while not self._closed.wait(EVERY):
            with contextlib.suppress(OSError):  # the segment is closed
                self.look()


def over(file: SegmentFile) -> bool:
    """Return whether a lab or ring is over: stopped, owner dead, or name unlinked (as a dead owner's workers do).

    The lock on the file decides, not the owner's number, which is another process's in another container. Not for the
    owner's own `file`, whose lock it would lose. Raises OSError once closed.
    """
    if file.word(at.STATE) == at.STOPPED or os.fstat(file.fd).st_nlink == 0:
        return True
    try:
        fcntl.flock(file.fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(file.fd, fcntl.LOCK_UN)
    return True


def maps(pid: int, name: str) -> bool | None:
    """Return whether process `pid` maps the segment called `name`; None if that cannot be determined."""
    if not 1 < pid < 1 << 31:
        return False
    try:
        with open(f"/proc/{pid}/maps", errors="surrogateescape") as file:
            return any(line.rstrip().endswith(f" {DIRECTORY}/{name}") for line in file)
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's: it could not even open the segment
        return False
    return None


def _handle(row: Row, pid: int, locks: bool) -> ProcessHandle | None:
    """Return a handle on the process that the row names, if that process uses the row."""
    if not 1 < pid < 1 << 31:
        return None
    try:
        handle = ProcessHandle(pid)
    except OSError:
        return None
    with contextlib.suppress(OSError):  # an open handle never comes to refer to another process
        if _has_lock(pid, row) if locks else maps(pid, row.file.name):
            return handle
    handle.close()
    return None


def _has_lock(pid: int, row: Row) -> bool:
    """Return whether the process has the lock of the row, according to /proc/PID/fdinfo. Raises OSError."""
    segment, place = os.fstat(row.file.fd), str(row.offset)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            info = os.stat(f"/proc/{pid}/fd/{fd}")
            if (info.st_dev, info.st_ino) == (segment.st_dev, segment.st_ino):
                with open(f"/proc/{pid}/fdinfo/{fd}", errors="surrogateescape") as about:
                    if any(line.startswith("lock:") and line.split()[-2:] == [place, place] for line in about):
                        return True
    return False
