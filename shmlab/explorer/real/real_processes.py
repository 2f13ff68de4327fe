"""Real processes that take one step at a time, on command: the model's interface, for real processes.

This process owns the segment and opens the gates. It never maps the segment and never operates on a semaphore:
it reads both as files, and talks to the processes over a socket in the abstract namespace, which leaves no file.
"""

import contextlib
import os
import pickle
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from types import ModuleType

from shmlab.explorer.model.build import Program
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.program.operations import ACQUIRE, DONE, NAMES, Value
from shmlab.explorer.real.cell_places import CellPlaces, decode, encode
from shmlab.explorer.real.gated import ANNOUNCEMENT, OPEN, PASS_OVER
from shmlab.memory import layout as at, optional_packages, segment, semaphores
from shmlab.memory.waiting import Deadline, until
from shmlab.processes import supervisor
from shmlab.processes.supervisor import Process

PATIENCE = 10.0  # seconds for a process to reach its next gate
EVIDENCE = 2.0  # seconds for the kernel to put a process to sleep
LOOK = 0.001
CREDENTIALS = struct.Struct("3i")


class Announced:
    """What a real process is about to do: `operation` on `variable` at `line`; once it has ended, `text` says how."""

    __slots__ = ("kind", "line", "operation", "text", "value", "variable")

    def __init__(self, message: bytes, places: CellPlaces) -> None:
        self.kind, address, word, self.line = ANNOUNCEMENT.unpack_from(message)
        self.operation, self.value = NAMES[self.kind], decode(word)
        self.variable = places.memory.name(address) if address >= 0 else ""
        self.text = message[ANNOUNCEMENT.size :].decode()


class RealProcesses:
    """The processes of a program, started, each waiting at its first gate. Use it with `with`, or call `close`.

    `slots` is the number of slots that an endless buffer gets. Raises ReplayFailed, NoRoom, OSError.
    """

    def __init__(self, program: Program, slots: int = 0) -> None:
        memory = program.memory
        self.names = list(program.names)
        self.places = CellPlaces(memory, max(slots, len(memory.names) - memory.slots_at), len(self.names))
        self._processes: list[Process] = []
        self._gates: dict[int, socket.socket] = {}
        self._next: dict[int, Announced] = {}
        self._semaphores: dict[int, int] = {}  # address -> descriptor of the semaphore's file
        self.broken = False  # whether a process has died, so that no further step can be trusted
        self._file = segment.create(self.places.layout, self._fill)
        self.segment = self._file.name
        try:
            for address in range(self.places.count):
                if name := self.places.semaphore(address):
                    self._semaphores[address] = os.open(semaphores.path(self.segment, name), os.O_RDONLY | os.O_CLOEXEC)
            with self._listener() as listener:
                for row, (function, arguments) in enumerate(program.processes):
                    self._start(row, listener.getsockname()[1:].decode(), pickled(function, arguments, self.places))
                deadline = Deadline(PATIENCE)
                while len(self._gates) < len(self.names):
                    self._accept(listener, deadline)
            for p in range(len(self.names)):
                self._arrive(p)
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    def pending(self, process: int) -> Announced | None:
        """Return what a process does next; None if it has ended."""
        announced = self._next[process]
        return None if announced.kind >= DONE else announced

    def ending(self, process: int) -> str:
        """Return how a process has ended: its result or exception as text; empty while it runs."""
        return self._next[process].text

    def enabled(self) -> list[int]:
        """Return the processes that can take a step."""
        return [p for p in range(len(self.names)) if self._able(p)]

    def _able(self, process: int) -> bool:
        announced = self._next[process]
        if announced.kind >= DONE:
            return False
        return announced.kind != ACQUIRE or bool(self._value(self.places.memory.names.index(announced.variable)))

    def step(self, process: int, pass_over: bool = False) -> None:
        """Open the gate of a process and wait until it reaches its next one. Raises ReplayFailed.

        pass_over: at a choice, go on to the next alternative.
        """
        if not self._able(process):
            raise ReplayFailed(f"{self.names[process]} has ended or has to wait: let_block shows that it sleeps.")
        with contextlib.suppress(ConnectionError):  # it has died: `_arrive` reports that
            self._gates[process].send(PASS_OVER if pass_over else OPEN)
        self._arrive(process)

    def let_block(self, process: int) -> str | None:
        """Open the gate of a process that must wait; return the semaphore on which the kernel says it sleeps.

        The process can take no further step. None if the kernel does not tell.
        """
        self._gates[process].send(OPEN)
        return until(lambda: sleeps_on(self._processes[process].pid, self.segment), EVIDENCE, LOOK)

    def snapshot(self) -> dict[str, Value]:
        """Return the value of every cell, by name, read from the segment and the semaphores' files."""
        return {self.places.memory.name(i): value for i, value in enumerate(self.cells())}

    def cells(self) -> tuple[Value, ...]:
        return tuple([self._value(address) for address in range(self.places.count)])

    def _value(self, address: int) -> Value:
        if address in self._semaphores:
            return int.from_bytes(os.pread(self._semaphores[address], 4, 0), "little")
        offset = self.places.offset(address)
        if not self.places.is_slot(address):
            return decode(int.from_bytes(self._file.read(offset, at.WORD), "little", signed=True))
        slot = self._file.read(offset, at.SLOT_PAYLOAD + at.WORD)
        full = int.from_bytes(slot[: at.WORD], "little") == at.FULL
        return int.from_bytes(slot[at.SLOT_PAYLOAD :], "little", signed=True) if full else None

    def _fill(self, file: segment.SegmentFile) -> None:
        """Write the initial values, and create the semaphores."""
        memory = self.places.memory
        for address, value in enumerate(memory.initial):
            if self.places.semaphore(address) is not None:
                continue
            if not self.places.is_slot(address):
                word = encode(value).to_bytes(at.WORD, "little", signed=True)
                file.write(self.places.offset(address), word)
            elif value is not None:  # an array called slots that has initial values
                offset = self.places.offset(address)
                file.write(offset + at.SLOT_PAYLOAD, value.to_bytes(at.WORD, "little", signed=True))
                file.set_word(offset, at.FULL)  # the first word of a slot is its state
        semaphores.create_all(file.name, self.places.semaphores)

    @contextlib.contextmanager
    def _listener(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(f"\0shmlab-{os.urandom(8).hex()}")  # not the segment's name, which every user can read
            listener.listen(len(self.names))
            yield listener

    def _start(self, row: int, address: str, program: bytes) -> None:
        command = [
            sys.executable,
            "-P",
            "-m",
            "shmlab.explorer.real.gated",
            self.segment,
            str(row),
            str(os.getpid()),
            address,
        ]
        self._processes.append(supervisor.start(command, program, lambda _: None, lambda _: None))

    def _accept(self, listener: socket.socket, deadline: Deadline) -> None:
        """Accept the next connection if it is from one of our processes: anyone can connect. Raises ReplayFailed."""
        listener.settimeout(max(LOOK, deadline.left))
        try:
            if deadline.over:
                raise TimeoutError
            gate, _ = listener.accept()
        except TimeoutError:
            raise ReplayFailed(f"the processes did not start: {self._output()}") from None
        pid, uid, _ = CREDENTIALS.unpack(gate.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        if uid == os.geteuid() and pid in self.pids:
            gate.settimeout(PATIENCE)
            self._gates[int.from_bytes(gate.recv(8), "little")] = gate
        else:
            gate.close()

    def _arrive(self, process: int) -> None:
        try:
            message = self._gates[process].recv(1 << 16)
        except TimeoutError:
            raise ReplayFailed(f"{self.names[process]} did not reach its next step in {PATIENCE:g} s.") from None
        except ConnectionError:
            message = b""
        if not message:
            self.broken = True
            raise ReplayFailed(f"{self.names[process]} ended unexpectedly: {self._output()}")
        self._next[process] = Announced(message, self.places)

    def _output(self) -> str:
        return "".join(process.output for process in self._processes).strip() or "it said nothing"

    def close(self) -> None:
        """Kill all processes, and remove the segment and its semaphores, so that nothing is left."""
        for process in self._processes:
            process.signal(signal.SIGKILL)
        for gate in self._gates.values():
            gate.close()
        for process in self._processes:
            process.wait(PATIENCE)
        for fd in self._semaphores.values():
            os.close(fd)
        self._processes, self._gates, self._semaphores = [], {}, {}
        segment.unlink(self.segment)
        self._file.close()

    def __enter__(self) -> "RealProcesses":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sleeps_on(pid: int, name: str) -> str | None:
    """Return the semaphore of segment `name` on which the kernel has put a process to sleep; None if on none.

    /proc/PID/syscall shows the system call that it is in (futex) and the address on which it waits;
    /proc/PID/maps shows which file is mapped there.
    """
    try:
        with open(f"/proc/{pid}/stat", errors="surrogateescape") as file:
            state = file.read().rpartition(") ")[2][:1]
        with open(f"/proc/{pid}/syscall", errors="surrogateescape") as file:
            words = file.read().split()
        with open(f"/proc/{pid}/maps", errors="surrogateescape") as file:
            maps = [line for line in file.read().split("\n") if line]
    except OSError:
        return None
    if state != "S" or len(words) < 2:
        return None
    address = int(words[1], 16)
    for line in maps:
        span, _, path = line.partition(" ")
        low, high = (int(part, 16) for part in span.split("-"))
        if low <= address < high and f"/sem.{name}." in path:
            return path.rpartition(f"/sem.{name}.")[2]
    return None


def pickled(function: object, arguments: tuple[object, ...], places: CellPlaces) -> bytes:
    """Return a process pickled for its program. Raises ReplayFailed for what cannot be pickled."""
    modules = {_module(thing) for thing in (function, *arguments)}
    by_value = [module for module in modules if module and not module.__name__.startswith(("shmlab.", "__main__"))]
    try:  # another program cannot import modules that lie beside a notebook
        return optional_packages.pickled((function, arguments, places), by_value)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ReplayFailed(
            f"this process cannot be sent to a program of its own: {error}. Use plain functions."
        ) from error


def _module(thing: object) -> ModuleType | None:
    return sys.modules.get(getattr(thing, "__module__", None) or "")
