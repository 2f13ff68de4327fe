"""Run one program shut in: with limits, a deadline, and as far from everything else as the system allows.

    python -P -m shmlab.exercises.confine LEVEL FOLDER SECONDS MODULE ARGUMENT...

This process supervises it, and knows nothing that the program says. Whatever the program has started ends with it. The
limits hold for each of its processes. How far away it is:

`apart`    no network, no processes of others, nothing to be written but FOLDER and its own shared memory
`offline`  no network
`limited`  only the limits: it can do what you can do
"""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

from shmlab.exercises import namespaces
from shmlab.waiting import Deadline

APART, OFFLINE, LIMITED = LEVELS = ("apart", "offline", "limited")
ADDRESSES = 4 << 30  # bytes of address space; an honest kernel with numpy takes one and a half
FILES = 1024  # open at once, by one process
LARGEST = 256 << 20  # bytes of one file
PROCESSES = 512  # besides those that the user runs already; root has no limit
NEWS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
ENDING = 10.0  # seconds that what was killed has to end
LATE, REFUSED = 124, 125  # exit statuses: its time was up; the system does not offer this level


def limit(seconds: float) -> None:
    """Set what this process and all that it starts may use. Never above what is allowed already."""
    wanted = {
        resource.RLIMIT_AS: ADDRESSES,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_FSIZE: LARGEST,
        resource.RLIMIT_NOFILE: FILES,
        resource.RLIMIT_NPROC: PROCESSES + _running(),
        resource.RLIMIT_CORE: 0,
    }
    for which, most in wanted.items():
        allowed = resource.getrlimit(which)[1]
        least = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(which, (least, least))


def _running() -> int:
    """How many threads this user has, which is what the system counts."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += len(os.listdir(process / "task")) if process.stat().st_uid == os.getuid() else 0
    return count


def supervise(level: str, folder: Path, seconds: float, arguments: list[str]) -> int:
    """Start the program, wait for its end, end all that is left of it. Returns its exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, NEWS)
    try:
        if level != LIMITED:
            namespaces.enter(level == APART)
        namespaces.control(namespaces.SET_SUBREAPER, 1)  # what loses its parent becomes ours
        namespaces.control(namespaces.SET_DEATH_SIGNAL, signal.SIGTERM)  # last: entering takes it away
    except OSError as error:
        print(error, file=sys.stderr)
        return REFUSED
    child = os.fork()
    if not child:
        _begin(level, folder, seconds, arguments)
    return _outlast(child, Deadline(seconds))


def _begin(level: str, folder: Path, seconds: float, arguments: list[str]) -> None:
    """In the child: become the program, or the first process of its namespace. Does not come back."""
    status = REFUSED
    try:
        if level == APART:
            namespaces.furnish(folder)
        if level != LIMITED:
            namespaces.resign()
        namespaces.control(namespaces.SET_DEATH_SIGNAL, signal.SIGKILL)
        limit(seconds)
        if level == APART and (program := os.fork()):  # the first process of a namespace adopts and reaps all others
            status = _outlast(program, Deadline(float("inf")))
        else:
            os.makedirs(os.environ["TMPDIR"], exist_ok=True)
            os.chdir(folder)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, NEWS)
            os.execv(sys.executable, [sys.executable, "-P", "-m", *arguments])
    except OSError as error:
        print(error, file=sys.stderr)
    finally:
        os._exit(status)


def _outlast(child: int, deadline: Deadline) -> int:
    """Wait for a child until its time is up, end all that is left, and return the child's exit status."""
    status = LATE
    while not deadline.over:
        news = signal.sigtimedwait(NEWS, min(deadline.left, 3600.0))
        if news and news.si_signo != signal.SIGCHLD:
            break
        if (ended := _reaped(child)) is not None:
            status = ended
            break
    _end_all()
    return status


def _reaped(child: int) -> int | None:
    """Reap all that have ended; the exit status of this one, if it has."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (known := os.waitpid(-1, os.WNOHANG))[0]:
            if known[0] == child:
                status = os.waitstatus_to_exitcode(known[1])
    return status


def _end_all() -> None:
    """Kill all children, and those that come to be children by that, until there is none."""
    deadline = Deadline(ENDING)
    with contextlib.suppress(ChildProcessError):
        while not deadline.over:
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            signal.sigtimedwait(NEWS, 0.05)


def main() -> None:
    level, folder, seconds, *arguments = sys.argv[1:]
    status = supervise(level, Path(folder), float(seconds), arguments)
    sys.exit(status if status >= 0 else 128 - status)  # as a shell tells of a signal


if __name__ == "__main__":
    main()
