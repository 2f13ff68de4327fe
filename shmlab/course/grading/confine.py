"""Run one program under limits and a deadline, isolated from everything else as far as the system allows.

    python -P -m shmlab.course.grading.confine LEVEL FOLDER SECONDS MODULE ARGUMENT...

This process supervises the program and ends everything that it has started. The limits hold for each of its processes.
LEVEL is one of:

`isolated`  no network, no view of other processes, write access only to FOLDER and to shared memory of its own
`offline`   no network
`limited`   only the limits: it can do whatever you can do
"""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

from shmlab.course.grading import namespaces
from shmlab.memory.waiting import Deadline

ISOLATED, OFFLINE, LIMITED = LEVELS = ("isolated", "offline", "limited")
ADDRESSES = 4 << 30  # bytes of address space; a normal kernel with numpy takes one and a half
FILES = 1024  # open at once, in one process
LARGEST = 256 << 20  # bytes of one file
PROCESSES = 512  # besides those that the user already runs; root has no limit
NEWS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
ENDING = 10.0  # seconds that killed processes have to end
LATE, REFUSED = 124, 125  # exit statuses: it ran out of time; the system does not offer this level


def limit(seconds: float) -> None:
    """Set resource limits for this process and all that it starts, never above those already in force."""
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
    """Return how many threads this user has, which is what the system counts."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += len(os.listdir(process / "task")) if process.stat().st_uid == os.getuid() else 0
    return count


def supervise(level: str, folder: Path, seconds: float, arguments: list[str]) -> int:
    """Start the program, wait for it, and kill what it leaves behind. Returns its exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, NEWS)
    try:
        if level != LIMITED:
            namespaces.enter(level == ISOLATED)
        namespaces.control(namespaces.SET_SUBREAPER, 1)  # orphans become our children
        namespaces.control(namespaces.SET_DEATH_SIGNAL, signal.SIGTERM)  # last: entering a namespace resets it
    except OSError as error:
        print(error, file=sys.stderr)
        return REFUSED
    child = os.fork()
    if not child:
        _begin(level, folder, seconds, arguments)
    return _supervised(child, Deadline(seconds))


def _begin(level: str, folder: Path, seconds: float, arguments: list[str]) -> None:
    """In the child: become the program, or the init process of its namespace. Does not return."""
    status = REFUSED
    try:
        if level == ISOLATED:
            namespaces.mount_all(folder, needed())
        if level != LIMITED:
            namespaces.drop_capabilities()
        namespaces.control(namespaces.SET_DEATH_SIGNAL, signal.SIGKILL)
        limit(seconds)
        if level == ISOLATED and (program := os.fork()):  # we are init there: we reap orphans
            status = _supervised(program, Deadline(float("inf")))
        else:
            os.makedirs(os.environ["TMPDIR"], exist_ok=True)
            os.chdir(folder)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, NEWS)
            os.execv(sys.executable, [sys.executable, "-P", "-m", *arguments])
    except OSError as error:
        print(error, file=sys.stderr)
    finally:
        os._exit(status)


def needed() -> list[Path]:
    """Return the folders that Python and shmlab need to run: everything else on this machine is hidden."""
    package = Path(__file__).parents[2]  # shmlab itself, and the course beside it, but not everything there
    of_python = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    paths = [*of_python, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), *sys.path]
    beside = {str(package.parent), "", "."}
    return [package, package.parent / "notebooks", *(Path(path) for path in paths if path not in beside)]


def _supervised(child: int, deadline: Deadline) -> int:
    """Wait for a child until the deadline, then kill all children. Returns its exit status, as a shell reports it."""
    status = LATE
    while not deadline.over:
        news = signal.sigtimedwait(NEWS, min(deadline.left, 3600.0))
        if news and news.si_signo != signal.SIGCHLD:
            status = 128 + news.si_signo
            break
        if (ended := _reaped(child)) is not None:
            status = ended
            break
    _end_all()
    return status


def _reaped(child: int) -> int | None:
    """Reap all children that have ended. Returns the exit status of `child` if it is among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (known := os.waitpid(-1, os.WNOHANG))[0]:
            if known[0] == child:
                code = os.waitstatus_to_exitcode(known[1])
                status = code if code >= 0 else 128 - code
    return status


def _end_all() -> None:
    """Kill all children, and the orphans that are reparented to us as a result, until none is left."""
    deadline = Deadline(ENDING)
    with contextlib.suppress(ChildProcessError):
        while not deadline.over:
            for child in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            signal.sigtimedwait(NEWS, 0.05)


def _children() -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(process.read_text(errors="replace").rpartition(") ")[2].split()[1]) == os.getpid():
                found.append(int(process.parent.name))
    return found


def main() -> None:
    level, folder, seconds, *arguments = sys.argv[1:]
    sys.exit(supervise(level, Path(folder), float(seconds), arguments))


if __name__ == "__main__":
    main()
