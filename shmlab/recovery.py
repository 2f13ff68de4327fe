"""After a death: the living come to rest, the damage is repaired, they go on.

A worker that waits is woken by a signal and gives up its wait, one that is inside put or get finishes it, then each
parks between two items, with nothing taken and nothing awaited: that is the moment for `repair`. The owner only reads
and writes words of the segment's file; it never waits on a semaphore, and no living worker is harmed if it gives up.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable

from shmlab import layout as at
from shmlab.log import Log
from shmlab.processes import Program
from shmlab.repair import Dead, repair
from shmlab.segment import SegmentFile
from shmlab.strategies import Strategy

PATIENCE = 2.0  # seconds until every worker is parked; in slow motion also as long as a put may take
STEPS = 20  # steps of slow motion in one put or get, at most
LOOK = 0.0005  # seconds between two looks at who is parked
AGAIN = 0.1  # seconds until another try, where a worker is stalled


class Recovery:
    """Repairs one lab. `processes` gives the lab's processes by row, `tell_all` makes them look at their words."""

    def __init__(
        self,
        file: SegmentFile,
        strategy: Strategy,
        log: Log,
        automatic: bool,
        processes: Callable[[], dict[int, Program]],
        tell_all: Callable[[], None],
    ) -> None:
        self._file, self._strategy, self._log, self.automatic = file, strategy, log, automatic
        self._processes, self._tell_all = processes, tell_all
        self._lock = threading.Lock()
        self._epoch = 0
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None  # while there is something to repair
        self.dead: dict[int, Dead] = {}  # not yet repaired, by row

    def died(self, row: int, worker: Dead) -> None:
        """A worker has ended otherwise than it was asked to."""
        with self._starting:
            self.dead[row] = worker
            if self.automatic and not self._thread and not self._closed.is_set():
                self._thread = threading.Thread(target=self._until_done, name="shmlab-repair", daemon=True)
                self._thread.start()

    def repair(self) -> list[str]:
        """Repair now. What was done, as sentences; none where nobody is dead, or somebody is stalled."""
        with self._lock, contextlib.suppress(OSError):  # closed meanwhile
            return self._repair()
        return []

    def wait(self) -> None:
        """Wait until the repair that is going on is done; not long."""
        with self._starting:
            thread = self._thread
        if thread:
            thread.join(PATIENCE)

    def close(self) -> None:
        """No more repairs."""
        self._closed.set()
        self.wait()

    def _until_done(self) -> None:
        told = False
        while True:
            with self._starting:
                if not self.dead or self._closed.is_set():
                    self._thread = None
                    return
            if not self.repair() and self.dead:
                if not told and not self._closed.is_set():
                    told = True
                    self._log.note("info", "The repair waits until every process can be parked: is one stalled?")
                self._closed.wait(AGAIN)

    def _repair(self) -> list[str]:
        freezes = bool(self._file.layout.semaphores) and self._strategy.at_rest is not None
        told: list[str] = []
        began = time.monotonic()
        try:
            while dead := dict(self.dead):
                if freezes and not self._park():
                    break
                if self.dead != dead:
                    continue  # somebody died while the others came to rest
                told += repair(self._file, self._strategy, dead)
                for row in dead:
                    del self.dead[row]
        finally:
            self._file.set_word(at.FROZEN, 0)
        if told:
            done = " ".join(told).removesuffix(".")
            self._log.note("info", f"Repaired in {1e3 * (time.monotonic() - began):.1f} ms: {done}.")
        return told

    def _park(self) -> bool:
        """Whether all living workers have come to rest between two items."""
        if any(process.stopped() for process in self._living().values()):
            return False
        self._epoch += 1
        self._file.set_word(at.FROZEN, self._epoch)
        self._tell_all()
        end = time.monotonic() + PATIENCE + STEPS * self._file.word(at.STEP_TIME) / 1e9
        while moving := {row: process for row, process in self._living().items() if not self._parked(row)}:
            if self._closed.is_set() or time.monotonic() > end:
                return False
            for row, process in moving.items():
                if self._file.word(at.row(row) + at.WAITS * at.WORD):
                    process.signal(signal.SIGURG)  # again and again: it was perhaps not yet asleep
            time.sleep(LOOK)
        return True

    def _living(self) -> dict[int, Program]:
        return {row: process for row, process in self._processes().items() if not process.ended.is_set()}

    def _parked(self, row: int) -> bool:
        return self._file.word(at.row(row) + at.PARKED * at.WORD) == self._epoch
