"""What a worker does when its owner dies: nobody else is left to clean up.

The owner's death shows as the end of standard input and as its pidfd becoming readable. The first
worker that can take the owner's lock unlinks the segment and ends the others; then each ends, and with it all that a
student's code has started in it.
"""

import contextlib
import fcntl
import os
import select
import time

from shmlab import layout as at
from shmlab import limits
from shmlab.segment import Segment, SegmentFile, unlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

PATIENCE = 0.5  # seconds until a dying owner's lock is free
SIGKILL = 9  # of Linux; the signal module takes 6 ms to load


def watch(segment: Segment, owner: int) -> None:
    """Wait, in a thread, for the death of process `owner`, or for the end of the time that is allowed; then leave."""
    if os.getppid() != owner:
        leave(segment)
    poll = select.poll()
    poll.register(0, 0)  # only a hang-up; news are read elsewhere
    with contextlib.suppress(OSError):
        poll.register(os.pidfd_open(owner), select.POLLIN)
    if not poll.poll(limits.RUN_TIME * 1000):
        os.write(2, f"This process has run for {limits.RUN_TIME:,} seconds, and no longer is allowed.\n".encode())
    leave(segment)


def leave(segment: Segment) -> "NoReturn":
    """Clean up if the owner is really dead, and end this process at once."""
    try:
        os.closerange(3, segment.fd)  # a student's code may have used up all descriptors
        os.closerange(segment.fd + 1, 1 << 16)
        _clean_up(segment)
    finally:
        if os.getpgrp() == os.getpid():
            os.killpg(0, SIGKILL)
        os._exit(0)


def _clean_up(segment: Segment) -> None:
    end = time.monotonic() + PATIENCE
    lock = os.open(f"/proc/self/fd/{segment.fd}", os.O_RDONLY | os.O_CLOEXEC)  # a lock belongs to an open file
    while time.monotonic() < end:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.01)
        else:
            break
    else:
        if os.getppid() == segment.layout.owner_pid:
            return  # the owner lives
        # it is dead, and a child that it has forked holds the lock
    unlink(segment.name)
    end_workers(segment)


def end_workers(segment: SegmentFile) -> None:
    """Kill every other process that the rows name and that really works on this segment."""
    import signal

    for row in range(segment.layout.rows):
        pid = segment.word(at.row(row) + at.PID * at.WORD)
        if pid == os.getpid() or not 1 < pid < 1 << 31:
            continue
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(pid)  # from here on the number cannot come to mean another process
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if segment.name.encode() in file.read().split(b"\0"):
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
