"""Scratch folders: each is locked by whoever made it, so that one whose owner has died is recognised and removed.

A folder goes when its owner closes it, or, if the owner has been killed, when the next lab starts, or by
`shmlab clean`. Whoever cleans up looks into its own temporary folder (TMPDIR), and into those of the programs that it
ends. A program may name what it makes in /dev/shm after its scratch folder: that goes with the folder.

Invariant: a folder is locked (flock) for as long as whoever made it lives. So one whose lock can be taken is left over.
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
    """A new folder of this user, `path`, until `close`, the end of a `with`, or this process's. Raises OSError."""

    def __init__(self) -> None:
        while True:
            self.path = tempfile.mkdtemp(prefix=PREFIX)
            self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with contextlib.suppress(OSError):  # where a folder cannot be locked, nobody takes it for left over either
                fcntl.flock(self._fd, fcntl.LOCK_EX)  # a sweeper that came in between has it for a moment, and removes
            if os.path.lexists(self.path):
                return
            os.close(self._fd)

    @property
    def name(self) -> str:
        """Its name without the place: what in /dev/shm begins with it is removed with the folder."""
        return os.path.basename(self.path)

    def close(self) -> None:
        """Remove it. Twice does no harm."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            remove(self.path)
            os.close(fd)

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()


def remove(path: str) -> bool:
    """Remove a folder and what is named after it; False if a program has just written into it: then call again."""
    forget(os.path.basename(path))
    shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)


def forget(name: str) -> None:
    """Take everything of this user out of /dev/shm whose name contains `name`: others may have copied the name."""
    with contextlib.suppress(OSError):
        for entry in os.listdir(name_claim.DIRECTORY):
            if name in entry:
                name_claim.remove(f"{name_claim.DIRECTORY}/{entry}")


def sweep(elsewhere: Iterable[str] = ()) -> list[str]:
    """Remove this user's folders whose owner has died, in TMPDIR and in `elsewhere`; tells which."""
    swept: list[str] = []
    with contextlib.suppress(OSError):  # no TMPDIR that may be written to: it does not keep a lab from starting
        elsewhere = {tempfile.gettempdir(), *elsewhere}
    for place in elsewhere:
        with contextlib.suppress(OSError):  # nor one that may not be listed
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
    except OSError:  # its owner lives
        return False
    finally:
        os.close(fd)
