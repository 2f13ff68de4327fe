"""Quiesce the running workers after a death, repair the damage, and let the workers continue.

Every live process that has a row of the segment must park, no matter who started it or whether a snapshot has shown
it: while one does not, nothing is repaired, and `blocked` says which one and what to do. The others continue meanwhile:
after each failed attempt, the next one comes later.

A signal wakes each waiting worker, which gives up its wait; a worker inside put or get finishes it. Then each parks
between two items, holding nothing and waiting for nothing, and `repair` can run. The owner only reads and writes words
of the segment's file; it never waits on a semaphore, and its giving up harms no running worker.
"""

import contextlib
import signal
import threading
import time
from typing import Protocol

from shmlab.lab.rebuild import Dead, repair
from shmlab.memory import layout as at
from shmlab.memory.rows import Row
from shmlab.memory.segment import SegmentFile
from shmlab.memory.waiting import Deadline, until
from shmlab.observe.events import EventLog
from shmlab.observe.guests import Guest
from shmlab.processes.supervisor import RunningProgram
from shmlab.strategies import Strategy

PATIENCE = 2.0  # seconds for all workers to park; in slow motion, plus the longest put
STEPS = 20  # most slow-motion steps in one put or get
LOOK = 0.0005  # seconds between two checks which workers are parked
AGAIN = 0.1  # seconds until the next attempt if a worker is stalled: that attempt froze nobody
LONGEST = 30.0  # most seconds until the next attempt if a worker does not park


class Crowd(Protocol):
    """All processes that work on the segment."""

    def present(self) -> dict[int, RunningProgram | None]:
        """Return every process that may access the segment now, by row; None for one that is still starting."""

    def name(self, row: int) -> str:
        """Return the displayed name of the worker in this row."""

    def tell_all(self) -> None:
        """Make all workers reread their settings."""

    def free(self, row: int) -> None:
        """Free a repaired row if its worker is no longer to be shown."""


class Recovery:
    """Repair of one lab, whose processes are `crowd`. `blocked` is a sentence that says why a repair is impossible."""

    def __init__(
        self,
        file: SegmentFile,
        strategy: Strategy,
        log: EventLog,
        automatic: bool,
        crowd: Crowd,
    ) -> None:
        self._file, self._strategy, self._log, self.automatic = file, strategy, log, automatic
        self._crowd = crowd
        self.blocked: str | None = None
        self._froze = 0.0  # seconds for which the last attempt kept all workers parked
        self._lock = threading.Lock()
        self._epoch = 0
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None  # only while there is something to repair
        self.dead: dict[int, Dead] = {}  # not yet repaired, by row

    def died(self, row: int, worker: Dead) -> None:
        """Record that `worker` ended without being asked to, and start a repair if repairs are automatic."""
        with self._starting:
            self.dead[row] = worker
            if self.automatic and not self._thread and not self._closed.is_set():
                self._thread = threading.Thread(target=self._until_done, name="shmlab-repair", daemon=True)
                self._thread.start()

    def repair(self) -> list[str]:
        """Repair now. Return what was done, as sentences; none if no worker is dead or one is stalled."""
        with self._lock, contextlib.suppress(OSError):  # closed meanwhile
            return self._repair()
        return []

    def wait(self) -> None:
        """Wait for a repair in progress, at most PATIENCE seconds."""
        with self._starting:
            thread = self._thread
        if thread:
            thread.join(PATIENCE)

    def close(self) -> None:
        """Stop repairing."""
        self._closed.set()
        self.wait()

    def _until_done(self) -> None:
        told, pause = None, 0.0
        while True:
            with self._starting:
                if not self.dead or self._closed.is_set():
                    self._thread = None
                    return
            if not self.repair() and self.dead:
                if self.blocked not in (told, None) and not self._closed.is_set():
                    told = self.blocked
                    self._log.note("fault", self.blocked)
                pause = max(self._froze, min(LONGEST, 2 * pause)) if self._froze else 0.0
                self._let_work(pause)

    def _let_work(self, pause: float) -> None:
        """Wait before the next attempt: as long as the last one froze the lab, then until the set of processes changes.

        At most `pause` seconds, which double, so that an impossible repair takes ever less of the lab's time.
        """
        deadline = Deadline(max(pause, AGAIN))
        with contextlib.suppress(OSError):  # closed meanwhile
            dead, present = set(self.dead), self._crowd.present().keys()
            self._closed.wait(max(self._froze, AGAIN))
            until(
                lambda: self._closed.is_set() or set(self.dead) != dead or self._crowd.present().keys() != present,
                deadline,
                AGAIN,
            )

    def _repair(self) -> list[str]:
        freezes = bool(self._file.layout.semaphores) and self._strategy.at_rest is not None
        told: list[str] = []
        began = time.monotonic()
        try:
            while dead := dict(self.dead):
                if freezes and not self._park():
                    break
                if self.dead != dead:
                    continue  # another worker died while the rest parked
                told += repair(self._file, self._strategy, dead)
                for row in dead:
                    del self.dead[row]
                    self._crowd.free(row)
            else:
                self.blocked = None
        finally:
            self._file.set_word(at.FROZEN, 0)
        if told:
            done = " ".join(told).removesuffix(".")
            self._log.note("info", f"Repaired in {1e3 * (time.monotonic() - began):.1f} ms: {done}.")
        return told

    def _park(self) -> bool:
        """Return whether all live workers have parked between two items. If not, `blocked` says which have not."""
        self._froze = 0.0
        stalled = [row for row, process in self._crowd.present().items() if process and process.stopped()]
        if stalled:
            names = _and(list(map(self._crowd.name, stalled)))
            self.blocked = f"The repair waits for {names}, stalled: let it go on with unstall, or kill it."
            return False
        began = time.monotonic()
        self._epoch += 1
        self._file.set_word(at.FROZEN, self._epoch)
        self._crowd.tell_all()
        deadline = Deadline(PATIENCE + STEPS * self._file.word(at.STEP_TIME) / 1e9)
        until(lambda: self._closed.is_set() or not self._moving(), deadline, LOOK)
        moving = self._moving()
        self._froze = time.monotonic() - began
        if moving and not self._closed.is_set():
            self.blocked = f"The repair waits for {_and(self._described(moving))}."
        return not moving

    def _moving(self) -> dict[int, RunningProgram | None]:
        """Return the workers that are not parked yet, by row, and wake those that wait on a semaphore."""
        moving = {row: process for row, process in self._crowd.present().items() if not self._at_rest(row)}
        for row, process in moving.items():
            if process and Row(self._file, row).waits:
                process.signal(signal.SIGURG)  # on every call: it may not have been asleep yet
        return moving

    def _at_rest(self, row: int) -> bool:
        one = Row(self._file, row)
        return one.parked == self._epoch or one.phase == at.LEFT

    def _described(self, moving: dict[int, RunningProgram | None]) -> list[str]:
        """Return sentences that say which workers do not park, and what to do about each."""
        told = []
        for row, process in moving.items():
            if process is None:
                told.append("a worker that is only starting")  # it may not have a name yet
                continue
            name = self._crowd.name(row)
            if not isinstance(process, Guest):
                told.append(f"{name}, which does not end its put or get: kill it, or stop the lab")
            elif process.lives() is None:
                told.append(
                    f"{name}, of which nobody can tell whether it lives (process {process.pid}, without the "
                    f"lock on its row): if it does not, remove('{name}')"
                )
            elif not process.reachable:
                told.append(
                    f"{name}, process {process.pid} of another container, which does not come to rest: let it "
                    f"go on, or end it there"
                )
            else:
                told.append(f"{name}, a program of its own (pid {process.pid}), which does not come to rest: kill it")
        return told


def _and(names: list[str]) -> str:
    return "; ".join(names)
