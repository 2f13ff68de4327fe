"""A fence on behalf of others: `barrier()` returns after every process that has called `register()` made one.

The call interrupts each processor that runs such a process; one that does not run has passed a fence when it was
taken off its processor. So those who do something often need no fence of their own, if those who do the other thing
rarely call this. It takes microseconds, on x86 from Linux 4.16 on.
Source: Linux man-pages, membarrier(2).
"""

import ctypes
import os

NUMBER = {"x86_64": 324}  # of the system call; elsewhere it is not used
GLOBAL_EXPEDITED, REGISTER_GLOBAL_EXPEDITED = 1 << 1, 1 << 2

_number = NUMBER.get(os.uname().machine)
_call = ctypes.CDLL(None).syscall


def register() -> bool:
    """Take part. False where there is no such call, or a sandbox forbids it."""
    return _number is not None and _call(_number, REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0


def barrier() -> None:
    """Every process that takes part has made a fence between the call and the return; so has this one."""
    _call(_number, GLOBAL_EXPEDITED, 0, 0)
