"""What the operating system refused, as an error that says what to do about it."""

import errno
import os

from shmlab.claim import DIRECTORY
from shmlab.errors import NoRoom

DOCTOR = "`shmlab doctor` looks at the machine, `shmlab clean` frees what dead labs left."


def no_room(error: Exception, doing: str, step: str = "") -> NoRoom:
    """An error of the system that kept somebody from `doing` something, in one `step` of it, with its cure."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC:
        free = os.statvfs(DIRECTORY)
        cause = f"no room to {doing}: {DIRECTORY} has {free.f_bavail * free.f_frsize:,} bytes free"
        cure = "Stop other labs, remove leftovers with `shmlab clean`, or ask for fewer slots or a smaller payload."
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
        cure = DOCTOR
    return NoRoom(number, f"{cause}. {cure}")
