"""Programs started, watched and reaped by one thread that lasts as long as this process.

One thread, because the kernel tells a child of its parent's death when the *thread* that started
it ends, and JupyterLab runs callbacks on threads that come and go. It starts programs, takes what
they print, and reaps them the moment they end, so that nothing ever waits for a child.
"""

import contextlib
import errno
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from shmlab import limits
from shmlab.errors import NoRoom
from shmlab.segment import no_room

KEPT_OUTPUT = 64 << 10  # bytes of what one program printed that are kept
READ_AT_ONCE = 64 << 10
LAST_READS = 4  # of what a program has left in its pipe; somebody who fled from its session may print without end
CALM = 0.02  # seconds between two readings, so that a program that prints without end costs little
SYSTEM = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
PASSED_ON = (*SYSTEM, "SHMLAB_RUN_TIME")  # all that a worker sees of the environment: no hub's or server's tokens
MOURNING = 1.0  # seconds that it may take, at most, until those who want to know of an end know it


class Program:
    """A program that runs, looked at and signalled through a handle that never comes to mean another program.

    `ended` is set when it has ended, `mourned` a moment later, when those who want to know of its end know it.
    """

    returncode: int | None = None
    output = ""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended, self.mourned = threading.Event(), threading.Event()
        self._handle = os.pidfd_open(pid)
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Wake the program: it has news. Never blocks. (One that was not started here looks by itself.)"""

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; False if the program has ended."""
        with self._lock:
            if self.ended.is_set():
                return False
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)
                return True
            return False

    def wait(self, seconds: float) -> bool:
        """Whether the program has ended within so many seconds."""
        return self.ended.wait(seconds)

    def over(self) -> bool:
        """Whether the program has ended, and those who want to know of its end know it."""
        return self.ended.is_set() and self.mourned.wait(MOURNING)

    def stopped(self) -> bool:
        """Whether the program is stalled by SIGSTOP."""
        return self.status()[:1] == "T"

    def cpu_seconds(self) -> float:
        """Processor time that it has used."""
        fields = self.status().split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if len(fields) > 12 else 0.0

    def status(self) -> str:
        """The kernel's line about the program, from its state letter on; empty when it has ended."""
        with self._lock:
            if not self.ended.is_set():
                with contextlib.suppress(OSError), open(f"/proc/{self.pid}/stat") as file:
                    return file.read().rpartition(") ")[2]
        return ""


class Process(Program):
    """A program that was started here. `returncode` is None while it runs, minus the signal if one ended it.

    `ended` is set when it is reaped and all its output is taken.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        assert popen.stdin and popen.stdout
        super().__init__(popen.pid)
        self._popen, self._stdin, self._stdout = popen, popen.stdin.fileno(), popen.stdout.fileno()

    def tell(self) -> None:
        """Wake the program: it has news. Never blocks."""
        with self._lock:
            if not self.ended.is_set():
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    os.write(self._stdin, b"n")


Heard = Callable[[str], None]
Ended = Callable[[Process], None]


def start(arguments: list[str], first_input: bytes, heard: Heard, ended: Ended) -> Process:
    """Start a program in a session of its own; raises NoRoom. The callbacks run on the watching thread."""
    try:
        return _watcher().submit(arguments, first_input, heard, ended)
    except NoRoom:
        raise
    except (OSError, RuntimeError, MemoryError) as error:
        raise no_room(error, "start a process") from error


_the_watcher: "_Watcher | None" = None
_making = threading.Lock()


def _watcher() -> "_Watcher":
    global _the_watcher
    with _making:
        if _the_watcher is None or not _the_watcher.thread.is_alive():
            _the_watcher = _Watcher()
        return _the_watcher


def _kill(result: "Future[Process]") -> None:
    if not result.exception():
        result.result().signal(signal.SIGKILL)


class _Watcher:
    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._running = 0
        self._wake_read, self._wake_write = os.pipe()
        try:
            os.set_blocking(self._wake_write, False)
            self._selector.register(self._wake_read, selectors.EVENT_READ, self._obey)
            self.thread = threading.Thread(target=self._run, name="shmlab-processes", daemon=True)
            self.thread.start()
        except BaseException:
            for fd in (self._wake_read, self._wake_write):
                os.close(fd)
            raise

    def submit(self, arguments: list[str], first_input: bytes, heard: Heard, ended: Ended) -> Process:
        result: Future[Process] = Future()

        def order() -> None:
            if not result.set_running_or_notify_cancel():
                return
            try:
                result.set_result(self._start(arguments, first_input, heard, ended))
            except BaseException as error:
                result.set_exception(error)

        self._orders.put(order)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"o")
        try:
            return result.result(timeout=30)
        except BaseException:
            if not result.cancel():  # interrupted: nobody would ever end a program that starts at this moment
                result.add_done_callback(_kill)
            raise

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                try:
                    key.data()
                except Exception:  # one program's trouble must not leave the others unwatched
                    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self.thread)))

    def _obey(self) -> None:
        os.read(self._wake_read, 4096)
        while not self._orders.empty():
            self._orders.get()()

    def _start(self, arguments: list[str], first_input: bytes, heard: Heard, ended: Ended) -> Process:
        if self._running >= limits.PROCESSES:
            text = f"{self._running} processes are running here, and no more are allowed: stop a lab first."
            raise NoRoom(errno.EDQUOT, text)
        environment = {
            name: os.environ[name] for name in PASSED_ON if name in os.environ
        }  # no tokens of a hub or server
        popen = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )
        try:
            process = Process(popen)
        except BaseException:  # no descriptor left to watch it with
            popen.kill()
            popen.communicate()
            raise
        with contextlib.suppress(BrokenPipeError):
            os.write(process._stdin, first_input)
        os.set_blocking(process._stdin, False)
        os.set_blocking(process._stdout, False)

        def read() -> bool:
            try:
                data = os.read(process._stdout, READ_AT_ONCE)
            except BlockingIOError:
                return False
            if not data:
                self._selector.unregister(process._stdout)
                return False
            text = data.decode("utf-8", "replace")
            process.output = (process.output + text)[-KEPT_OUTPUT:]
            heard(text)
            return True

        def take() -> None:
            if not process.ended.is_set() and read():  # it may have been reaped in the same round
                time.sleep(CALM)

        def reap() -> None:
            self._selector.unregister(process._handle)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so the number is still that of its group
            for _ in range(LAST_READS):
                if process._stdout not in self._selector.get_map() or not read():
                    break
            with process._lock:  # nobody may use the number once the child is reaped
                process.returncode = popen.wait()
                with contextlib.suppress(KeyError):
                    self._selector.unregister(process._stdout)
                os.close(process._handle)
                for pipe in (popen.stdin, popen.stdout):
                    if pipe:
                        pipe.close()
                self._running -= 1
                process.ended.set()
            try:
                ended(process)
            finally:
                process.mourned.set()

        try:
            self._selector.register(process._stdout, selectors.EVENT_READ, take)
            self._selector.register(process._handle, selectors.EVENT_READ, reap)
        except BaseException:
            with contextlib.suppress(KeyError):
                self._selector.unregister(process._stdout)
            popen.kill()
            popen.communicate()
            os.close(process._handle)
            raise
        self._running += 1
        return process
