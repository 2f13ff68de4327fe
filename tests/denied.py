"""Run a command on a kernel that refuses some calls: `python -m tests.denied NAME[,NAME...] -- COMMAND...`.

A seccomp filter answers each as a sandbox or an old kernel does, for the command and all that it starts.
Source: seccomp(2); linux/seccomp.h, linux/filter.h.
"""

import ctypes
import errno
import os
import struct
import sys

# name: (number on x86-64, index of an argument, bits of it that make the call refused or None for any, error)
CALLS: dict[str, tuple[int, int, int, int]] = {
    "tmpfile": (257, 2, 0o20000000, errno.EOPNOTSUPP),  # openat with O_TMPFILE
    "pidfd_open": (434, 0, 0, errno.ENOSYS),
    "membarrier": (324, 0, 0, errno.ENOSYS),
}
LOAD, EQUAL, BITS, RETURN = 0x20, 0x15, 0x45, 0x06
REFUSED, ALLOWED = 0x0005_0000, 0x7FFF_0000
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2


def program(names: list[str]) -> bytes:
    """The filter, instruction by instruction."""
    made = []
    for name in names:
        number, argument, bits, error = CALLS[name]
        refuse = (RETURN, 0, 0, REFUSED | error)
        made.append((LOAD, 0, 0, 0))
        if bits:
            made += [(EQUAL, 0, 3, number), (LOAD, 0, 0, 16 + 8 * argument), (BITS, 0, 1, bits), refuse]
        else:
            made += [(EQUAL, 0, 1, number), refuse]
    return b"".join(struct.pack("HBBI", *one) for one in [*made, (RETURN, 0, 0, ALLOWED)])


def refuse(names: list[str]) -> None:
    """Refuse these calls to this process, for good. Raises OSError."""

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    code = program(names)
    made = Filter(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(made)):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


if __name__ == "__main__":
    refuse(sys.argv[1].split(","))
    os.execvp(sys.argv[3], sys.argv[3:])
