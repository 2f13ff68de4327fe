"""A worker that kills itself at a certain instruction: `python -P -m tests.faults.dying AT NAME ROW OWNER ...`.

It runs the real worker's program, counts the bytecode instructions of put or get and of all that the worker does around
them, from its tenth item on, and sends itself SIGKILL before number AT of the eleventh. With `settle:AT` it counts
those of the first settlement of its receipts instead.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

from shmlab.memory import receipts
from shmlab.worker import program

WARM = 10  # items before the one at which it dies
WATCHED = ("program.py", "buf.py", "semaphores.py", "receipts.py", "item.py", "condition.py", "condition_variable.py")
WATCHED += ("busy_waiting.py", "unbounded.py", "unsynchronised.py", "segment.py")


def die_at(instruction: int) -> None:
    """Arrange for it: the instructions of item number WARM are counted from 0."""
    items = count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal items, count
        name = frame.f_code.co_name
        if event == "call":
            if name in ("produce", "consume"):
                items += 1
            if not frame.f_code.co_filename.endswith(WATCHED):
                return None
            frame.f_trace_opcodes = True  # from the first on: Python 3.13 tells of instructions from the second call on
            return trace
        if event == "opcode" and items == WARM + 1:
            if count == instruction:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
        return trace

    sys.settrace(trace)


def die_settling(instruction: int) -> None:
    """Arrange for it: the instructions of the first settlement are counted from 0."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if event == "call":
            frame.f_trace_opcodes = frame.f_code is receipts.settle.__code__
            return trace if frame.f_trace_opcodes else None
        if event == "opcode":
            if count == instruction:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
        return trace

    sys.settrace(trace)


if __name__ == "__main__":
    where, _, number = sys.argv[1].rpartition(":")
    (die_settling if where else die_at)(int(number))
    sys.exit(program.main(sys.argv[2:]))
