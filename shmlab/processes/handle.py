"""A handle on a process that never comes to refer to another process, on every system.

A process number may be reused once the process has ended and its parent has waited for it; a pidfd is not reused.
Where the system refuses pidfds (Linux before 5.3, some sandboxes, a Python built for an older kernel), a child of our
own is still safe as long as we have not waited for it, and any other process is identified by its number together
with its start time, from /proc. Without /proc, such a process can be observed but not signalled.

Source: Linux man-pages, pidfd_open(2), waitid(2), proc_pid_stat(5), clock_getcpuclockid(3).
"""

import _signal  # type: ignore[import-not-found]  # the signal module takes 6 ms to load, and workers use this one, too
import contextlib
import errno
import os
import select
import time

from shmlab.memory.waiting import until

# errors from old kernels and sandboxes for a call that they do not allow
REFUSED = (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP)
LOOK = 0.02  # seconds between two checks of a process that cannot be waited for
ENDED = ("Z", "X")  # the kernel's state letters for an ended process


def pidfd(pid: int) -> int | None:
    """Return a pidfd of process `pid`; None if the system has no pidfds. Raises ProcessLookupError, OSError."""
    try:
        return os.pidfd_open(pid)
    except AttributeError:  # this Python was built for an older kernel
        return None
    except OSError as error:
        if error.errno in REFUSED:
            return None
        raise


def status(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state letter on; none if `pid` is gone or /proc unreadable."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b") ")[2].decode().split()  # the name before them may contain any bytes
    return []


class ProcessHandle:
    """A process. `child`: this process started it, and nobody waits for it while the handle is open.

    `fd` becomes readable when it ends; None where the system has no pidfds. Raises ProcessLookupError, OSError.
    """

    def __init__(self, pid: int, child: bool = False) -> None:
        self.pid, self._child = pid, child
        self.fd = pidfd(pid)
        self._born = "" if child or self.fd is not None else self._start()
        if self.fd is None and not child:
            self._exists()

    def _exists(self) -> None:
        """Raise ProcessLookupError if no process has this number."""
        with contextlib.suppress(PermissionError):
            os.kill(self.pid, 0)

    def _start(self) -> str:
        words = status(self.pid)
        return words[19] if len(words) > 19 else ""

    def ended(self) -> bool:
        """Return whether the process has ended."""
        if self.fd is not None:
            return self.wait(0)
        if self._child:
            try:
                return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            except ChildProcessError:
                return True
        words = status(self.pid)
        if words:
            return words[0] in ENDED or (bool(self._born) and words[19] != self._born)
        try:
            self._exists()
        except ProcessLookupError:
            return True
        return False

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether the process has ended."""
        if self.fd is not None:
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        return until(self.ended, seconds, LOOK)

    def signal(self, number: int) -> bool:
        """Send signal `number`; return False if the process has ended or cannot be confirmed to be the same one."""
        if self.fd is not None:
            try:
                _signal.pidfd_send_signal(self.fd, number)
                return True
            except ProcessLookupError:
                return False
            except AttributeError:
                pass
            except OSError as error:
                if error.errno not in REFUSED:
                    raise
        elif not self._child and not (self._born and self._start() == self._born):
            return False
        if self.ended():
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def stopped(self) -> bool | None:
        """Return whether SIGSTOP has stopped the process; None if the system does not report it."""
        if self._child:
            try:
                return os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
            except ChildProcessError:
                return False
        words = status(self.pid)
        return words[0] == "T" if words else None

    def cpu_seconds(self) -> float:
        """Return the processor time of all its threads in seconds; 0 if the system does not report it."""
        with contextlib.suppress(OSError):
            return time.clock_gettime(~self.pid << 3 | 2)  # Linux: the ID of a process's CPU clock
        return 0.0

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd is not None:
            os.close(self.fd)
