"""A process that carries out one order at a time: `python -P -m shmlab.experiments.exhibits.command_loop`.

An order is one line on standard input, `["verb", argument, ...]`; the answer is one line on standard output. Between
reading the one and writing the other, it makes only the system calls that the order needs. When standard input ends,
its owner is dead: the process unlinks the names that it knows and ends.
"""

import contextlib
import ctypes
import json
import mmap
import os
import resource
import sys

from shmlab.experiments.exhibits import textbook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

READ_AT_ONCE = 4096  # bytes, more than any order has
MESSAGE = bytes(8)
PROT_READ, PROT_WRITE = 1, 2  # for Linux; the mmap module has them only in newer versions of Python
MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED_NOREPLACE = 0x02, 0x20, 0x100000
BY_NAME = ("create", "attach", "resize", "chmod", "unlink")  # verbs that name a segment
LEAVE = "leave"

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class CommandLoop:
    """The orders that this process can carry out. Each public method is a verb."""

    def __init__(self) -> None:
        self._memory: mmap.mmap | None = None
        self._words: memoryview | None = None  # the segment as signed 8-byte words
        self._names: set[str] = set()
        self._pipe = -1

    # private memory, by address

    def own_page(self, address: int) -> None:
        """Map a private page at exactly this address."""
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
        given = libc.mmap(address, mmap.PAGESIZE, PROT_READ | PROT_WRITE, flags, -1, 0)
        if given != address:
            raise OSError(ctypes.get_errno(), f"the kernel gives no page at {address:#_x}")

    def load(self, address: int) -> int:
        """Return the 8 bytes at any address; SIGSEGV if it is not mapped."""
        return int(ctypes.c_int64.from_address(address).value)

    def store(self, address: int, value: int) -> None:
        """Store 8 bytes at an address; SIGSEGV if the kernel does not allow it."""
        ctypes.c_int64.from_address(address).value = value

    def protect(self, address: int, size: int) -> None:
        """Ask the kernel to allow stores to these addresses. Raises PermissionError."""
        if libc.mprotect(address, size, PROT_READ | PROT_WRITE):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    # a segment

    def create(self, name: str, size: int, mode: int) -> None:
        self._map(textbook.create(name, size, mode))
        self._names.add(name)

    def attach(self, name: str, read_only: bool) -> None:
        self._map(textbook.attach(name, read_only))
        self._names.add(name)

    def _map(self, memory: mmap.mmap) -> None:
        self._memory = memory
        whole = len(memory) // 8 * 8
        self._words = memoryview(memory)[:whole].cast("q")

    def detach(self) -> None:
        words, memory = self._words, self._memory
        self._words = self._memory = None
        if words is not None and memory is not None:
            words.release()
            textbook.detach(memory)

    def unlink(self, name: str) -> None:
        textbook.unlink(name)
        self._names.discard(name)

    def resize(self, name: str, size: int) -> None:
        textbook.resize(name, size)

    def chmod(self, name: str, mode: int) -> None:
        os.chmod(f"/dev/shm{name}", mode)

    def write(self, value: int, index: int) -> None:
        self._segment[index] = value

    def read(self, index: int) -> int:
        return int(self._segment[index])

    @property
    def _segment(self) -> memoryview:
        if self._words is None:
            raise ValueError("it has no segment: create or attach one first")
        return self._words

    # many operations

    def stores(self, count: int) -> None:
        """Store into the first word `count` times."""
        words = self._segment
        for value in range(count):
            words[0] = value

    def loads(self, count: int) -> None:
        """Load the first word `count` times."""
        words = self._segment
        for _ in range(count):
            words[0]

    def add(self, count: int) -> None:
        """Add one to the first word, `count` times: a load and a store each, without synchronisation."""
        words = self._segment
        for _ in range(count):
            words[0] += 1

    def touch(self, write: bool) -> None:
        """Store to, or load from, the first word of every page."""
        words = self._segment
        for index in range(0, len(words), mmap.PAGESIZE // 8):
            if write:
                words[index] = 1
            else:
                words[index]

    def open_pipe(self, path: str, write: bool) -> None:
        """Open one end of a named pipe without waiting for the other end; the reader has to open first."""
        self._pipe = os.open(path, (os.O_WRONLY if write else os.O_RDONLY) | os.O_NONBLOCK)
        os.set_blocking(self._pipe, True)

    def send(self, count: int) -> None:
        """Send `count` messages of 8 bytes into the pipe."""
        for _ in range(count):
            os.write(self._pipe, MESSAGE)

    def receive(self, count: int) -> None:
        """Receive `count` messages from the pipe."""
        for _ in range(count):
            os.read(self._pipe, len(MESSAGE))

    def close_pipe(self) -> None:
        os.close(self._pipe)

    # user identity

    def become(self, user: int) -> None:
        """Drop root privileges and become this user, permanently. Raises PermissionError."""
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)

    def clean_up(self) -> None:
        """Unlink the names that the owner, now dead, would have unlinked."""
        for name in self._names:
            with contextlib.suppress(OSError):
                textbook.unlink(name)


def answer(program: CommandLoop, order: "Sequence[object]") -> dict[str, object]:
    """Carry out an order; return the answer for the owner."""
    verb, *arguments = order
    try:
        return {"result": getattr(program, str(verb))(*arguments)}
    except PermissionError:
        return {"refused": "permission denied"}
    except TypeError as error:
        return {"refused": f"Python itself does not do it: {error}"}
    except (OSError, ValueError, IndexError) as error:
        if verb in BY_NAME and isinstance(error, (FileExistsError, FileNotFoundError)):
            return {"refused": f"there is {'already a' if verb == 'create' else 'no'} segment of that name"}
        return {"refused": str(error)}


def main() -> int:
    """Carry out orders until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # this process is made to crash
    program = CommandLoop()
    os.write(1, json.dumps({"pid": os.getpid()}).encode() + b"\n")
    while order := os.read(0, READ_AT_ONCE):
        said = json.loads(order)
        if said[0] == LEAVE:
            return 0
        os.write(1, json.dumps(answer(program, said)).encode() + b"\n")
    program.clean_up()
    return 0


if __name__ == "__main__":
    sys.exit(main())
