"""End what a worker has started along with its lab: programs that a student's put or get runs, and their children.

Each worker gets the name of its segment in an environment variable, and what it starts inherits that, even
after a double fork into a session of its own. So anyone with the same user ID can find the processes of a lab in /proc
and end them, however the lab has ended. A program that empties its environment is not found, and
without a readable /proc only the processes of a worker's own group are ended, which need no search.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping

from shmlab.memory import name_claim
from shmlab.memory.limits import is_segment_name
from shmlab.memory.segment import DIRECTORY, owner_is_dead
from shmlab.memory.waiting import Deadline
from shmlab.processes.handle import ProcessHandle

VARIABLE = "SHMLAB_SEGMENTS"
ENVIRONMENT = 1 << 22  # bytes of an environment that are read; Linux allows half of that by default
PIECE = 1 << 17  # bytes per read
ROUNDS = 5  # a program that keeps starting processes may outrun one scan of all of them
EXEC = 1.0  # maximum seconds to wait for processes that are in the middle of an exec,
AGAIN = 0.002  # and from one scan to the next
YOUNG = 2.0  # age in seconds up to which a process without an environment may be in exec
STARTED = 19  # index among the fields of /proc/PID/stat after the name: clock ticks from boot to fork
SIGKILL = 9  # on Linux; the signal module takes 6 ms to load


def marked(arguments: Iterable[str]) -> dict[str, str]:
    """Return the variable that lists the segments a program with these `arguments` works on; none if there are none."""
    names = [argument for argument in arguments if is_segment_name(argument)]
    return {VARIABLE: " ".join(names)} if names else {}


def segments(environment: Mapping[str, str]) -> list[str]:
    """Return the segments that a program with this `environment` works on."""
    return environment.get(VARIABLE, "").split()


def end(name: str) -> list[int]:
    """Kill the worker on segment `name` and all it has started, among this user's processes, except this one."""
    return _end(lambda _, names: name in names)


def temporary_folders(name: str | None = None) -> set[str]:
    """Return TMPDIR of each process that `end` (without a `name`: `end_strays`) would kill now."""
    found = set()
    for pid in _processes():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == os.geteuid():
                environment = _environment(pid)
                names = _value(environment, VARIABLE).split()
                if name in names or (name is None and names and _stray(pid, names)):
                    found.add(_value(environment, "TMPDIR"))
    return found - {""}


def end_strays() -> list[int]:
    """Kill all processes of this user that were started by workers of labs whose owners are dead."""
    return _end(_stray)


def _stray(pid: int, names: list[str]) -> bool:
    here = os.stat(DIRECTORY).st_dev  # in another container the same name refers to another segment
    return os.stat(f"/proc/{pid}/root{DIRECTORY}").st_dev == here and all(map(_over, names))


def _over(name: str) -> bool:
    return not name_claim.ours(f"{DIRECTORY}/{name}") or owner_is_dead(name)  # another user's file is not our lab


def _end(wanted: Callable[[int, list[str]], bool]) -> list[int]:
    ended: list[int] = []
    rounds, deadline = 0, Deadline(EXEC)
    while rounds < ROUNDS:
        blank: list[int] = []  # those whose environment is empty
        found = [pid for pid in _processes() if _kill(pid, wanted, blank) and pid not in ended]
        ended += found
        if found:
            rounds += 1
        elif any(map(_may_be_in_exec, blank)) and not deadline.over:
            time.sleep(AGAIN)
        else:
            break
    return ended


def _may_be_in_exec(pid: int) -> bool:
    """Return whether a process without an environment may be a young one that is in the middle of an exec.

    From the beginning of exec to the new program's first instruction the kernel shows no environment.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.readlink(f"/proc/{pid}/exe")  # fails for a kernel thread or a process that has ended
        with open(f"/proc/{pid}/stat", "rb") as file:
            began = int(file.read().rpartition(b")")[2].split()[STARTED])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK") < YOUNG
    return False


def _processes() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal() and int(entry) != os.getpid()]
    return []


def _kill(pid: int, wanted: Callable[[int, list[str]], bool], blank: list[int]) -> bool:
    """Return whether the process was to be killed, and was. One with an empty environment is added to `blank`."""
    with contextlib.suppress(OSError):
        if os.stat(f"/proc/{pid}").st_uid != os.geteuid():
            return False
        environment = _environment(pid)
        if not environment:
            blank.append(pid)
        if not _is_wanted(pid, environment, wanted):
            return False
        handle = ProcessHandle(pid)
        try:
            # check again: the number may have been reused
            return _is_wanted(pid, _environment(pid), wanted) and handle.signal(SIGKILL)
        finally:
            handle.close()
    return False


def _is_wanted(pid: int, environment: bytes, wanted: Callable[[int, list[str]], bool]) -> bool:
    names = _value(environment, VARIABLE).split()
    return bool(names) and wanted(pid, names)


def _value(environment: bytes, name: str) -> str:
    """Return the value of variable `name` in the kernel's form of an environment; "" if it is not set."""
    rest = (b"\0" + environment).partition(f"\0{name}=".encode())[2]
    return os.fsdecode(rest.partition(b"\0")[0])


def _environment(pid: int) -> bytes:
    """Return the environment a program was started with, in full: the kernel returns it in pieces. Raises OSError."""
    pieces, left = [], ENVIRONMENT
    fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)  # opening takes most of the time
    try:
        while left > 0 and (piece := os.read(fd, PIECE)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(fd)
    return b"".join(pieces)
