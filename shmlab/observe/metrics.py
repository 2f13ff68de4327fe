"""What a worker's row does not contain: items per second, processor use, stalled or dead.

Rates are measured over the last seconds: long enough to see a few items of a slow worker, short
enough to follow a slider.
"""

import time
from collections import deque

from shmlab.observe.snapshot import FINAL, Measured
from shmlab.processes.supervisor import RunningProgram

SAMPLE = 0.1  # minimum seconds between two samples
SHORTEST, LONGEST = 1.0, 10.0  # seconds over which a rate is measured,
ITEMS = 5  # or as long as this many items should take


class Meter:
    """Measures one worker from its start on."""

    def __init__(self) -> None:
        self._samples = deque([(time.monotonic(), 0, 0.0)])
        self._stopped = False
        self._shown: Measured | None = None  # of the last sample
        self._state = ""  # the worker's state at that time

    def restart(self, items: int, process: RunningProgram) -> None:
        """Restart the measurement, with `items` done so far: the worker was given another rate."""
        self._samples = deque([(time.monotonic(), items, process.cpu_seconds())])
        self._shown = None

    def measure(self, state: str, rate: float | None, items: int, process: RunningProgram) -> Measured:
        """Return the measurements of a worker whose row says `state` and that has done so many `items`."""
        now = time.monotonic()
        samples = self._samples
        if now - samples[-1][0] >= SAMPLE:
            self._stopped = bool(process.stopped())  # if the system does not report it, the row's own state is shown
            samples.append((now, items, process.cpu_seconds()))
            span = min(LONGEST, max(SHORTEST, ITEMS / rate if rate else 0))
            while len(samples) > 2 and now - samples[1][0] >= span:
                samples.popleft()
            self._shown = None
        if process.end_handled.is_set():
            state = _end(process, state)
            return Measured(False, state, error=_error(process) if state == "failed" else None)
        if self._shown is None or state != self._state:
            self._state, self._shown = state, self._now(state)
        return self._shown

    def _now(self, state: str) -> Measured:
        (began, before, cpu), (last, items_now, cpu_now) = self._samples[0], self._samples[-1]
        elapsed = last - began
        achieved, used = ((items_now - before) / elapsed, max(0.0, cpu_now - cpu) / elapsed) if elapsed > 0 else (0, 0)
        if self._stopped:
            return Measured(state not in FINAL, "stalled", 0.0, used)
        return Measured(state not in FINAL, state, achieved, used)


def _end(process: RunningProgram, state: str) -> str:
    if state == "ended":
        return "ended"
    return "killed" if process.returncode and process.returncode < 0 else "failed"


def _error(process: RunningProgram) -> str:
    """Return the last line that a failed program printed."""
    lines = [line for line in process.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"ended of its own accord, with status {process.returncode}"
