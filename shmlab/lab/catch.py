"""Stop a process in its critical section: stop it, check where it is, and continue it if it has already left."""

import signal
from collections.abc import Callable
from time import sleep

from shmlab.memory.waiting import Deadline, until
from shmlab.processes.supervisor import RunningProgram

LOOK = 0.0005  # seconds between two checks
MOMENT = 0.001  # seconds until a signal has been delivered


def catch(process: RunningProgram, inside: Callable[[], bool], timeout: float) -> bool:
    """Stop `process` (SIGSTOP) while `inside()` holds; return False, and let it continue, after `timeout` seconds.

    Another process may continue it repeatedly (SIGCONT). If the system does not report whether a process is stopped,
    assume so after MOMENT: a signal takes a while to reach another processor.
    """
    deadline = Deadline(timeout)
    while until(lambda: process.ended.is_set() or inside(), deadline, LOOK) and not process.ended.is_set():
        process.signal(signal.SIGSTOP)
        until(lambda: process.ended.is_set() or process.stopped() is not False, deadline, LOOK)
        if process.stopped() is None:
            sleep(MOMENT)
        if process.stopped() is not False and inside():
            return True  # stopped, it cannot release the lock
        process.signal(signal.SIGCONT)
        if deadline.over:
            break
    return False
