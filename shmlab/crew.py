"""The workers of one lab: each a real process with a row of the segment.

The crew writes settings into rows (one 8-byte `pwrite` each) and tells the process that there are
news. Rows are given out in order; the row of a worker that has ended is used again only when no
fresh one is left, and its counters then simply go on.
"""

import functools
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from shmlab import guests, limits, processes
from shmlab import layout as at
from shmlab.errors import ArgumentError, LabStopped, NoRoom
from shmlab.log import Log
from shmlab.meter import Meter
from shmlab.processes import Program
from shmlab.recovery import Recovery
from shmlab.repair import Dead
from shmlab.segment import SegmentFile
from shmlab.snapshot import Snapshot, Worker
from shmlab.strategies import Strategy

START = 2.0  # seconds that a worker may take to start
LOOK = 0.0005  # seconds between two looks at a worker that is to be caught
WORKER = ("shmlab.worker",)  # the program that a worker runs
ROLE_LETTERS = {at.PRODUCER: "P", at.CONSUMER: "C"}


Method = TypeVar("Method", bound=Callable[..., object])


def steers(method: Method) -> Method:
    """Of a method that may meet a lab that another thread stops just now: it then raises LabStopped."""

    @functools.wraps(method)
    def steering(crew: "Crew", *given: object, **named: object) -> object:
        try:
            return method(crew, *given, **named)
        except OSError:  # the segment is closed
            if not crew.closing:
                raise
        raise LabStopped("the lab was stopped meanwhile: start() starts it again.")

    return steering  # type: ignore[return-value]  # of the same shape


class Crew:
    """Starts, names, addresses and ends the workers on `file`.

    `functions` is what a worker with a student's own protocol reads from its standard input. A dead worker's damage is
    repaired at once if `repair`, else when `recovery.repair()` is called.
    """

    def __init__(self, file: SegmentFile, strategy: Strategy, functions: bytes, log: Log, repair: bool) -> None:
        self._file, self._functions, self._log = file, functions, log
        self._processes: dict[int, Program] = {}
        self._meters: dict[int, Meter] = {}
        self._fresh = list(range(file.layout.rows))
        self._numbers = dict.fromkeys(at.ROLES, 0)
        self._names: dict[int, str] = {}
        self._roles: dict[int, int] = {}
        self.closing = False
        self.recovery = Recovery(file, strategy, log, repair, lambda: dict(self._processes), self.tell_all)
        self._killed: set[int] = set()

    def add(self, role: int, rate: float | None, pattern: str) -> int:
        """Start one more worker and return its row. Raises ArgumentError when all rows are in use, NoRoom."""
        row = self._free_row()
        number, self._numbers[role] = self._numbers[role], self._numbers[role] + 1
        settings = {
            at.PHASE: at.STARTING,
            at.WAITS: 0,
            at.HOLDS: 0,
            at.NUMBER: number,
            at.RATE: _bits(rate),
            at.PATTERN: limits.PATTERNS.index(pattern),
            at.ORDERS: self.word(row, at.ORDERS_DONE),
            at.QUOTA: at.NO_QUOTA,
            at.BASE: self.word(row, at.PRODUCED if role == at.PRODUCER else at.CONSUMED),
            at.LEAVE: 0,
            at.ROLE: role,
        }
        self._meters[row] = Meter()
        self._names[row], self._roles[row] = f"{ROLE_LETTERS[role]}{number}", role
        for index, value in settings.items():
            self._file.set_word(at.row(row) + index * at.WORD, value)
        self._file.set_word(at.ROWS_USED, max(self._file.word(at.ROWS_USED), row + 1))
        arguments = [sys.executable, "-u", "-P", "-m", *WORKER, self._file.name, str(row), str(os.getpid())]
        try:
            process = processes.start(
                arguments + ["own"] * bool(self._functions),
                self._functions,
                lambda text: self._heard(row, text),
                lambda process: self._ended(row, process),
            )
        except BaseException as error:
            self.set(row, at.ROLE, 0)
            if isinstance(error, NoRoom):  # else interrupted: a process may come late, and be killed
                self._numbers[role] = number
                self._fresh = [row, *self._fresh] if row not in self._processes else self._fresh
            raise
        self._processes[row] = process
        self._file.set_word(at.row(row) + at.PID * at.WORD, process.pid)
        self._log.note("worker", f"{self.name(row)} started: pid {process.pid}.")
        return row

    def _free_row(self) -> int:
        while self._fresh:
            row = self._fresh.pop(0)
            if not self.word(row, at.ROLE):  # else a guest has it
                return row
        dead = [row for row, process in list(self._processes.items()) if process.over()]
        self.recovery.wait()  # a dead worker's row still tells what it was about
        for row in dead:
            if row not in self.recovery.dead:
                return row
        raise ArgumentError(f"a lab has {limits.WORKERS} workers at most; remove or kill one first.")

    def find(self, worker: Worker | str | int, dead_too: bool = False) -> int:
        """The row of a living worker (or a dead one), given itself, its name or its row. Raises ArgumentError."""
        wanted = worker.name if isinstance(worker, Worker) else worker  # not its row, which another may have by now
        alive = [row for row, process in sorted(self._processes.items()) if not process.ended.is_set()]
        for row in sorted(self._processes) if dead_too else alive:
            if wanted == self.name(row) or (wanted == row and not isinstance(wanted, (bool, float))):
                return row
        names = ", ".join(self.name(row) for row in alive) or "none"
        raise ArgumentError(f"there is no living worker {wanted!r}. Living: {names}.")

    def process(self, row: int) -> Program:
        """The process that works in this row."""
        return self._processes[row]

    def name(self, row: int) -> str:
        """P0, C1, …: role and number."""
        return self._names[row]

    def word(self, row: int, index: int) -> int:
        """A word of a row."""
        return self._file.word(at.row(row) + index * at.WORD)

    def set(self, row: int, index: int, value: int) -> None:
        """Change a setting of a row; `tell` makes the worker look."""
        self._file.set_word(at.row(row) + index * at.WORD, value)

    @steers
    def set_rate(self, row: int, rate: float | None, pattern: str | None = None) -> None:
        """Items per second, None for as fast as possible, and how they are spread; acts at once."""
        if pattern is not None:
            self.set(row, at.PATTERN, limits.PATTERNS.index(pattern))
        self.set(row, at.RATE, _bits(rate))
        self.tell(row)
        self._meters[row].restart(self._items(row), self._processes[row])

    @steers
    def set_rates(self, role: int, rate: float | None) -> None:
        """The same rate for all living workers of a role."""
        for row, process in list(self._processes.items()):
            if self._roles[row] == role and not process.ended.is_set():
                self.set_rate(row, rate)

    def _items(self, row: int) -> int:
        done = at.PRODUCED if self.word(row, at.ROLE) == at.PRODUCER else at.CONSUMED
        return self.word(row, done) - self.word(row, at.BASE)

    def tell(self, row: int) -> None:
        """Make a worker read its settings again, now."""
        self.set(row, at.NEWS, self.word(row, at.NEWS) + 1)
        self._processes[row].tell()

    @steers
    def let_leave(self, row: int) -> None:
        """Ask a worker to end between two items; one that is dead already is no longer shown."""
        if self._processes[row].over():
            self.set(row, at.ROLE, at.GONE if row in self.recovery.dead else 0)
            return
        self.set(row, at.LEAVE, 1)
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked to leave.")

    @steers
    def order_one(self, row: int) -> None:
        """Ask a worker for one item, now."""
        self.set(row, at.ORDERS, self.word(row, at.ORDERS) + 1)
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked for one item.")

    @steers
    def send(self, row: int, number: signal.Signals, what: str) -> None:
        """Send a signal to a worker; `what` says what that does to it."""
        end = time.monotonic() + START
        while self.word(row, at.PHASE) == at.STARTING and time.monotonic() < end:
            time.sleep(LOOK)  # stopped before it watches its owner, it would outlive it
        self._processes[row].signal(number)
        self._log.note("command", f"{self.name(row)} {what} ({number.name}).")

    @steers
    def kill(self, row: int, holding: str | None, timeout: float) -> bool:
        """End a worker by SIGKILL; with `holding`, only while it holds that semaphore. False if it never did."""
        process = self._processes[row]
        if holding is not None and not self._catch(row, holding, time.monotonic() + timeout):
            return False
        self._killed.add(process.pid)
        process.signal(signal.SIGKILL)
        process.wait(2)
        process.over()
        where = f" while it held {holding}" if holding else ""
        self._log.note("command", f"{self.name(row)} (pid {process.pid}) was killed{where}.")
        return True

    def _catch(self, row: int, semaphore: str, end: float) -> bool:
        """Stop a worker while it holds `semaphore`."""
        process = self._processes[row]
        tag = list(self._file.layout.semaphores).index(semaphore) + 1
        while time.monotonic() < end and not process.ended.is_set():
            if self.word(row, at.HOLDS) == tag:
                process.signal(signal.SIGSTOP)
                while not process.stopped() and not process.ended.is_set():
                    time.sleep(LOOK)
                if self.word(row, at.HOLDS) == tag:  # it holds it still, and cannot let go any more
                    return True
                process.signal(signal.SIGCONT)
            time.sleep(LOOK)
        return False

    def tell_all(self) -> None:
        for row in list(self._processes):
            self.tell(row)

    def measured(self, snapshot: Snapshot) -> tuple[Worker, ...]:
        """The workers of a snapshot, completed with what their processes show; guests are welcome."""
        for worker in snapshot.workers:
            self._receive(worker)
        return tuple(
            self._meters[w.row].measure(w, self._processes[w.row]) for w in snapshot.workers if w.row in self._processes
        )

    def _receive(self, worker: Worker) -> None:
        """Notice that a guest has come or gone."""
        row, known = worker.row, self._processes.get(worker.row)
        if known is None or (known.ended.is_set() and known.pid != worker.pid):
            guest = guests.welcome(self._file, row)
            if guest:
                self._processes[row], self._meters[row] = guest, Meter()
                self._names[row], self._roles[row] = worker.name, self.word(row, at.ROLE)
                self._log.note("worker", f"{worker.name} joined: pid {guest.pid}, a program of its own.")
        elif isinstance(known, guests.Guest) and not known.mourned.is_set() and known.wait(0):
            if known.returncode == 0:
                self.set(row, at.ROLE, 0)  # the row is free again; its accounts stay
                del self._processes[row]
                self._log.note("worker", f"{worker.name} left.")
            else:
                self._ended(row, known)
            known.mourned.set()

    def output(self) -> str:
        """What the workers printed, in the order of their rows."""
        return "".join(process.output for _, process in sorted(self._processes.items()))

    def end(self) -> None:
        """Kill and reap every worker."""
        self.closing = True
        self.recovery.close()
        running = [process for process in self._processes.values() if not process.ended.is_set()]
        for process in running:
            if isinstance(process, guests.Guest):
                process.close()  # it leaves by itself when the lab says stop
            else:
                process.signal(signal.SIGKILL)
        for process in running:
            process.wait(5)
        for process in list(self._processes.values()):
            process.over()  # whoever notes its end has begun to, and needs the segment's file for it

    def _heard(self, row: int, text: str) -> None:
        if not self.closing:
            for line in text.splitlines()[-20:]:
                self._log.note("output", f"{self.name(row)} says: {line[:500]}")

    def _ended(self, row: int, process: Program) -> None:
        if self.closing or process.returncode is None:
            return
        if self._processes.get(row, process) is process and self.word(row, at.PHASE) != at.LEFT:
            self.recovery.died(row, Dead(self.name(row), self._roles[row]))
        if process.pid in self._killed:
            return
        if process.returncode > 0 or (process.returncode == 0 and self.word(row, at.PHASE) != at.LEFT):
            self._log.note("fault", f"{self.name(row)} (pid {process.pid}) failed with status {process.returncode}.")
        elif process.returncode < 0:
            self._log.note(
                "worker", f"{self.name(row)} (pid {process.pid}) died of {signal.Signals(-process.returncode).name}."
            )
        else:
            self._log.note("worker", f"{self.name(row)} (pid {process.pid}) ended.")


def _bits(rate: float | None) -> int:
    """A rate as a word: the bits of a float, 0 for as fast as possible."""
    return int.from_bytes(struct.pack("<d", rate or 0.0), "little")
