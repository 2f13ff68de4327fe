"""Scratch folders: each is locked by its creator, so that one whose owner has died is recognised and removed.

A folder is removed when its owner closes it, or, if the owner has been killed, when the next lab starts, or by
`shmlab clean`. A cleanup covers its own temporary folder (TMPDIR) and those of the programs that it ends. A program
may include the name of its scratch folder in names in /dev/shm: these files are removed with the folder.

Invariant: a folder is locked (flock) for as long as its creator lives. So one whose lock can be taken is left over.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterable

from shmlab.memory import name_claim

PREFIX = "shmlab-scratch-"
PATTERN = re.compile(rf"{PREFIX}\w+")


class Scratch:
    """A new folder of this user, `path`, kept until `close`, the end of a `with` or of this process. Raises OSError."""

    def __init__(self) -> None:
        while True:
            self.path = tempfile.mkdtemp(prefix=PREFIX)
            self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with contextlib.suppress(OSError):  # a folder that cannot be locked is not mistaken for a leftover either
                fcntl.flock(self._fd, fcntl.LOCK_EX)  # a sweeper may get in first, hold it for a moment, and remove it
            if os.path.lexists(self.path):
                return
            os.close(self._fd)

    @property
    def name(self) -> str:
        """The last part of its path: files in /dev/shm whose names contain it are removed with the folder."""
        return os.path.basename(self.path)

    def close(self) -> None:
        """Remove the folder. Calling it twice is harmless."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            remove(self.path)
            os.close(fd)

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()


def remove(path: str) -> bool:
    """Remove a folder and what is named after it; return False if a program has just written into it: call again."""
    forget(os.path.basename(path))
    shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)


def forget(name: str) -> None:
    """Unlink all files of this user in /dev/shm whose names contain `name`: other programs may have copied it."""
    with contextlib.suppress(OSError):
        for entry in os.listdir(name_claim.DIRECTORY):
            if name in entry:
                name_claim.remove(f"{name_claim.DIRECTORY}/{entry}")


def sweep(elsewhere: Iterable[str] = ()) -> list[str]:
    """Remove this user's folders whose owner has died, in TMPDIR and in `elsewhere`; return their paths."""
    swept: list[str] = []
    with contextlib.suppress(OSError):  # no writable TMPDIR: this must not keep a lab from starting
        elsewhere = {tempfile.gettempdir(), *elsewhere}
    for place in elsewhere:
        with contextlib.suppress(OSError):  # nor must a folder that may not be listed
            swept += [path for entry in os.listdir(place) if _sweep(path := os.path.join(place, entry))]
    return swept


def _sweep(path: str) -> bool:
    if not PATTERN.fullmatch(os.path.basename(path)) or not name_claim.ours(path):
        return False
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return remove(path)
    except OSError:  # its owner is alive
        return False
    finally:
        os.close(fd)
