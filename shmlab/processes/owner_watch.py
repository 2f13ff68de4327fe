"""What a worker does when its owner dies: no other process is left to clean up.

The owner's death shows as end of file on standard input, as its pidfd becoming readable, and as a new parent. The first
worker that can take the owner's lock unlinks all segments of that owner and ends the others; then each exits, and with
it everything that a student's code has started in it. One at a time: two workers that ended each other would leave
their cleanup unfinished, and processes they had started would survive. Programs on several segments that share a folder
(the stages of a pipeline) take turns by a file there, and the one whose turn it is removes the folder. The lock on the
folder itself belongs to its owner: it shows everyone else that the folder is still needed.
"""

import _thread
import contextlib
import fcntl
import os
import select

from shmlab.memory import byte_lock, limits
from shmlab.memory.segment import Segment, SegmentFile, unlink
from shmlab.memory.waiting import Deadline, until
from shmlab.processes import descendants
from shmlab.processes.handle import pidfd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

PATIENCE = 0.5  # seconds until a dying owner's lock is free
TURN = 1.0  # seconds for the process that cleans up to end this worker, too, unless it is itself stopped
IN_TURN = "in_turn"  # the file whose lock the process that cleans up holds, if there is a folder
CLEANING = 0  # the byte of the segment whose lock the process that cleans up holds
REMOVING = 0.5  # seconds for removing the folder
LOCK = 0.01  # seconds between two tries to get a lock
LOOK = 0.5  # seconds between two checks of the parent, if nothing else reports its death
SIGKILL = 9  # on Linux; the signal module takes 6 ms to load
_leaving = _thread.allocate_lock()


def watch(segment: Segment, owner: int) -> None:
    """Wait, in a thread, until process `owner` dies or the permitted run time is over; then leave."""
    if not await_end(owner, limits.RUN_TIME):
        told = f"This process has run for {limits.RUN_TIME:,} seconds, the longest that SHMLAB_RUN_TIME allows.\n"
        os.write(2, told.encode())
    leave(segment)


def await_end(owner: int, seconds: float) -> bool:
    """Wait for the death of process `owner`, this process's parent; return False if it is alive after `seconds`."""
    deadline = Deadline(seconds)
    poll = select.poll()
    poll.register(0, 0)  # only a hang-up; the input itself is read elsewhere
    handle = None
    with contextlib.suppress(OSError):
        handle = pidfd(owner)
    if handle is not None:
        poll.register(handle, select.POLLIN)
    while os.getppid() == owner:
        if deadline.over:
            return False
        if poll.poll(1000 * (deadline.left if handle is not None else min(deadline.left, LOOK))):
            break
    return True


def leave(segment: Segment, others: "Iterable[str]" = (), folder: str = "") -> "NoReturn":
    """Clean up if the owner is really dead, and end this process at once.

    others: names of further segments of this owner; folder: that of its programs.
    """
    _leaving.acquire()  # never released: another thread that also notices must not close what this one opens
    try:
        os.closerange(3, segment.fd)  # a student's code may have used up all descriptors
        os.closerange(segment.fd + 1, 1 << 16)
        _clean_up(segment, others, folder)
    finally:
        if os.getsid(0) == os.getpid():  # else the group is a shell's job, and this process only part of it
            os.killpg(0, SIGKILL)
        os._exit(0)


def _clean_up(segment: Segment, others: "Iterable[str]" = (), folder: str = "") -> None:
    _await_turn(segment, folder)
    if _owner_is_dead(segment):
        for name in (segment.name, *others):
            with contextlib.suppress(OSError):
                unlink(name)
        end_workers(segment)  # before the folder is removed: they would still write there
    if folder:
        from shmlab.processes import scratch_folder  # only stages have one; workers start faster without it

        # retry, in case another thread of this process has just started one
        until(lambda: scratch_folder.remove(folder), REMOVING)


def _await_turn(segment: Segment, folder: str) -> None:
    """Let a process that is already cleaning up end this one; take over if it dies or makes no progress."""
    with contextlib.suppress(OSError):  # if no lock is available, all proceed at once
        if folder:
            turn = os.path.join(folder, IN_TURN)
            fd = os.open(turn, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)  # it is closed when this process ends
            until(lambda: _locks(fd), TURN, LOCK)
        else:
            until(lambda: byte_lock.lock(segment.fd, CLEANING), TURN, LOCK)


def _owner_is_dead(segment: Segment) -> bool:
    """Return whether the owner's lock is free, or this process has a new parent, so that a child has the lock.

    The lock is tried on the open file, never by name: once the name is gone, another user's FIFO or link may be
    there. If the name is gone, the owner has unlinked it, or a worker that may have died before it ended the others.
    """

    def dead() -> bool:
        with contextlib.suppress(OSError):  # a student's code has closed the file
            if os.fstat(segment.fd).st_nlink and _locks(segment.fd):
                return True
        return os.getppid() != segment.layout.owner_pid

    return until(dead, PATIENCE, LOCK)  # its pipes close before its lock is free and its children get a new parent


def _locks(fd: int) -> bool:
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def end_workers(segment: SegmentFile) -> None:
    """Kill everything that an owner of this segment has started, and its descendants; a guest leaves by itself."""
    descendants.end(segment.name)
