"""The workers of one lab: each a real process with a row of the segment.

The pool writes settings into rows (one 8-byte `pwrite` each) and notifies the process. Rows are assigned in order; the
row of a worker that has ended is reused only when no other is left, and its counters then continue. Programs that have
joined (see shmlab/observe/guests.py) are workers, too.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from shmlab.lab.catch import catch
from shmlab.lab.quiesce import Recovery
from shmlab.lab.rebuild import Dead
from shmlab.memory import layout as at, limits
from shmlab.memory.errors import ArgumentError, LabStopped, NoRoom
from shmlab.memory.os_errors import no_room
from shmlab.memory.rows import Row
from shmlab.memory.segment import SegmentFile
from shmlab.memory.waiting import Deadline, until
from shmlab.observe.events import EventLog
from shmlab.observe.guests import Guest, Guests
from shmlab.observe.metrics import Meter
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Measured, Snapshot, Worker
from shmlab.processes import supervisor
from shmlab.processes.supervisor import RunningProgram
from shmlab.strategies import Strategy

START, END = 2.0, 10.0  # seconds for one worker to start, and for all to end once they are killed
WORKER = ("shmlab.worker.program",)  # the program that each worker runs
ROLE_LETTERS = {at.PRODUCER: "P", at.CONSUMER: "C"}
Method = TypeVar("Method", bound=Callable[..., object])


def steers(method: Method) -> Method:
    """Translate an OSError from a concurrent stop() into LabStopped."""

    @functools.wraps(method)
    def steering(pool: "WorkerPool", *given: object, **named: object) -> object:
        try:
            return method(pool, *given, **named)
        except OSError:  # the segment is closed
            if not pool.closing:
                raise
        raise LabStopped("the lab was stopped meanwhile: start() starts it again.")

    return steering  # type: ignore[return-value]  # same signature


class WorkerPool:
    """Start, name, notify and end the workers on `file`; repair at once if `repair`, else on request.

    `functions` is what a worker that runs a student's own protocol reads from its standard input.
    """

    def __init__(self, file: SegmentFile, strategy: Strategy, functions: bytes, log: EventLog, repair: bool) -> None:
        self._file, self._functions, self._log = file, functions, log
        self._processes: dict[int, RunningProgram] = {}
        self._meters: dict[int, Meter] = {}
        self._numbers = dict.fromkeys(at.ROLES, 0)
        self._names: dict[int, str] = {}
        self._roles: dict[int, int] = {}
        self.closing = False
        self._eye = Observer(file)
        self._killed: set[int] = set()
        self._starting: set[int] = set()  # rows whose process is being started
        self.recovery = Recovery(file, strategy, log, repair, self)
        try:
            self._guests = Guests(file, self._came, self._gone, self.forget)
        except RuntimeError as error:
            raise no_room(error, "watch for programs that join") from error

    def add(self, role: int, rate: float | None, pattern: str) -> int:
        """Start one more worker and return its row. Raises ArgumentError if all rows are in use, NoRoom."""
        number = self._numbers[role]
        row = self._claim(role, number, rate, limits.PATTERNS.index(pattern))
        self._numbers[role] += 1
        self._meters[row] = Meter()
        self._names[row], self._roles[row] = f"{ROLE_LETTERS[role]}{number}", role
        arguments = [sys.executable, "-u", "-P", "-m", *WORKER, self._file.name, str(row), str(os.getpid())]
        try:
            process = supervisor.start(
                arguments + ["own"] * bool(self._functions),
                self._functions,
                lambda text: self._heard(row, text),
                lambda process: self._ended(row, process),
            )
        except BaseException as error:
            self._guests.free(row)
            if isinstance(error, NoRoom):  # else interrupted: its process may still start, and be killed
                self._numbers[role] = number
            raise
        finally:
            self._starting.discard(row)
        self._processes[row] = process
        self.row(row).pid = process.pid
        self._log.note("worker", f"{self.name(row)} started: pid {process.pid}.")
        return row

    def _claim(self, role: int, number: int, rate: float | None, pattern: int) -> int:
        """Claim a row for one more worker: the first never used here, else a dead worker's repaired row."""
        dead = [row for row, process in sorted(self._processes.items()) if process.over()]
        for row in [*(row for row in range(self._file.layout.rows) if row not in self._processes), *dead]:
            if row in dead:
                self.recovery.wait()  # until then, its row says what it was doing
                if row in self.recovery.dead:
                    continue
            self._starting.add(row)
            try:
                claimed = self._guests.claim(row, role, number, rate, pattern, again=row in dead)
            except BaseException as error:
                self._starting.discard(row)
                if isinstance(error, OSError) and not self.closing:
                    raise no_room(error, "lock a worker's row") from error
                raise
            if claimed:
                return row
            self._starting.discard(row)
        raise ArgumentError(f"a lab has {limits.WORKERS} workers at most; remove or kill one first.")

    def present(self) -> dict[int, RunningProgram | None]:
        """Return every process that may access the segment now, by row; None for one that is still starting."""
        starting = dict.fromkeys(self._starting)
        here: dict[int, RunningProgram | None] = {**starting, **self._guests.look()}
        return here | {row: process for row, process in list(self._processes.items()) if not process.ended.is_set()}

    def find(self, worker: Worker | str | int, dead_too: bool = False) -> int:
        """Return the row of a live (or `dead_too`) worker, given as object, name or row. Raises ArgumentError."""
        wanted = worker.name if isinstance(worker, Worker) else worker  # not its row, which may have been reassigned
        alive = [row for row, process in sorted(self._processes.items()) if not process.ended.is_set()]
        for row in sorted(self._processes) if dead_too else alive:
            if wanted == self.name(row) or (wanted == row and not isinstance(wanted, (bool, float))):
                return row
        names = ", ".join(self.name(row) for row in alive) or "none"
        raise ArgumentError(f"there is no living worker {wanted!r}. Living: {names}.")

    def process(self, row: int) -> RunningProgram:
        """Return the process that works in this row."""
        return self._processes[row]

    def name(self, row: int) -> str:
        """Return the worker's name, role and number: P0, C1, …"""
        return self._names[row]

    def row(self, row: int) -> Row:
        """Return a row's words; after changing one, call `tell` to make the worker reread it."""
        return Row(self._file, row)

    @steers
    def set_rate(self, row: int, rate: float | None, pattern: str | None = None) -> None:
        """Set `rate` (items per second, None for as fast as possible) and, if given, `pattern`, effective at once."""
        if pattern is not None:
            self.row(row).pattern = limits.PATTERNS.index(pattern)
        self.row(row).rate = rate
        self.tell(row)
        self._meters[row].restart(self._items(row), self._processes[row])

    @steers
    def set_rates(self, role: int, rate: float | None) -> None:
        """Set the same rate for all live workers of a role."""
        for row, process in list(self._processes.items()):
            if self._roles[row] == role and not process.ended.is_set():
                self.set_rate(row, rate)

    def _items(self, row: int) -> int:
        one = self.row(row)
        return one.done - one.base

    def tell(self, row: int) -> None:
        """Make a worker reread its settings now."""
        self.row(row).news += 1
        self._processes[row].tell()

    @steers
    def let_leave(self, row: int) -> None:
        """Ask a worker to end between two items; hide it if it is dead already."""
        process = self._processes[row]
        if isinstance(process, Guest) and process.lives() is None:
            process.give_up()  # the user who removes it knows that it is dead
            self._guests.look()
        if process.over():
            return self.forget(row)
        self.row(row).leave = 1
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked to leave.")

    @steers
    def order_one(self, row: int) -> None:
        """Make a worker produce or consume one item now."""
        self.row(row).orders += 1
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked for one item.")

    @steers
    def send(self, row: int, number: signal.Signals, what: str) -> None:
        """Send signal `number` to a worker; `what` describes the effect in the log."""
        process = self._within_reach(row)
        # a worker stopped before it watches its owner would outlive the owner
        until(lambda: self.row(row).phase != at.STARTING, START)
        process.signal(number)
        self._log.note("command", f"{self.name(row)} {what} ({number.name}).")

    @steers
    def kill(self, row: int, holding: str | None, timeout: float) -> bool:
        """Kill a worker with SIGKILL; with `holding`, only while it holds that semaphore. False if it never did."""
        process = self._within_reach(row)
        if holding is not None:
            tag = list(self._file.layout.semaphores).index(holding) + 1
            if not catch(process, lambda: self.row(row).holds == tag, timeout):
                return False
        self._killed.add(process.pid)
        process.signal(signal.SIGKILL)
        process.wait(2)
        process.over()
        where = f" while it held {holding}" if holding else ""
        self._log.note("command", f"{self.name(row)} (pid {process.pid}) was killed{where}.")
        return True

    def _within_reach(self, row: int) -> RunningProgram:
        """Return the process in this row. Raises ArgumentError for a guest that no signal can reach."""
        process = self._processes[row]
        if isinstance(process, Guest) and not process.reachable:
            name = self.name(row)
            raise ArgumentError(
                f"{name} runs where no signal from here reaches it, as process {process.pid} of its own container: "
                f"end it there, or ask it to leave, with remove('{name}')."
            )
        return process

    def resume(self) -> None:
        """Let all workers continue, without logging it."""
        self._file.set_word(at.STATE, at.RUNNING)
        self.tell_all()

    def tell_all(self) -> None:
        for row in list(self._processes):
            self.tell(row)

    def look(self) -> Snapshot:
        """Return a snapshot of segment and processes, after noticing guests that joined or left. Raises OSError."""
        if self._guests.any():
            self._guests.look()
        return self._eye.snapshot(self._measured)

    def _measured(self, row: int, _pid: int, _name: str, state: str, rate: float | None, items: int) -> Measured | None:
        process = self._processes.get(row)
        if not process and row not in self._starting:
            self._guests.look()  # it has just joined; if it has already died, do not show it
            process = self._processes.get(row) if self.row(row).role in at.ROLES else None
        return self._meters[row].measure(state, rate, items, process) if process else None

    def forget(self, row: int) -> None:
        """Stop showing a dead worker. Its row becomes free once its damage is repaired."""
        self.row(row).role = at.GONE
        if row not in self.recovery.dead:
            self.free(row)

    def free(self, row: int) -> None:
        """Free the row of a worker that is repaired and no longer shown."""
        if self.row(row).role == at.GONE:
            if isinstance(self._processes.get(row), Guest):
                del self._processes[row]
            self._guests.free(row)

    def _came(self, row: int, guest: Guest) -> None:
        self._roles[row] = self.row(row).role
        self._names[row] = f"{ROLE_LETTERS[self._roles[row]]}{self.row(row).number}"
        self._meters[row] = Meter()
        self._processes[row] = guest
        self._log.note("worker", f"{self._names[row]} joined: pid {guest.pid}, a program of its own.")

    def _gone(self, row: int, guest: Guest) -> None:
        if guest.returncode:
            return self._ended(row, guest)
        self._log.note("worker", f"{self.name(row)} left.")
        self.forget(row)  # its counters remain

    def output(self) -> str:
        """Return what the workers printed, in row order."""
        return "".join(process.output for _, process in sorted(self._processes.items()))

    def end(self) -> None:
        """Kill and reap every worker."""
        self.closing = True
        self.recovery.close()
        self._guests.close()
        running = [process for process in self._processes.values() if not process.ended.is_set()]
        for process in running:
            process.signal(signal.SIGKILL)
        deadline = Deadline(END)
        for process in running:
            process.wait(deadline.left)
        for process in list(self._processes.values()):
            process.over()  # the thread that handles its end still needs the segment's file

    def _heard(self, row: int, text: str) -> None:
        if not self.closing:
            for line in text.splitlines()[-20:]:
                self._log.note("output", f"{self.name(row)} says: {line[:500]}")

    def _ended(self, row: int, process: RunningProgram) -> None:
        if self.closing or process.returncode is None:
            return
        if self._processes.get(row, process) is process and self.row(row).phase != at.LEFT:
            self.recovery.died(row, Dead(self.name(row), self._roles[row]))
        if process.pid in self._killed:
            return
        if process.returncode > 0 or (process.returncode == 0 and self.row(row).phase != at.LEFT):
            self._log.note("fault", f"{self.name(row)} (pid {process.pid}) failed with status {process.returncode}.")
            return
        how = f"died of {signal.Signals(-process.returncode).name}" if process.returncode else "ended"
        how = "ended without leaving" if isinstance(process, Guest) else how  # only its parent knows why
        self._log.note("worker", f"{self.name(row)} (pid {process.pid}) {how}.")
