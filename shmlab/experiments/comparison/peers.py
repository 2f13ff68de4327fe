"""The processes of a measurement: forked, made ready, told how many items to move, asked for their start and end times.

They are forked by a separate program with one thread (see `bench`), never by a notebook's kernel. Each has one
socket to that program, which carries orders (how many items) in and reports out. They end with it.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shmlab.memory.errors import ShmlabError
from shmlab.memory.waiting import Deadline

Numbers = tuple[int, ...]
Act = Callable[[int], Numbers]  # moves so many items; returns its figures
Make = Callable[[], Act]  # opens this process's end of the way, once

PR_SET_PDEATHSIG, PR_SET_PTRACER = 1, 0x59616D61
ANYONE = ctypes.c_ulong(-1)
REPORT = 1 << 16  # bytes of a report, at most
ENDING = (signal.SIGTERM,)
LOOK = 0.5  # seconds between two checks of the parent, where the kernel does not report its death
START = 20.0  # seconds for a process to be ready


class MeasurementFailed(ShmlabError):
    """A measurement that could not be completed; the message says why."""


@dataclass(frozen=True, slots=True)
class PeerRun:
    """One order and its cost: seconds until the last consumer was done, processor seconds of all processes."""

    seconds: float
    cpu: float
    results: tuple[Numbers, ...]


class PeerReport(NamedTuple):
    """The report of a process: when it began and ended, in nanoseconds; `trouble` is empty if all went well."""

    trouble: str = ""
    began: int = 0
    ended: int = 0
    result: Numbers = ()


class Peers:
    """Processes waiting for orders. `makes` has one function for each, producers first; use it with `with`."""

    def __init__(self, makes: Sequence[Make], consumers: int) -> None:
        self.consumers = consumers
        self.pids: list[int] = []
        self._sockets: list[socket.socket] = []
        try:
            for make in makes:
                self._fork(make)
            self._reports(START)  # each reports once when ready
        except BaseException:
            self.close()
            raise

    def run(self, counts: Sequence[int], patience: float) -> PeerRun:
        """Let process i move `counts[i]` items. Raises MeasurementFailed after `patience` seconds."""
        used = self._cpu()
        for one, count in zip(self._sockets, counts, strict=True):
            one.send(count.to_bytes(8, "little"))
        reports = self._reports(patience)
        began = min(report.began for report in reports)
        ended = max(report.ended for report in reports[-self.consumers :])
        return PeerRun(max(1, ended - began) / 1e9, self._cpu() - used, tuple(report.result for report in reports))

    def close(self) -> None:
        """End the processes."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)  # not yet reaped, so the PID is still theirs
        for pid in self.pids:
            os.waitpid(pid, 0)
        for one in self._sockets:
            one.close()
        self.pids, self._sockets = [], []

    def __enter__(self) -> "Peers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fork(self, make: Make) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sockets.append(here)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # an exception raised inside fork() is lost
        pid = os.fork()
        if not pid:
            try:
                _live(make, there)
            finally:
                os._exit(0)  # skip the clean-up handlers of the program that forked
        self.pids.append(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        there.close()

    def _cpu(self) -> float:
        """Return the processor seconds of all processes so far, including all their threads."""
        clocks = (~pid << 3 | 2 for pid in self.pids)  # Linux: the clock ID of a process's CPU-time clock
        return sum(time.clock_gettime_ns(clock) for clock in clocks) / 1e9

    def _reports(self, patience: float) -> list[PeerReport]:
        deadline = Deadline(patience)
        poll = select.poll()
        for one in self._sockets:
            poll.register(one, select.POLLIN)
        reports: dict[int, PeerReport] = {}
        while len(reports) < len(self._sockets):
            ready = poll.poll(1000 * deadline.left)
            if not ready:
                raise MeasurementFailed(f"it was not done within {patience:g} s")
            for number, _ in ready:
                row = next(i for i, one in enumerate(self._sockets) if one.fileno() == number)
                message = self._sockets[row].recv(REPORT)
                report = PeerReport(*json.loads(message)) if message else PeerReport("a process ended unexpectedly")
                if report.trouble:
                    raise MeasurementFailed(report.trouble)
                reports[row] = report
                poll.unregister(number)
        return [reports[row] for row in range(len(reports))]


def end_with(parent: int, number: signal.Signals) -> None:
    """Have this process get a signal when `parent` ends, and allow it to be traced."""
    library = ctypes.CDLL(None)
    if library.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0):  # refused by a sandbox: poll instead

        def look(*_: object) -> None:
            if os.getppid() != parent:
                os.kill(os.getpid(), number)

        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)
    library.prctl(PR_SET_PTRACER, ANYONE, 0, 0, 0)  # where only ancestors may trace: strace is a sibling
    if os.getppid() != parent:
        os._exit(1)


def _live(make: Make, orders: socket.socket) -> None:
    """Run one process: open its end, report ready, carry out orders until there are no more."""
    parent = os.getppid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    end_with(parent, signal.SIGKILL)
    gc.disable()
    report = PeerReport()
    try:
        act = make()
        while True:
            orders.send(json.dumps(report).encode())
            order = orders.recv(8)
            if not order:
                return
            count = int.from_bytes(order, "little")
            began = time.perf_counter_ns()
            result = act(count)
            report = PeerReport("", began, time.perf_counter_ns(), result)
    except BaseException as error:
        with contextlib.suppress(OSError):
            orders.send(json.dumps(PeerReport(f"{type(error).__name__}: {error}"[:1000])).encode())
