"""A handle on a process, which never comes to mean another process, on every system.

The number of a process is given to another one day, once it has ended and its parent has waited for it; a pidfd is not.
Where the system refuses pidfds (Linux before 5.3, some sandboxes, a Python built for an older kernel), a child of our
own is safe all the same, as long as we have not waited for it, and any other process is known by its number together
with the moment of its start, from /proc. Where there is no /proc either, it can be looked at, but not signalled.

Source: Linux man-pages, pidfd_open(2), waitid(2), proc_pid_stat(5), clock_getcpuclockid(3).
"""

import _signal  # type: ignore[import-not-found]  # the signal module takes 6 ms to load, and workers use this one, too
import contextlib
import errno
import os
import select
import time

from shmlab.memory.waiting import until

# what an old kernel and sandboxes say to a call that they do not allow
REFUSED = (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP)
LOOK = 0.02  # seconds between two looks at a process that cannot be awaited
ENDED = ("Z", "X")  # the kernel's letters for it


def pidfd(pid: int) -> int | None:
    """A descriptor of a process; None where the system has no such thing. Raises ProcessLookupError, OSError."""
    try:
        return os.pidfd_open(pid)
    except AttributeError:  # this Python was built for an older kernel
        return None
    except OSError as error:
        if error.errno in REFUSED:
            return None
        raise


def status(pid: int) -> list[str]:
    """The kernel's words about a process, from its state letter on; none where it is gone or /proc cannot be read."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b") ")[2].decode().split()  # before it stands a name of any bytes
    return []


class ProcessHandle:
    """A process. `child`: it was started by this one, and nobody waits for it while the handle is open.

    `fd` becomes readable when it ends; None where the system has no pidfds. Raises ProcessLookupError, OSError.
    """

    def __init__(self, pid: int, child: bool = False) -> None:
        self.pid, self._child = pid, child
        self.fd = pidfd(pid)
        self._born = "" if child or self.fd is not None else self._start()
        if self.fd is None and not child:
            self._exists()

    def _exists(self) -> None:
        """Raise ProcessLookupError where no process has this number."""
        with contextlib.suppress(PermissionError):
            os.kill(self.pid, 0)

    def _start(self) -> str:
        words = status(self.pid)
        return words[19] if len(words) > 19 else ""

    def ended(self) -> bool:
        """Whether it has ended."""
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
        """Whether it has ended within so many seconds."""
        if self.fd is not None:
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        return until(self.ended, seconds, LOOK)

    def signal(self, number: int) -> bool:
        """Send a signal; False if it has ended, or if nothing tells that this is still the same process."""
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
        """Whether it is stalled by SIGSTOP; None where the system does not tell."""
        if self._child:
            try:
                return os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
            except ChildProcessError:
                return False
        words = status(self.pid)
        return words[0] == "T" if words else None

    def cpu_seconds(self) -> float:
        """Processor time that it has used, with all its threads; 0 where the system does not tell."""
        with contextlib.suppress(OSError):
            return time.clock_gettime(~self.pid << 3 | 2)  # Linux: the number of a process's own clock
        return 0.0

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd is not None:
            os.close(self.fd)
