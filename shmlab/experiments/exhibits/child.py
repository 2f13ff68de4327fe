"""A real process of an exhibit, seen by its owner: start it, send it one order at a time, observe its death.

A child is a separate program in its own session, started with an argument list. It holds nothing but its two
pipes to the owner, so it ends with the owner, however the owner ends. It may die while carrying out an order: then the
answer is its `DeadProcess`.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from shmlab.experiments.exhibits.command_loop import LEAVE
from shmlab.memory.errors import ShmlabError
from shmlab.memory.waiting import Deadline, until
from shmlab.processes import address_space
from shmlab.processes.supervisor import inherited

START = 10.0  # seconds for a program to start
PATIENCE = 20.0  # seconds for an answer
END = 2.0  # seconds for a program to end by itself
READ_AT_ONCE = 1 << 16
LONGEST, SHOWN = 1 << 20, 500  # bytes of a line that are read; characters of it that an error shows
PROGRAM = (sys.executable, "-P", "-m", "shmlab.experiments.exhibits.command_loop")


class Refused(ShmlabError):
    """An order that the operating system, or the process, refused. Nothing has changed."""


class Ended(ShmlabError):
    """An order to a process that had already ended."""


@dataclass(frozen=True, slots=True)
class DeadProcess:
    """What was left of a process after it died and before its exit status was collected.

    signal: what ended it, such as "SIGSEGV". order: what it was asked to do. state: the kernel's letter and word for
    it; regions: how many regions its address space still had.
    """

    name: str
    pid: int
    signal: str
    order: str
    state: str
    regions: int

    def __str__(self) -> str:
        return (
            f"{self.name} was ended by {self.signal} at: {self.order}. "
            f"What is left of it: state {self.state}, {self.regions} regions of memory."
        )


class Child:
    """A process that carries out one order at a time. `ask` it; `end` it. `before` is a command that runs it (strace).

    Raises ShmlabError if the program does not start; `begin` waits for it, so that several can start at once.
    """

    def __init__(self, name: str, before: Sequence[str] = ()) -> None:
        self.name = name
        self.pid = 0
        self.ending = ""  # how it ended
        self._lock = threading.Lock()
        self._unread = b""
        environment = inherited()
        self._popen = subprocess.Popen(
            [*before, *PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )

    def begin(self) -> None:
        """Wait until it is ready. Raises ShmlabError with its output if it is not."""
        line = b""
        try:
            line = self._line(START)
            self.pid = json.loads(line)["pid"]
        except (ValueError, TypeError, KeyError, TimeoutError):
            said = (line + self._unread).decode("utf-8", "replace").strip()[:SHOWN] or "nothing"
            self.end()
            raise ShmlabError(f"the process {self.name} could not be started. It said: {said}") from None

    @property
    def alive(self) -> bool:
        """Return whether it can take orders."""
        return not self.ending

    def ask(self, verb: str, *arguments: object) -> object:
        """Send an order, see `command_loop.CommandLoop`; return its result, or its DeadProcess if the order killed it.

        Raises Refused if it could not carry it out, Ended if it had already ended.
        """
        with self._lock:
            if self.ending:
                raise Ended(f"{self.name} has ended ({self.ending}). again({self.name!r}) starts a new one.")
            order = json.dumps([verb, *arguments]).encode() + b"\n"
            try:
                os.write(self._stdin, order)
                line = self._line(PATIENCE)
            except BrokenPipeError:
                line = b""
            except TimeoutError:
                self._kill()
                raise Ended(f"{self.name} did not answer to {verb} for {PATIENCE:g} s and was ended.") from None
            except BaseException:  # interrupted: the pending answer would be taken for that to the next order
                self._kill()
                raise
            if not line:
                return self._examine(" ".join([verb, *map(_written, arguments)]))
            said = json.loads(line)
            if "refused" in said:
                raise Refused(f"{self.name}: {verb} was refused: {said['refused']}.")
            return said["result"]

    def regions(self) -> tuple[address_space.Region, ...]:
        """Return its address space; empty if it has ended."""
        with self._lock:
            return address_space.read(self.pid) if self.alive else ()

    def end(self) -> None:
        """End it gracefully. Names that it has created stay. A second call has no effect."""
        with self._lock:
            if self.ending:
                return
            with contextlib.suppress(BrokenPipeError):
                os.write(self._stdin, json.dumps([LEAVE]).encode())
            self._popen.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(END)
            self._kill()

    def kill(self) -> DeadProcess:
        """End it with SIGKILL. Raises Ended."""
        with self._lock:
            if self.ending:
                raise Ended(f"{self.name} has ended already ({self.ending}).")
            os.kill(self.pid, signal.SIGKILL)
            return self._examine("nothing, another process killed it")

    # the lock must be held for everything below

    @property
    def _stdin(self) -> int:
        return self._popen.stdin.fileno()  # type: ignore[union-attr]

    def _line(self, seconds: float) -> bytes:
        """Return the next line that it prints; empty if it has ended. Raises TimeoutError."""
        stdout = self._popen.stdout.fileno()  # type: ignore[union-attr]
        poll = select.poll()
        poll.register(stdout, select.POLLIN)
        deadline = Deadline(seconds)
        while b"\n" not in self._unread:
            endless = deadline.over or len(self._unread) > LONGEST  # poll never times out on endless output
            if endless or not poll.poll(deadline.left * 1000):
                raise TimeoutError
            data = os.read(stdout, READ_AT_ONCE)
            if not data:
                return b""
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _examine(self, order: str) -> DeadProcess:
        """Examine a dying process before it is reaped; then reap it."""
        until(lambda: os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG), PATIENCE)
        state, left = _state(self._popen.pid), 0
        with contextlib.suppress(ShmlabError):
            left = len(address_space.read(self._popen.pid))
        self._kill()
        return DeadProcess(self.name, self.pid, self.ending.removeprefix("ended by "), order, state, left)

    def _kill(self) -> None:
        """Kill it, if it still runs, and everything in its session; close its pipes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)  # not reaped yet, so the number is still that of its group
        status = self._popen.wait()
        self.ending = f"ended by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe:
                pipe.close()


def _written(argument: object) -> str:
    """Format an argument for people; large numbers are addresses."""
    return f"{argument:#_x}" if isinstance(argument, int) and argument > 1 << 20 else str(argument)


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/status", errors="surrogateescape") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("State:")), "unknown")
