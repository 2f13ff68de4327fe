"""What a worker has started ends with its lab: programs that a student's put or get runs, and those that they run.

Each worker gets the name of its segment as a variable of its environment, and what it starts inherits that, also
after a double fork into a session of its own. So the processes of a lab can be told by /proc, and ended, by anybody
whose user they belong to, whichever way the lab has ended. A program that empties its environment is not found, and
without a readable /proc only the processes of a worker's own group are ended, which need no looking for.
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
ENVIRONMENT = 1 << 22  # bytes of an environment that are looked at; Linux allows half of it by default
PIECE = 1 << 17  # bytes that are asked for at a time
ROUNDS = 5  # whoever starts processes all the time may be quicker than a look at all of them
EXEC = 1.0  # seconds that one waits, at most, for processes that are just becoming other programs,
AGAIN = 0.002  # from one look to the next
YOUNG = 2.0  # seconds since its fork in which a process without an environment may be one of those
STARTED = 19  # of the fields of /proc/PID/stat behind the name: clock ticks from boot to fork
SIGKILL = 9  # of Linux; the signal module takes 6 ms to load


def marked(arguments: Iterable[str]) -> dict[str, str]:
    """The variable that tells which segments a program with these arguments works on; none where it has none."""
    names = [argument for argument in arguments if is_segment_name(argument)]
    return {VARIABLE: " ".join(names)} if names else {}


def segments(environment: Mapping[str, str]) -> list[str]:
    """The segments that a program with this environment works on."""
    return environment.get(VARIABLE, "").split()


def end(name: str) -> list[int]:
    """Kill all processes of this user, but this one, that a worker on segment `name` has started, and that worker."""
    return _end(lambda _, names: name in names)


def temporary_folders(name: str | None = None) -> set[str]:
    """TMPDIR of those that `end` (without a name: `end_strays`) would kill now."""
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
    here = os.stat(DIRECTORY).st_dev  # in another container the same name means another segment
    return os.stat(f"/proc/{pid}/root{DIRECTORY}").st_dev == here and all(map(_over, names))


def _over(name: str) -> bool:
    return not name_claim.ours(f"{DIRECTORY}/{name}") or owner_is_dead(name)  # a stranger's file is no lab of ours


def _end(wanted: Callable[[int, list[str]], bool]) -> list[int]:
    ended: list[int] = []
    rounds, deadline = 0, Deadline(EXEC)
    while rounds < ROUNDS:
        blank: list[int] = []  # those that show no environment
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
    """Whether a process without an environment may be a young one that is becoming another program right now.

    From the beginning of exec to the new program's first instruction the kernel shows no environment.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.readlink(f"/proc/{pid}/exe")  # a thread of the kernel, and a process that has ended, have none
        with open(f"/proc/{pid}/stat", "rb") as file:
            began = int(file.read().rpartition(b")")[2].split()[STARTED])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK") < YOUNG
    return False


def _processes() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal() and int(entry) != os.getpid()]
    return []


def _kill(pid: int, wanted: Callable[[int, list[str]], bool], blank: list[int]) -> bool:
    """Whether it was to be killed, and was. One that shows no environment is added to `blank`."""
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
            # once more: the number may have been given away
            return _is_wanted(pid, _environment(pid), wanted) and handle.signal(SIGKILL)
        finally:
            handle.close()
    return False


def _is_wanted(pid: int, environment: bytes, wanted: Callable[[int, list[str]], bool]) -> bool:
    names = _value(environment, VARIABLE).split()
    return bool(names) and wanted(pid, names)


def _value(environment: bytes, name: str) -> str:
    """The value of a variable, as the kernel shows an environment; "" where it is not there."""
    rest = (b"\0" + environment).partition(f"\0{name}=".encode())[2]
    return os.fsdecode(rest.partition(b"\0")[0])


def _environment(pid: int) -> bytes:
    """The environment that a program was started with, to its end: the kernel gives it in pieces. Raises OSError."""
    pieces, left = [], ENVIRONMENT
    fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)  # most of the time goes into opening
    try:
        while left > 0 and (piece := os.read(fd, PIECE)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(fd)
    return b"".join(pieces)
