"""The workers of one lab: each a real process with a row of the segment.

The pool writes settings into rows (one 8-byte `pwrite` each) and tells the process that there are news. Rows are given
out in order; the row of a worker that has ended is used again only when no other is left, and its counters then simply
go on. Programs that have joined (`guests`) are workers, too.
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

START, END = 2.0, 10.0  # seconds that a worker may take to start, and all together to end once they are killed
WORKER = ("shmlab.worker.program",)  # the program that a worker runs
ROLE_LETTERS = {at.PRODUCER: "P", at.CONSUMER: "C"}
Method = TypeVar("Method", bound=Callable[..., object])


def steers(method: Method) -> Method:
    """Of a method that may meet a lab that another thread stops just now: it then raises LabStopped."""

    @functools.wraps(method)
    def steering(pool: "WorkerPool", *given: object, **named: object) -> object:
        try:
            return method(pool, *given, **named)
        except OSError:  # the segment is closed
            if not pool.closing:
                raise
        raise LabStopped("the lab was stopped meanwhile: start() starts it again.")

    return steering  # type: ignore[return-value]  # of the same shape


class WorkerPool:
    """Starts, names, addresses and ends the workers on `file`; repairs at once if `repair`, else when told to.

    `functions` is what a worker with a student's own protocol reads from its standard input.
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
        self._starting: set[int] = set()  # rows whose process is about to be there
        self.recovery = Recovery(file, strategy, log, repair, self)
        try:
            self._guests = Guests(file, self._came, self._gone, self.forget)
        except RuntimeError as error:
            raise no_room(error, "watch for programs that join") from error

    def add(self, role: int, rate: float | None, pattern: str) -> int:
        """Start one more worker and return its row. Raises ArgumentError when all rows are in use, NoRoom."""
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
            if isinstance(error, NoRoom):  # else interrupted: a process may come late, and be killed
                self._numbers[role] = number
            raise
        finally:
            self._starting.discard(row)
        self._processes[row] = process
        self.row(row).pid = process.pid
        self._log.note("worker", f"{self.name(row)} started: pid {process.pid}.")
        return row

    def _claim(self, role: int, number: int, rate: float | None, pattern: int) -> int:
        """A row for one more worker: the first that nobody has had here, else that of one who is dead and repaired."""
        dead = [row for row, process in sorted(self._processes.items()) if process.over()]
        for row in [*(row for row in range(self._file.layout.rows) if row not in self._processes), *dead]:
            if row in dead:
                self.recovery.wait()  # a dead worker's row still tells what it was about
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
        """Everybody who may touch the segment now, by row; None for one whose process is only starting."""
        starting = dict.fromkeys(self._starting)
        here: dict[int, RunningProgram | None] = {**starting, **self._guests.look()}
        return here | {row: process for row, process in list(self._processes.items()) if not process.ended.is_set()}

    def find(self, worker: Worker | str | int, dead_too: bool = False) -> int:
        """The row of a living worker (or a dead one), given itself, its name or its row. Raises ArgumentError."""
        wanted = worker.name if isinstance(worker, Worker) else worker  # not its row, which another may have by now
        alive = [row for row, process in sorted(self._processes.items()) if not process.ended.is_set()]
        for row in sorted(self._processes) if dead_too else alive:
            if wanted == self.name(row) or (wanted == row and not isinstance(wanted, (bool, float))):
                return row
        names = ", ".join(self.name(row) for row in alive) or "none"
        raise ArgumentError(f"there is no living worker {wanted!r}. Living: {names}.")

    def process(self, row: int) -> RunningProgram:
        """The process that works in this row."""
        return self._processes[row]

    def name(self, row: int) -> str:
        """P0, C1, …: role and number."""
        return self._names[row]

    def row(self, row: int) -> Row:
        """What a row says; where it is set, `tell` makes the worker look."""
        return Row(self._file, row)

    @steers
    def set_rate(self, row: int, rate: float | None, pattern: str | None = None) -> None:
        """Items per second, None for as fast as possible, and how they are spread; acts at once."""
        if pattern is not None:
            self.row(row).pattern = limits.PATTERNS.index(pattern)
        self.row(row).rate = rate
        self.tell(row)
        self._meters[row].restart(self._items(row), self._processes[row])

    @steers
    def set_rates(self, role: int, rate: float | None) -> None:
        """The same rate for all living workers of a role."""
        for row, process in list(self._processes.items()):
            if self._roles[row] == role and not process.ended.is_set():
                self.set_rate(row, rate)

    def _items(self, row: int) -> int:
        one = self.row(row)
        return one.done - one.base

    def tell(self, row: int) -> None:
        """Make a worker read its settings again, now."""
        self.row(row).news += 1
        self._processes[row].tell()

    @steers
    def let_leave(self, row: int) -> None:
        """Ask a worker to end between two items; one that is dead already is no longer shown."""
        process = self._processes[row]
        if isinstance(process, Guest) and process.lives() is None:
            process.give_up()  # whoever asks knows that it is dead
            self._guests.look()
        if process.over():
            return self.forget(row)
        self.row(row).leave = 1
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked to leave.")

    @steers
    def order_one(self, row: int) -> None:
        """Ask a worker for one item, now."""
        self.row(row).orders += 1
        self.tell(row)
        self._log.note("command", f"{self.name(row)} is asked for one item.")

    @steers
    def send(self, row: int, number: signal.Signals, what: str) -> None:
        """Send a signal to a worker; `what` says what that does to it."""
        process = self._within_reach(row)
        # stopped before it watches its owner, it would outlive it
        until(lambda: self.row(row).phase != at.STARTING, START)
        process.signal(number)
        self._log.note("command", f"{self.name(row)} {what} ({number.name}).")

    @steers
    def kill(self, row: int, holding: str | None, timeout: float) -> bool:
        """End a worker by SIGKILL; with `holding`, only while it holds that semaphore. False if it never did."""
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
        """The process in this row. Raises ArgumentError for a guest to which no signal can be sent."""
        process = self._processes[row]
        if isinstance(process, Guest) and not process.reachable:
            name = self.name(row)
            raise ArgumentError(
                f"{name} runs where no signal from here reaches it, as process {process.pid} of its own container: "
                f"end it there, or ask it to leave, with remove('{name}')."
            )
        return process

    def resume(self) -> None:
        """Let all go on, without a word in the log."""
        self._file.set_word(at.STATE, at.RUNNING)
        self.tell_all()

    def tell_all(self) -> None:
        for row in list(self._processes):
            self.tell(row)

    def look(self) -> Snapshot:
        """The segment and the processes now; who has joined, and who of those has gone, is noticed. Raises OSError."""
        if self._guests.any():
            self._guests.look()
        return self._eye.snapshot(self._measured)

    def _measured(self, row: int, _pid: int, _name: str, state: str, rate: float | None, items: int) -> Measured | None:
        process = self._processes.get(row)
        if not process and row not in self._starting:
            self._guests.look()  # it has joined; if it has died, too, it is not shown
            process = self._processes.get(row) if self.row(row).role in at.ROLES else None
        return self._meters[row].measure(state, rate, items, process) if process else None

    def forget(self, row: int) -> None:
        """Show a dead worker no more. Its row is free once it is repaired after."""
        self.row(row).role = at.GONE
        if row not in self.recovery.dead:
            self.free(row)

    def free(self, row: int) -> None:
        """Give back the row of a worker that is repaired after and shown no more."""
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
        self.forget(row)  # its accounts stay

    def output(self) -> str:
        """What the workers printed, in the order of their rows."""
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
            process.over()  # whoever notes its end has begun to, and needs the segment's file for it

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
        how = "ended without leaving" if isinstance(process, Guest) else how  # why, only its parent knows
        self._log.note("worker", f"{self.name(row)} (pid {process.pid}) {how}.")
