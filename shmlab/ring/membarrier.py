"""Asymmetric fences: `barrier()` returns once every process that has called `register()` has executed a fence.

The call interrupts each processor that runs such a process; a process that is not running executed a fence when it was
descheduled. So the frequent side of a protocol needs no fence of its own if the rare side calls `barrier`. It takes
microseconds, on x86 from Linux 4.16 on.
Source: Linux man-pages, membarrier(2).
"""

import ctypes
import os

NUMBER = {"x86_64": 324}  # system call number; not used on other processors
GLOBAL_EXPEDITED, REGISTER_GLOBAL_EXPEDITED = 1 << 1, 1 << 2

_number = NUMBER.get(os.uname().machine)
_call = ctypes.CDLL(None).syscall


def register() -> bool:
    """Register this process. Return False if the system call does not exist or a sandbox forbids it."""
    return _number is not None and _call(_number, REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0


def barrier() -> None:
    """Make every registered process, and this one, execute a fence before this call returns."""
    _call(_number, GLOBAL_EXPEDITED, 0, 0)
