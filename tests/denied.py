"""Run a command on a system that refuses some calls: `python -m tests.denied NAME[=ERROR][,NAME…] -- COMMAND…`.

NAME is one of `NAMES`, `TOGETHER` or `HIDING`, ERROR the name of an errno. A filter of the kernel (seccomp) refuses the
calls to the command and to all that it starts, as a sandbox or an old kernel would; it needs no rights. `proc` hides
/proc instead, and `shm` makes /dev/shm empty and read-only, in a mount namespace of the command's own, for which one
must be root or be allowed user namespaces.
Source: Linux man-pages, seccomp(2), seccomp_unotify(2), bpf(2).
"""

import ctypes
import errno
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LOAD, EQUALS, AT_LEAST, ANY_BIT, SAY = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of the filter
NUMBER, ARGUMENTS = 0, 16  # where the system call's number and its arguments stand in what the filter sees
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CLONE_NEWNS, CLONE_NEWUSER, MS_REC, MS_PRIVATE, MS_RDONLY = 0x20000, 0x10000000, 0x4000, 1 << 18, 1
NEWEST = 1 << 16  # there is no system call from this number on

X86 = os.uname().machine == "x86_64"


def _number(x86: int, arm: int) -> int:
    return x86 if X86 else arm


PRCTL, FCNTL, OPENAT = _number(157, 167), _number(72, 25), _number(257, 56)
O_TMPFILE = os.O_TMPFILE & ~os.O_DIRECTORY
# name: the calls' numbers; which argument is looked at (None: refused whatever it says), for which values; the error
NAMES: dict[str, tuple[tuple[int, ...], int | None, tuple[int, ...], int]] = {
    "pidfd_open": ((434,), None, (), errno.ENOSYS),
    "pidfd_send_signal": ((424,), None, (), errno.ENOSYS),
    "membarrier": ((_number(324, 283),), None, (), errno.ENOSYS),
    "prctl": ((PRCTL,), None, (), errno.EPERM),
    "pdeathsig": ((PRCTL,), 0, (1,), errno.EPERM),
    "ofd": ((FCNTL,), 1, (36, 37, 38), errno.EINVAL),
    "tmpfile": ((OPENAT,), 2, (O_TMPFILE,), errno.EOPNOTSUPP),
    "close_range": ((436,), None, (), errno.ENOSYS),
    "clone3": ((435,), None, (), errno.ENOSYS),
    "fallocate": ((_number(285, 47),), None, (), errno.EOPNOTSUPP),
    "link": ((_number(86, 37), _number(265, 37)), None, (), errno.EPERM),
    "fchmod": ((_number(91, 52),), None, (), errno.EPERM),
    "flock": ((_number(73, 32),), None, (), errno.EPERM),
    "affinity": ((_number(204, 123), _number(203, 122)), None, (), errno.EPERM),
    "nice": ((_number(141, 140),), None, (), errno.EPERM),
}
TOGETHER = {
    "pidfd": ("pidfd_open", "pidfd_send_signal"),
    "new": ("new", "tmpfile", "ofd"),  # all that came after Linux 3.10
}
HIDING = {"proc": (b"/proc", 0), "shm": (b"/dev/shm", MS_RDONLY)}
FIRST_NEW = _number(314, 274)  # sched_setattr, of Linux 3.14: the tables grew at their end


def _instruction(code: int, then: int, otherwise: int, value: int) -> bytes:
    return struct.pack("HBBI", code, then, otherwise, value)


def _refusing(name: str, error: int) -> Iterator[bytes]:
    """The instructions for one name: each loads what it needs, and falls through where the call is another."""
    if name == "new":
        refused = [_instruction(LOAD, 0, 0, NUMBER), _instruction(AT_LEAST, 0, 1, FIRST_NEW)]
        yield from [*refused, _instruction(SAY, 0, 0, REFUSE | (error or errno.ENOSYS))]
        return
    numbers, argument, values, usual = NAMES[name]
    said = _instruction(SAY, 0, 0, REFUSE | (error or usual))
    for number in numbers:
        yield _instruction(LOAD, 0, 0, NUMBER)
        if argument is None:
            yield from (_instruction(EQUALS, 0, 1, number), said)
            continue
        test = ANY_BIT if name == "tmpfile" else EQUALS
        yield _instruction(EQUALS, 0, 1 + 2 * len(values), number)
        yield _instruction(LOAD, 0, 0, ARGUMENTS + 8 * argument)
        for value in values:
            yield from (_instruction(test, 0, 1, value), said)


def refuse(wanted: str) -> None:
    """Refuse from now on, to this process and its descendants, what `wanted` names. Raises OSError, KeyError."""
    program = []
    for part in wanted.split(",") if wanted else []:
        name, _, error = part.partition("=")
        if name in HIDING:
            _hide(*HIDING[name])
            continue
        for one in TOGETHER.get(name, (name,)):
            program += list(_refusing(one, getattr(errno, error) if error else 0))
    program.append(_instruction(SAY, 0, 0, ALLOW))
    text = ctypes.create_string_buffer(b"".join(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "this system has no filters for system calls")


def _hide(place: bytes, flags: int) -> None:
    """Mount an empty file system over `place`, for this process and those that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    alone = user != 0
    if libc.unshare(CLONE_NEWNS | CLONE_NEWUSER * alone):
        raise OSError(ctypes.get_errno(), "no mount namespace of one's own here")
    if alone:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text)
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) or libc.mount(b"none", place, b"tmpfs", flags, None):
        raise OSError(ctypes.get_errno(), f"{place.decode()} cannot be hidden")


def can(wanted: str) -> bool:
    """Whether this system lets us refuse that."""
    return subprocess.run([*command(wanted), "true"], capture_output=True, timeout=30).returncode == 0


def command(wanted: str) -> list[str]:
    """The beginning of a command that runs under this refusal."""
    return [sys.executable, "-m", "tests.denied", wanted, "--"]


if __name__ == "__main__":
    refuse(sys.argv[1])
    os.execvp(sys.argv[3], sys.argv[3:])
