"""Kernel, C library, sandbox and limits of this system, and the calls that a sandbox or an old kernel may refuse.

Source: Linux man-pages, cgroups(7), seccomp(2); Linux kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from shmlab.doctor.finding import Finding, guarded, hint
from shmlab.memory import libc, segment
from shmlab.ring import membarrier

MEBI = 1 << 20
LITTLE = 512 * MEBI  # bytes of memory at which a kernel and a few workers reach the limit
CGROUPS = Path("/sys/fs/cgroup")
GVISOR = "#1 SMP Sun Jan 10 15:06:54 PST 2016"  # the version that its kernel always reports
PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2
QUERY = 0  # of membarrier
FULL = "Stop other labs, run `shmlab clean`, or give more (Docker: --shm-size=256m)."
KERNEL, LIBRARY = (3, 10), (2, 21)  # the oldest with which shmlab works


def system() -> Finding:
    """Check the kernel, the C library and the architecture."""
    name, library = os.uname(), libc.glibc()
    found = f"{name.sysname} {name.release}, {library or 'no glibc'}, {name.machine}"
    cure = ""
    if not library:
        cure = "shmlab needs the GNU C library: take an image of Debian, Ubuntu or Fedora, not of Alpine (musl)."
    elif _version(name.release) < KERNEL or _version(library) < LIBRARY:
        cure = "shmlab needs Linux 3.10 and glibc 2.21, or newer ones: take a newer system or image."
    return Finding("system", found, cure)


def _version(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version string, such as (2, 36) for "glibc 2.36"."""
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


def sandbox() -> Finding:
    """Report what stands between this process and the kernel, as far as it can be detected."""
    found = []
    if os.uname().version == GVISOR:
        found.append("gVisor")
    if os.path.exists("/.dockerenv"):
        found.append("a Docker container")
    elif os.path.exists("/run/.containerenv"):
        found.append("a Podman container")
    elif "KUBERNETES_SERVICE_HOST" in os.environ:
        found.append("a Kubernetes container")
    with contextlib.suppress(OSError):
        if "\nSeccomp:\t2" in Path("/proc/self/status").read_text(errors="surrogateescape"):
            found.append("a filter of system calls")
    return Finding("sandbox", ", ".join(found) or "none seen")


def limits() -> Finding:
    """Check how much of the processors and the memory a container may use."""
    cpus, memory = processors(), most_memory()
    found = [f"{cpus:g} processors"] if cpus else []
    found += [f"{memory / MEBI:,.0f} MiB of memory"] if memory else []
    few, little = cpus is not None and cpus < 1, memory is not None and memory < LITTLE
    cure = "Processes wait for their share of a processor: rates are lower than you ask for." if few else ""
    cure = "A kernel takes about 90 MiB and each worker 6: keep labs small, or allow more." if little else cure
    return hint("limits", ", ".join(found) or "none on processors or memory", cure)


def processors(root: Path = CGROUPS, me: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return how many processors this cgroup may use; None for all."""
    found = []
    for text in _settings("cpu", "cpu.max", root, me):
        with contextlib.suppress(ValueError, ZeroDivisionError):  # "max", or unreadable
            most, period = map(int, text.split())
            found.append(most / period)
    for folder in _folders("cpu", root, me):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota = int((folder / "cpu.cfs_quota_us").read_text())
            if quota > 0:
                found.append(quota / int((folder / "cpu.cfs_period_us").read_text()))
    return min(found, default=None)


def most_memory(root: Path = CGROUPS, me: Path = Path("/proc/self/cgroup")) -> int | None:
    """Return the bytes that this cgroup may use; None for no limit."""
    texts = [*_settings("memory", "memory.max", root, me), *_settings("memory", "memory.limit_in_bytes", root, me)]
    found = [int(text) for text in texts if text.isdecimal()]  # others are "max", or unreadable
    return min((size for size in found if size < 1 << 60), default=None)  # version 1 has a huge number for "no limit"


def _settings(controller: str, name: str, root: Path, me: Path) -> Iterator[str]:
    for folder in _folders(controller, root, me):
        with contextlib.suppress(OSError, UnicodeError):
            yield (folder / name).read_text().strip()


def _folders(controller: str, root: Path, me: Path) -> list[Path]:
    """Return the folders of this process's cgroup and its ancestors, in version 2 and in version 1."""
    found = []
    with contextlib.suppress(OSError, ValueError):
        for line in me.read_text(errors="surrogateescape").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = root / controller if controllers else root
            inner = top / path.lstrip("/")
            found += [folder for folder in (inner, *inner.parents) if folder == top or top in folder.parents]
    return found


# --- the calls ---------------------------------------------------------------------------------------------------


class NoFile(OSError):
    """The error that there is no file to try a call on."""


def calls() -> Iterator[Finding]:
    """Try each call that a sandbox or an old kernel may refuse."""
    for what, (call, cure, essential) in CALLS.items():
        yield guarded(what, partial(_tried, what, call, cure, essential))


def _tried(what: str, call: Callable[[], None], cure: str, essential: bool) -> Finding:
    try:
        call()
    except NoFile:
        return hint(what, "not tried", f"It needs a file in {segment.DIRECTORY}: see the line `{WRITE}`.")
    except OSError as error:
        cure = FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else cure
        return Finding(what, f"refused: {error.strerror}", cure, essential)
    return Finding(what, "works")


def _pidfds() -> None:
    import signal

    try:
        os.close(os.pidfd_open(os.getpid()))
    except AttributeError:
        raise OSError(errno.ENOSYS, "pidfd_open is unknown to this Python") from None
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (pidfd_open)") from None
    try:
        signal.pidfd_send_signal(-1, 0)
    except AttributeError:
        raise OSError(errno.ENOSYS, "pidfd_send_signal is unknown to this Python") from None
    except OSError as error:
        if error.errno != errno.EBADF:  # the answer of a kernel that has the call
            raise OSError(error.errno, f"{error.strerror} (pidfd_send_signal)") from None


def _membarrier() -> None:
    number = membarrier.NUMBER.get(os.uname().machine)
    if number is not None and not _commands(number) & membarrier.REGISTER_GLOBAL_EXPEDITED:
        raise OSError(errno.EINVAL, "this kernel has no MEMBARRIER_CMD_GLOBAL_EXPEDITED, which is of Linux 4.16")


def _commands(number: int) -> int:
    """Return the set of membarrier commands that this kernel supports. Raises OSError."""
    return _checked(int(ctypes.CDLL(None, use_errno=True).syscall(number, QUERY, 0, 0)))


def _pdeathsig() -> None:
    library, now = ctypes.CDLL(None, use_errno=True), ctypes.c_int()
    _checked(library.prctl(PR_GET_PDEATHSIG, ctypes.byref(now)))
    _checked(library.prctl(PR_SET_PDEATHSIG, now.value))  # as it was


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _proc() -> None:
    for name in ("stat", "maps", "environ"):
        with open(f"/proc/self/{name}", "rb") as file:
            file.read(1)


def _waitid() -> None:
    with contextlib.suppress(ChildProcessError):  # it is not a child of its own
        os.waitid(os.P_PID, os.getpid(), os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _write() -> None:
    with tempfile.NamedTemporaryFile(dir=segment.DIRECTORY, prefix=OURS):
        pass


@contextlib.contextmanager
def _file() -> Iterator[tuple[int, str]]:
    """Create a temporary empty file where segments are; yield its descriptor and its path. Raises NoFile."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(tempfile.NamedTemporaryFile(dir=segment.DIRECTORY, prefix=OURS))
        except OSError as error:
            raise NoFile from error
        yield file.fileno(), file.name


def _fchmod() -> None:
    with _file() as (fd, _):
        os.fchmod(fd, 0o600)


def _flock() -> None:
    with _file() as (fd, _):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _ofd() -> None:
    with _file() as (fd, _):
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0))


def _fallocate() -> None:
    with _file() as (fd, _):
        os.posix_fallocate(fd, 0, 1)


def _link() -> None:
    with _file() as (_, path):
        other = f"{path}.link"
        os.link(path, other)
        os.unlink(other)


OURS = "shmlab-doctor-"  # prefix of the files that are created to try calls on
WRITE = f"write in {segment.DIRECTORY}"
NONE = "No lab and no ring can be created"
# what is tried, how, what is done instead or what to do, and whether labs depend on it
CALLS: dict[str, tuple[Callable[[], None], str, bool]] = {
    "pidfds": (
        _pidfds,
        "Our own processes are waited for by threads instead; programs that join a lab are watched by their locks.",
        False,
    ),
    "membarrier": (
        _membarrier,
        "The fast ring (shmlab.Ring) makes a fence for each item instead: it is slower.",
        False,
    ),
    "PR_SET_PDEATHSIG": (
        _pdeathsig,
        "A worker that is stalled when its owner is killed stays until the next lab starts, or until `shmlab clean`.",
        False,
    ),
    "/proc": (
        _proc,
        "Nothing tells whether a program that joins a lab is stalled, and lessons 01 to 04 show less. "
        "Mount it: mount -t proc proc /proc",
        False,
    ),
    "waitid": (_waitid, "The end of a process is not noticed: allow waitid(2) in this sandbox.", True),
    WRITE: (_write, f"{NONE}: make it writable (sudo mount -o remount,rw,mode=1777 {segment.DIRECTORY}).", True),
    "fchmod": (_fchmod, f"{NONE}: allow fchmod(2) in this sandbox.", True),
    "flock": (_flock, f"{NONE}: allow flock(2) in this sandbox.", True),
    "F_OFD_SETLK": (
        _ofd,
        "The older lock of fcntl(2) is used instead: it does not keep two parts of one program apart.",
        False,
    ),
    "fallocate": (_fallocate, "Memory is reserved by writing zeros instead.", False),
    "link": (_link, f"{NONE}: allow link(2) and linkat(2) in this sandbox.", True),
}
