"""What a row alone cannot tell of a worker: items per second, share of a processor, stalled or dead.

Rates are measured over the last seconds: long enough to see a few items of a slow worker, short
enough to follow a slider.
"""

import time
from collections import deque
from dataclasses import replace

from shmlab.processes import Program
from shmlab.snapshot import Worker

SAMPLE = 0.1  # seconds between two samples, at least
SHORTEST, LONGEST = 1.0, 10.0  # seconds that a rate is measured over,
ITEMS = 5  # or as long as this many items should take


class Meter:
    """Watches one worker from its start on."""

    def __init__(self) -> None:
        self._samples = deque([(time.monotonic(), 0, 0.0)])
        self._stopped = False

    def restart(self, items: int, process: Program) -> None:
        """Measure afresh from here, where the worker has done so many items: it was asked for another rate."""
        self._samples = deque([(time.monotonic(), items, process.cpu_seconds())])

    def measure(self, worker: Worker, process: Program) -> Worker:
        """The worker, completed with what its process shows."""
        now = time.monotonic()
        if now - self._samples[-1][0] >= SAMPLE:
            self._stopped = bool(process.stopped())  # where the system does not tell, it is shown as it says itself
            self._samples.append((now, worker.items, process.cpu_seconds()))
            span = min(LONGEST, max(SHORTEST, ITEMS / worker.rate if worker.rate else 0))
            while len(self._samples) > 2 and now - self._samples[1][0] >= span:
                self._samples.popleft()
        (began, items, cpu), (last, items_now, cpu_now) = self._samples[0], self._samples[-1]
        elapsed = last - began
        if elapsed > 0:
            worker = replace(worker, achieved=(items_now - items) / elapsed, cpu=max(0.0, cpu_now - cpu) / elapsed)
        if process.mourned.is_set():
            state = _end(process, worker)
            error = _error(process) if state == "failed" else None
            return replace(worker, alive=False, state=state, achieved=0.0, cpu=0.0, error=error)
        return replace(worker, state="stalled", achieved=0.0) if self._stopped else worker


def _end(process: Program, worker: Worker) -> str:
    if worker.state == "ended":
        return "ended"
    return "killed" if process.returncode and process.returncode < 0 else "failed"


def _error(process: Program) -> str:
    """The last line that a failed program printed."""
    lines = [line for line in process.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"ended of its own accord, with status {process.returncode}"
