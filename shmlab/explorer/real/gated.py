"""One real process of an explored program: `python -P -m shmlab.explorer.real.gated NAME ROW OWNER SOCKET`.

There is a gate before every access to shared memory. The process announces the access, waits until the owner
opens the gate, and then performs it itself, on the mapped segment and the named semaphores. It receives its
function on standard input. When the owner dies, this process exits too (see `owner_watch`).
"""

import _thread
import contextlib
import ctypes
import os
import pickle  # what is read with it comes from the owner, over a private pipe; never from the segment
import socket
import struct
import sys
from collections.abc import Callable

from shmlab.explorer.program import model_buf, operations
from shmlab.explorer.program.automaton import TAKEN, Raised
from shmlab.explorer.program.operations import (
    ACQUIRE,
    ATOMIC,
    CHOOSE,
    DONE,
    ENTER,
    LEAVE,
    LOAD,
    RAISED,
    RELEASE,
    STORE,
    Value,
)
from shmlab.explorer.real.cell_places import NOTHING, CellPlaces, decode, encode
from shmlab.memory import layout as at, posix_semaphore as semaphores
from shmlab.memory.posix_semaphore import open_named
from shmlab.memory.segment import Segment, attach
from shmlab.processes import first_input, owner_watch
from shmlab.strategies import choice

ANNOUNCEMENT = struct.Struct("<4q")  # kind of access, address, value to store, line; then text
SIGINT, SIG_IGN = 2, 1
OPEN, PASS_OVER = b"o", b"p"  # how a gate is opened: take the step; or, at a choice, reject the first alternative


class Gated:
    """The engine of `buf` in a real process: announce an access, wait at the gate, perform it."""

    def __init__(self, segment: Segment, places: CellPlaces, gate: socket.socket) -> None:
        self._segment, self._words, self._signed = segment, segment.words, segment.signed
        self._places, self._gate = places, gate
        self._semaphores = {name: open_named(f"/{segment.name}.{name}") for name in places.semaphores}

    def access(self, kind: int, address: int, argument: object) -> object:
        """Take one step."""
        value = argument if isinstance(argument, int) else NOTHING
        self.announce(kind, address, value, model_buf.caller(sys._getframe(1)).f_lineno)
        self.wait()
        return self._do(kind, address, argument)

    def takes(self, left: tuple[str, ...]) -> bool:
        """Return whether the first of these alternatives is taken, at a choice that the program leaves open."""
        self.announce(CHOOSE, line=model_buf.caller(sys._getframe(1)).f_lineno)
        return self.wait() != PASS_OVER

    def wait(self) -> bytes:
        """Wait until the gate opens, and return how it was opened. If the owner has died, clean up and exit."""
        with contextlib.suppress(ConnectionError):
            if how := self._gate.recv(1):
                return how
        return owner_watch.leave(self._segment)

    def announce(self, kind: int, address: int = -1, value: int = NOTHING, line: int = 0, text: str = "") -> None:
        """Tell the owner what comes next."""
        self._gate.send(ANNOUNCEMENT.pack(kind, address, value, line) + text.encode())

    def _do(self, kind: int, address: int, argument: object) -> object:
        name = self._places.semaphore(address)
        if name is not None:
            semaphore = self._semaphores[name]
            if kind == ACQUIRE:
                semaphore.acquire()  # may block for ever: a deadlock must really occur
            elif kind == RELEASE:
                semaphore.release()
            elif kind == ATOMIC:  # try-acquire, also with a timeout, whose outcome the schedule has determined
                return semaphore.acquire(False)
            elif kind == LOAD:
                return semaphores.value(semaphore)
            return None
        if kind == LOAD:
            return self._load(address)
        if kind == STORE:
            self._store(address, argument)  # type: ignore[arg-type]
        elif kind == ATOMIC:  # atomic, because no other gate is open meanwhile
            after, value = operations.atomically(argument, self._load(address))  # type: ignore[arg-type]
            self._store(address, after)
            return value
        elif kind in (ENTER, LEAVE):
            self._store(address, (self._load(address) or 0) + (1 if kind == ENTER else -1))
        return None

    def _load(self, address: int) -> Value:
        word = self._places.offset(address) // at.WORD
        if not self._places.is_slot(address):
            return decode(self._signed[word])
        full = self._words[word + at.SLOT_STATE] == at.FULL
        return self._signed[word + at.SLOT_PAYLOAD // at.WORD] if full else None

    def _store(self, address: int, value: Value) -> None:
        word = self._places.offset(address) // at.WORD
        if not self._places.is_slot(address):
            self._signed[word] = encode(value)
        elif value is None:
            self._words[word + at.SLOT_STATE] = at.EMPTY
        else:
            self._signed[word + at.SLOT_PAYLOAD // at.WORD] = value
            self._words[word + at.SLOT_STATE] = at.FULL


def _refuse(error: Exception) -> None:
    pass  # the model has already refused it


def _input() -> tuple[Callable[..., object], tuple[object, ...], CellPlaces]:
    """Read the function, its arguments and the places of its cells from standard input."""
    size = int.from_bytes(first_input.read(8), "little")
    function, arguments, places = pickle.loads(first_input.read(size))
    return function, tuple(_ignore if argument is TAKEN else argument for argument in arguments), places


def _ignore(item: object) -> None:
    pass


def main(arguments: list[str]) -> int:
    """Run one process of a program to its end, one gate after another."""
    name, row, owner, address = arguments[0], int(arguments[1]), int(arguments[2]), arguments[3]
    ctypes.CDLL(None).signal(SIGINT, SIG_IGN)  # "interrupt the kernel" is not meant for this process
    segment = attach(name)
    function, given, places = _input()
    _thread.start_new_thread(owner_watch.watch, (segment, owner))
    segment.words[at.first_word(row) + at.PID] = os.getpid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gate:
        gate.connect(f"\0{address}")
        gate.send(row.to_bytes(8, "little"))
        gated = Gated(segment, places, gate)
        buf = model_buf.bind(places.memory, gated.access, _refuse)
        choice.decide_by(gated.takes)
        try:
            result = function(buf, *given)
            gated.announce(DONE, text=repr(result))
        except BaseException as error:  # sys.exit too
            gated.announce(RAISED, text=str(Raised(error)))
        gated.wait()  # until the owner is finished with it
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
