"""Isolate a process with Linux mechanisms: namespaces, read-only mounts, no capabilities.

A process in its own namespaces sees no network, no other process, and only shared memory that it has created itself.
Every mount is read-only except for one folder, which is a file system in memory. No root is needed where the system
lets users create namespaces; many containers do not.

A read-only mount does not keep a process from talking to a program through its socket, wherever that is: a terminal
multiplexer, an agent, a container engine. So everything but the system's own folders and those that are `needed` is
hidden, including the work of others.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

NEW_MOUNTS, NEW_USER, NEW_IPC, NEW_PIDS, NEW_NETWORK = 0x20000, 0x10000000, 0x8000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES = 1, 2, 4  # same values for mount and mount_setattr
BIND, MOVE, RECURSIVE, PRIVATE = 1 << 12, 1 << 13, 1 << 14, 1 << 18
HERE, ALL_BELOW, MOUNT_SETATTR = -100, 0x8000, 442
SET_DEATH_SIGNAL, SET_SUBREAPER, NO_NEW_PRIVILEGES = 1, 36, 38
CAPABILITIES_3 = 0x20080522
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1
MEMORY = 512 << 20  # bytes of the folder, and of /dev/shm
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
SYSTEM = {"bin", "dev", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc", "sbin", "sys", "usr"}

libc = ctypes.CDLL(None, use_errno=True)


def control(what: int, value: int) -> None:
    """Call prctl. Raises OSError."""
    _checked("prctl", libc.prctl(what, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3))


def enter(everything: bool) -> None:
    """Enter a new network namespace and, with `everything`, also a PID namespace. Raises OSError.

    The next child is then the init process of that namespace; it has to call `mount_all`.
    """
    user, group = os.geteuid(), os.getegid()
    flags = NEW_USER | NEW_NETWORK | (NEW_PIDS | NEW_IPC if everything else 0)
    _checked("unshare", libc.unshare(flags))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _loopback()


def mount_all(folder: Path, needed: Iterable[Path]) -> None:
    """Make every mount read-only, hide what is not `needed`, mount an empty `folder`, /dev, /dev/shm and /proc.

    Raises OSError.
    """
    _checked("unshare", libc.unshare(NEW_MOUNTS))
    _mount("none", "/", "", PRIVATE | RECURSIVE)
    _attributes("/", READ_ONLY | NO_SETUID, ALL_BELOW)
    _devices(folder)
    _hide(folder, [path.resolve() for path in needed])
    for place in (str(folder), "/dev/shm"):
        _mount("none", place, "tmpfs", NO_SETUID | NO_DEVICES, f"size={MEMORY},mode=0700")
    _mount("none", "/proc", "proc", READ_ONLY | NO_SETUID | NO_DEVICES)  # root could change system settings there


def _devices(folder: Path) -> None:
    """Replace /dev by one with harmless devices only: a device can be written to even on a read-only mount.

    The new one is built in `folder`, while the old one is still visible, and then moved.
    """
    _mount("none", str(folder), "tmpfs", NO_SETUID, "size=64k,mode=0755")
    for name in DEVICES:
        (folder / name).touch()
        _mount(f"/dev/{name}", str(folder / name), "", BIND)
    for name, to in LINKS.items():
        (folder / name).symlink_to(to)
    for name in ("shm", "pts"):
        (folder / name).mkdir()
    _mount("none", str(folder / "pts"), "devpts", NO_SETUID, "newinstance,ptmxmode=0666,mode=0620")
    _attributes(str(folder), READ_ONLY)
    _mount(str(folder), "/dev", "", MOVE)


def _hide(folder: Path, needed: list[Path]) -> None:
    """Mount an empty folder over each top-level folder that is not the system's, then remount what is `needed`."""
    for top in Path("/").iterdir():
        if top.name in SYSTEM or top.is_symlink() or not top.is_dir():
            continue
        wanted = _outermost(path for path in needed if path.is_relative_to(top) and path.is_dir())
        if top in wanted:
            continue
        opened = {path: os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in wanted}
        _mount("none", str(top), "tmpfs", NO_SETUID | NO_DEVICES, "size=1m,mode=0755")
        for path, number in opened.items():
            path.mkdir(parents=True)
            _mount(f"/proc/self/fd/{number}", str(path), "", BIND | RECURSIVE)
            os.close(number)
        if folder.is_relative_to(top):
            folder.mkdir(parents=True, exist_ok=True)
        _attributes(str(top), READ_ONLY)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return those of these folders that are not inside another of them."""
    found: list[Path] = []
    for path in sorted(set(paths), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def _attributes(place: str, on: int, how: int = 0) -> None:
    attributes = struct.pack("QQQQ", on, 0, 0, 0)
    code = libc.syscall(MOUNT_SETATTR, HERE, place.encode(), how, attributes, ctypes.c_size_t(len(attributes)))
    _checked("mount_setattr", code)


def drop_capabilities() -> None:
    """Give up all capabilities for good, so that the mounts cannot be changed. Raises OSError."""
    control(NO_NEW_PRIVILEGES, 1)
    header, none = struct.pack("Ii", CAPABILITIES_3, 0), bytes(24)
    _checked("capset", libc.capset(header, none))


def _loopback() -> None:
    """Bring up 127.0.0.1, the only address in a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = b"lo".ljust(16, b"\0")
        flags = struct.unpack_from("16sh", fcntl.ioctl(any_socket, GET_FLAGS, name + bytes(24)))[1]
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", name, flags | UP))


def _mount(source: str, place: str, kind: str, flags: int, how: str = "") -> None:
    code = libc.mount(source.encode(), place.encode(), kind.encode(), ctypes.c_ulong(flags), how.encode())
    _checked(f"mount {place}", code)


def _checked(what: str, code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
