"""A claim on a name under which nothing exists yet: a locked file under a private name.

The creator of a segment claims its name first, then makes the semaphores, and gives the segment its name last. Until
then the claim's file represents it. Its own name is a hash of the claimed one, so a stranger who watches the directory
cannot find out which names are about to be used; a process of the same user that finds `sem.shmlab-….mutex` without a
segment can check whether the segment is being created: it computes the hash and looks.

Invariant: a claim is locked (flock) for as long as its creator lives, and while it exists it is older than
everything under the claimed name. So a claim whose lock can be taken is a dead process's, and may be swept.
"""

import contextlib
import fcntl
import os
import stat

from shmlab.memory.limits import is_segment_name

DIRECTORY = "/dev/shm"  # where Linux keeps the names of POSIX shared memory
SUFFIX = ".new"


class Claim:
    """A claim on `name`. `take` makes it; from then on `fd` is its file, open and locked; `close` gives it up."""

    def __init__(self, name: str) -> None:
        self.name, self.path, self.fd = name, path(name), -1
        self.call = ""  # the most recent system call, so that an error can say which one was refused

    def take(self) -> "Claim":
        """Create the file and lock it. Raises FileExistsError, OSError."""
        try:
            while True:
                self.call = "open"
                self.fd = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
                self.call = "fchmod"
                os.fchmod(self.fd, 0o600)  # regardless of the umask
                self.call = "flock"
                fcntl.flock(self.fd, fcntl.LOCK_EX)  # a sweeper may get in first, hold it for a moment, and unlink
                if os.fstat(self.fd).st_nlink:
                    return self
                self.close()
        except BaseException:
            self.close()
            raise

    def move(self, name: str) -> str:
        """Claim `name` instead. Raises OSError."""
        os.rename(self.path, path(name))
        self.name, self.path = name, path(name)
        return name

    def publish(self) -> None:
        """Give the file the claimed name, which then represents it. Raises FileExistsError if it is taken."""
        self.call = "link"
        os.link(self.path, f"{DIRECTORY}/{self.name}")
        os.unlink(self.path)

    def close(self) -> None:
        """Give up the claim, published or not. Calling it twice is harmless."""
        if self.fd < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        fd, self.fd = self.fd, -1
        os.close(fd)


def path(name: str) -> str:
    """Return the path of the file that is the claim on `name`."""
    import hashlib  # imported here: it takes milliseconds to load, and a worker claims nothing

    return f"{DIRECTORY}/shmlab-{hashlib.sha256(name.encode()).hexdigest()[:16]}{SUFFIX}"


def stands(name: str) -> bool:
    """Return whether a process of this user has claimed `name`; also true for a dead one's claim not yet swept."""
    return ours(path(name))


def ours(path: str) -> bool:
    """Return whether there may be a file of this user at `path`; also if access is denied, unlike `os.path.exists`."""
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except OSError as error:
        return not isinstance(error, FileNotFoundError)


def remove(path: str) -> bool:
    """Unlink the file at `path` if this user owns it, even when root; return whether it did."""
    with contextlib.suppress(OSError):
        if ours(path):
            os.unlink(path)
            return True
    return False


def sweep() -> list[str]:
    """Unlink the claims of this user's dead processes; return their names."""
    swept = []
    for entry in os.listdir(DIRECTORY):
        is_private = entry.endswith(SUFFIX) and is_segment_name(entry.removesuffix(SUFFIX))
        if is_private and _sweep(f"{DIRECTORY}/{entry}"):
            swept.append(entry)
    return swept


def _sweep(path: str) -> bool:
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            info = os.fstat(fd)
            if info.st_uid == os.geteuid() and stat.S_ISREG(info.st_mode):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)  # while the lock is held: a process that has just created it finds it gone, and retries
                return True
        finally:
            os.close(fd)
    return False
