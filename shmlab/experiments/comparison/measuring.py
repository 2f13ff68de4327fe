"""Runs of a plan in a separate program, passing on each result as it arrives.

The kernel of a notebook only starts that program and reads what it prints: it forks nothing, opens none of the ways
and never waits without a timeout. If the program ends early, because a package crashed it, it is
restarted with the task after the one that it was working on.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict

from shmlab.experiments.comparison.comparison import Comparison
from shmlab.experiments.comparison.plan import Plan
from shmlab.experiments.comparison.result import Result
from shmlab.processes import supervisor
from shmlab.processes.supervisor import Process

LEAVE = 3.0  # seconds for the program to end its processes
SILENT = 90.0  # seconds without output after which the program is given up


class Measuring:
    """A comparison in progress: iterate over it for the results that change. `cancel` may be called from any thread.

    `comparison` holds the results so far. Use it with `with`, so that nothing keeps running when the loop is left.
    """

    def __init__(self, plan: Plan) -> None:
        self.comparison = Comparison(plan)
        self.cancelled = False
        self._plan = json.dumps(plan.plain())
        self._tasks = plan.tasks()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: the program has ended
        self._lock = threading.Lock()
        self._program: Process | None = None

    def __iter__(self) -> Iterator[Result]:
        began = time.monotonic()
        known = self.comparison
        while known.done < known.total and self._start(known.done):
            for figures in self._figures():
                result = known.add(figures)
                known.seconds = time.monotonic() - began
                if result is not None:
                    yield result
            if known.done < known.total and not self.cancelled:  # this task crashed it
                task = self._tasks[known.done]
                said = self._output() or "the program that measures ended unexpectedly"
                known.add({"task": known.done, **asdict(task), "trouble": said})
        self._end()

    def cancel(self) -> None:
        """Ask it to end soon and keep what was measured. The loop over the results ends by itself."""
        with self._lock:
            self.cancelled = True
            program = self._program
        if program:
            program.signal(signal.SIGTERM)

    def close(self) -> None:
        """End the program and everything that it started."""
        if self.comparison.done < self.comparison.total:
            self.cancel()
        self._end()

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, first: int) -> bool:
        """Start the program at this task; return False if the comparison has been cancelled."""
        program = [sys.executable, "-P", "-m", "shmlab.experiments.comparison.bench"]
        command = [*program, self._plan, str(os.getpid()), str(first)]
        with self._lock:
            if self.cancelled:
                return False
            self._program = supervisor.start(command, b"", self._lines.put, lambda _: self._lines.put(None))
            return True

    def _figures(self) -> Iterator[dict[str, object]]:
        """Yield what the program prints, until it ends."""
        text = ""
        while True:
            try:
                part = self._lines.get(timeout=SILENT)
            except queue.Empty:
                self._end()
                return
            if part is None:
                return
            *lines, text = (text + part).split("\n")
            for line in lines:
                if line.startswith('{"task"'):
                    yield json.loads(line)

    def _output(self) -> str:
        """Return the last line of output of a program that failed."""
        assert self._program
        lines = [line for line in self._program.output.splitlines() if line and not line.startswith('{"task"')]
        return lines[-1][:300] if lines else ""

    def _end(self) -> None:
        program = self._program
        if program and not program.wait(0):
            program.signal(signal.SIGTERM)
            if not program.wait(LEAVE):
                program.signal(signal.SIGKILL)
                program.wait(LEAVE)
