"""Turn a refusal by the operating system into an error that says what to do about it."""

import errno
import os

from shmlab.memory.errors import NoRoom
from shmlab.memory.layout import SEMAPHORE_COUNT
from shmlab.memory.name_claim import DIRECTORY

GIVE = "give it more (sudo mount -o remount,size=256m /dev/shm; Docker: --shm-size=256m)"
REFUSED = "A sandbox refuses that system call: allow it. `shmlab doctor` tries each one."
SMALL = 384 << 10  # bytes: with less, even the smallest lab does not fit
FILES = SEMAPHORE_COUNT + 1  # of one lab, at most
MORE_FILES = "Stop other labs, run `shmlab clean`, or mount it with more (nr_inodes)."
DOCTOR = "`shmlab doctor` looks at the machine, `shmlab clean` frees what dead labs left."


def no_room(error: Exception, doing: str, step: str = "") -> NoRoom:
    """Return a system error that interrupted `doing` something, in one `step` of it, as a NoRoom with the remedy."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC:
        cause, cure = _full(doing)
    elif number in (errno.EMFILE, errno.ENFILE):
        cause = f"cannot {doing}: this program has as many files open as it may"
        cure = "Stop other labs and close files, or allow more (`ulimit -n`)."
    elif number == errno.EAGAIN or isinstance(error, RuntimeError):
        cause = f"cannot {doing}: this user has as many processes and threads as it may"
        cure = "Stop other labs and programs, or allow more (`ulimit -u`)."
    elif number == errno.ENOMEM or isinstance(error, MemoryError):
        cause, cure = f"cannot {doing}: the machine's memory is used up", "Stop other labs and programs."
    elif number == errno.EEXIST:
        cause = f"cannot {doing}: another user takes each name in {DIRECTORY} just before it is used"
        cure = f"`ls -l {DIRECTORY}` shows who."
    else:
        cause = f"cannot {doing}: {os.strerror(number) if number else error}"
        cause += f", while {step}" if step else ""
        cure = REFUSED if number in (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL) else DOCTOR
    return NoRoom(number, f"{cause}. {cure}")


def few_files(room: os.statvfs_result) -> bool:
    """Return whether a file system has too few file entries (inodes) left for a lab: its segment and its semaphores."""
    return bool(room.f_files) and room.f_favail < FILES


def _full(doing: str) -> tuple[str, str]:
    """Return why there is no room, and the remedy."""
    room = os.statvfs(DIRECTORY)
    if few_files(room):
        cause = f"no room to {doing}: {DIRECTORY} can hold {room.f_favail:,} more files, and a lab needs up to {FILES}"
        return cause, MORE_FILES
    size, free = room.f_blocks * room.f_frsize, room.f_bavail * room.f_frsize
    if size < SMALL:
        return f"no room to {doing}: {DIRECTORY} has {size:,} bytes in all", f"G{GIVE[1:]}."
    cause = f"no room to {doing}: {DIRECTORY} has {free:,} bytes free"
    return cause, f"Stop other labs, run `shmlab clean`, ask for fewer slots or a smaller payload, or {GIVE}."
