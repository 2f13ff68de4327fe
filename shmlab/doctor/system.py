"""Kernel, C library, sandbox and limits of this system, and each of its calls for which shmlab has something instead.

Source: Linux man-pages, cgroups(7), seccomp(2); Linux kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from shmlab import segment
from shmlab.doctor.finding import Finding, hint
from shmlab.ring import barrier

MEBI = 1 << 20
LITTLE = 512 * MEBI  # bytes of memory with which a kernel and a few workers are at their limit
CGROUPS = Path("/sys/fs/cgroup")
GVISOR = "#1 SMP Sun Jan 10 15:06:54 PST 2016"  # what its kernel always says of itself
PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2
QUERY = 0  # of membarrier

PIDFD = "Our own processes are waited for by threads instead; programs that join a lab are known by /proc."
MEMBARRIER = "The fast ring (shmlab.Ring) makes a fence for each item instead: it is slower."
PDEATHSIG = (
    "A worker that is stalled when its owner is killed stays until the next lab starts, or until `shmlab clean`."
)
PROC = "Programs that join a lab are not seen, and lessons 01 to 04 show less. Mount it: mount -t proc proc /proc"
FLOCK = "Nothing tells whether the owner of a lab lives: allow flock(2) in this sandbox."
WAITID = "The end of a process is not noticed: allow waitid(2) in this sandbox."


def system() -> Finding:
    """Kernel, C library and architecture."""
    name = os.uname()
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # another one does not know the question
        library = ""
    found = f"{name.sysname} {name.release}, {library or 'no glibc'}, {name.machine}"
    cure = "shmlab needs the GNU C library: take an image of Debian, Ubuntu or Fedora, not of Alpine (musl)."
    return Finding("system", found, "" if library else cure)


def sandbox() -> Finding:
    """What stands between this process and the kernel, as far as it shows."""
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
    """How much of the processors and of the memory a container may use."""
    cpus, memory = processors(), most_memory()
    found = [f"{cpus:g} processors"] if cpus else []
    found += [f"{memory / MEBI:,.0f} MiB of memory"] if memory else []
    few, little = cpus is not None and cpus < 1, memory is not None and memory < LITTLE
    cure = "Processes wait for their share of a processor: rates are lower than you ask for." if few else ""
    cure = "A kernel takes about 90 MiB and each worker 6: keep labs small, or allow more." if little else cure
    return hint("limits", ", ".join(found) or "none", cure)


def processors(root: Path = CGROUPS, me: Path = Path("/proc/self/cgroup")) -> float | None:
    """How many processors this group of processes may use; None for all."""
    found = []
    for text in _settings("cpu", "cpu.max", root, me):
        most, _, period = text.partition(" ")
        if most != "max":
            found.append(int(most) / int(period))
    for folder in _folders("cpu", root, me):
        with contextlib.suppress(OSError, ValueError):
            quota = int((folder / "cpu.cfs_quota_us").read_text())
            if quota > 0:
                found.append(quota / int((folder / "cpu.cfs_period_us").read_text()))
    return min(found, default=None)


def most_memory(root: Path = CGROUPS, me: Path = Path("/proc/self/cgroup")) -> int | None:
    """Bytes that this group of processes may use; None for as many as there are."""
    texts = [*_settings("memory", "memory.max", root, me), *_settings("memory", "memory.limit_in_bytes", root, me)]
    found = [int(text) for text in texts if text != "max" and int(text) < 1 << 60]  # version 1 has a number for none
    return min(found, default=None)


def _settings(controller: str, name: str, root: Path, me: Path) -> Iterator[str]:
    for folder in _folders(controller, root, me):
        with contextlib.suppress(OSError):
            yield (folder / name).read_text().strip()


def _folders(controller: str, root: Path, me: Path) -> list[Path]:
    """The folders of this process's group and of those around it, in version 2 and in version 1."""
    found = []
    with contextlib.suppress(OSError):
        for line in me.read_text(errors="surrogateescape").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = root / controller if controllers else root
            inner = top / path.lstrip("/")
            found += [folder for folder in (inner, *inner.parents) if folder == top or top in folder.parents]
    return found


# --- the calls ---------------------------------------------------------------------------------------------------


def calls() -> Iterator[Finding]:
    """Each call that a sandbox or an old kernel may refuse, tried."""
    yield _tried("pidfd_open", _pidfd_open, PIDFD)
    yield _tried("pidfd_send_signal", _pidfd_send_signal, PIDFD)
    yield _tried("membarrier", _membarrier, MEMBARRIER)
    yield _tried("PR_SET_PDEATHSIG", _pdeathsig, PDEATHSIG)
    yield _tried("/proc", _proc, PROC)
    yield _tried("waitid", _waitid, WAITID, essential=True)
    yield _tried("flock", _flock, FLOCK, essential=True)


def _tried(what: str, call: Callable[[], None], cure: str, essential: bool = False) -> Finding:
    try:
        call()
    except (OSError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "unknown to this Python"
        return Finding(what, f"refused: {reason}", cure, essential)
    return Finding(what, "works")


def _pidfd_open() -> None:
    os.close(os.pidfd_open(os.getpid()))


def _pidfd_send_signal() -> None:
    import signal

    try:
        signal.pidfd_send_signal(-1, 0)
    except OSError as error:
        if error.errno != errno.EBADF:  # what a kernel says that has the call
            raise


def _membarrier() -> None:
    number = barrier.NUMBER.get(os.uname().machine)
    if number is not None:
        _checked(ctypes.CDLL(None, use_errno=True).syscall(number, QUERY, 0, 0))


def _pdeathsig() -> None:
    libc, now = ctypes.CDLL(None, use_errno=True), ctypes.c_int()
    _checked(libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(now)))
    _checked(libc.prctl(PR_SET_PDEATHSIG, now.value))  # as it was


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _proc() -> None:
    for name in ("stat", "maps", "environ"):
        with open(f"/proc/self/{name}", "rb") as file:
            file.read(1)


def _waitid() -> None:
    with contextlib.suppress(ChildProcessError):  # it is none of its own
        os.waitid(os.P_PID, os.getpid(), os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _flock() -> None:
    with tempfile.TemporaryFile(dir=segment.DIRECTORY) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
