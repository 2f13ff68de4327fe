"""Stop a process while it is in its critical section: it is stopped, looked at, and let go again if it has left."""

import signal
from collections.abc import Callable
from time import sleep

from shmlab.memory.waiting import Deadline, until
from shmlab.processes.supervisor import RunningProgram

LOOK = 0.0005  # seconds between two looks
MOMENT = 0.001  # seconds until a signal has reached its process


def catch(process: RunningProgram, inside: Callable[[], bool], timeout: float) -> bool:
    """Stop a process (SIGSTOP) while `inside()`; False, and it goes on, if that did not come about in so many seconds.

    Somebody else may wake it again and again (SIGCONT). Where the system does not tell whether a process is stopped,
    it is taken to be so after a moment: a signal takes a while to reach another processor.
    """
    deadline = Deadline(timeout)
    while until(lambda: process.ended.is_set() or inside(), deadline, LOOK) and not process.ended.is_set():
        process.signal(signal.SIGSTOP)
        until(lambda: process.ended.is_set() or process.stopped() is not False, deadline, LOOK)
        if process.stopped() is None:
            sleep(MOMENT)
        if process.stopped() is not False and inside():
            return True  # it cannot let go any more
        process.signal(signal.SIGCONT)
        if deadline.over:
            break
    return False
