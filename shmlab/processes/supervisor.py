"""Start, watch and reap programs from one thread that lasts as long as this process.

One thread, because the kernel notifies a child of its parent's death when the *thread* that started
it ends, and JupyterLab runs callbacks on short-lived threads. It starts programs, reads their
output, and reaps them the moment they end, so that nothing else ever waits for a child.
"""

import contextlib
import errno
import os
import queue
import selectors
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future

from shmlab.memory import limits
from shmlab.memory.errors import NoRoom
from shmlab.memory.os_errors import no_room
from shmlab.processes import descendants
from shmlab.processes.handle import ProcessHandle

KEPT_OUTPUT = 64 << 10  # bytes of a program's output that are kept
READ_AT_ONCE = 64 << 10
LAST_READS = 4  # of a program's remaining output; a process that has left its session may print forever
CALM, SHARE = 0.02, 0.004  # minimum seconds between two reads of a program's output, in all and per printing program
SYSTEM = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
PASSED_ON = (*SYSTEM, "SHMLAB_RUN_TIME")  # all that a worker sees of the environment: no tokens of a hub or server
PLACE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ORDERS, DEATHS, WORDS = range(3)  # in order of priority
HANDLING = 1.0  # maximum seconds for the callbacks after a program's end


class RunningProgram:
    """A running program, observed and signalled through a handle that never comes to refer to another program.

    `ended` is set when it has ended, `end_handled` a moment later, when those interested in its end have been notified.
    """

    returncode: int | None = None
    output = ""

    def __init__(self, handle: ProcessHandle) -> None:
        self.pid = handle.pid
        self.ended, self.end_handled = threading.Event(), threading.Event()
        self._handle = handle
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Wake the program: it has pending changes. Never blocks. (One not started here polls by itself.)"""

    def signal(self, number: signal.Signals) -> bool:
        """Send signal `number`; return False if the program has ended."""
        with self._lock:
            return not self.ended.is_set() and self._handle.signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether the program has ended."""
        return self.ended.wait(seconds)

    def over(self) -> bool:
        """Return whether the program has ended, and those interested in its end have been notified."""
        return self.ended.is_set() and self.end_handled.wait(HANDLING)

    def stopped(self) -> bool | None:
        """Return whether SIGSTOP has stopped the program; None if the system does not report it."""
        with self._lock:
            return False if self.ended.is_set() else self._handle.stopped()

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used, in seconds; 0 once it has ended."""
        with self._lock:
            return 0.0 if self.ended.is_set() else self._handle.cpu_seconds()


class Process(RunningProgram):
    """A program that was started here. `returncode` is None while it runs, minus the signal if one ended it.

    `ended` is set when it has been reaped and all its output has been read.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        assert popen.stdin and popen.stdout
        super().__init__(ProcessHandle(popen.pid, child=True))
        self._popen, self._stdin, self._stdout = popen, popen.stdin.fileno(), popen.stdout.fileno()

    def tell(self) -> None:
        """Wake the program: it has pending changes. Never blocks."""
        with self._lock:
            if not self.ended.is_set():
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    os.write(self._stdin, b"n")


Heard = Callable[[str], None]
Ended = Callable[[Process], None]


def start(arguments: list[str], first_input: bytes, heard: Heard, ended: Ended) -> Process:
    """Start a program in a session of its own; raises NoRoom. `heard` and `ended` run on the watching thread."""
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


def inherited() -> dict[str, str]:
    """Return the environment for a program started here, including the location of this very shmlab.

    This shmlab may have been found through `sys.path`, which another program does not share.
    """
    told = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if PLACE not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        told["PYTHONPATH"] = os.pathsep.join(filter(None, [PLACE, told.get("PYTHONPATH")]))
    return told


class _Watcher:
    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._muted: dict[int, tuple[float, Callable[[], None]]] = {}  # descriptors: when to resume reading, and how
        self._running = 0
        self._working: Counter[str] = Counter()  # number of programs that work on the segment of that name
        self._wake_read, self._wake_write = os.pipe()
        try:
            os.set_blocking(self._wake_write, False)
            self._selector.register(self._wake_read, selectors.EVENT_READ, (ORDERS, self._obey))
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

        self._order(order)
        try:
            return result.result(timeout=30)
        except BaseException:
            if not result.cancel():  # interrupted: nobody would ever end a program that is just starting
                result.add_done_callback(_kill)
            raise

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.put(order)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"o")

    def _run(self) -> None:
        while True:
            ready = self._selector.select(self._unmute())
            for key, _ in sorted(ready, key=lambda one: one[0].data[0]):
                rank, act = key.data
                try:
                    act()
                except Exception:  # one program's failure must not leave the others unwatched
                    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self.thread)))
                if rank == WORDS:
                    break  # read from one program at a time: an order or a death may have come meanwhile

    def _unmute(self) -> float | None:
        """Resume reading from programs whose pause is over. Return seconds until the next is due, or None."""
        now = time.monotonic()
        for fd in [fd for fd, (until, _) in self._muted.items() if until <= now]:
            self._selector.register(fd, selectors.EVENT_READ, (WORDS, self._muted.pop(fd)[1]))
        return min(until for until, _ in self._muted.values()) - now if self._muted else None

    def _mute(self, fd: int, take: Callable[[], None]) -> None:
        """Pause reading: a program that prints without end costs little, and delays no other program."""
        self._selector.unregister(fd)
        self._muted[fd] = time.monotonic() + max(CALM, SHARE * len(self._muted)), take

    def _forget(self, fd: int) -> None:
        self._muted.pop(fd, None)
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def _obey(self) -> None:
        os.read(self._wake_read, 4096)
        while not self._orders.empty():
            try:
                self._orders.get()()
            except Exception:
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self.thread)))

    def _start(self, arguments: list[str], first_input: bytes, heard: Heard, ended: Ended) -> Process:
        if self._running >= limits.PROCESSES:
            text = f"{self._running} processes are running here, and no more are allowed: stop a lab first."
            raise NoRoom(errno.EDQUOT, text)
        marked = descendants.marked(arguments)
        environment = inherited() | marked
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
        handle = process._handle
        with contextlib.suppress(BrokenPipeError):
            os.write(process._stdin, first_input)
        os.set_blocking(process._stdin, False)
        os.set_blocking(process._stdout, False)

        listening, names = True, descendants.segments(marked)

        def read() -> bool:
            nonlocal listening
            try:
                data = os.read(process._stdout, READ_AT_ONCE)
            except BlockingIOError:
                return False
            if not data:
                self._forget(process._stdout)
                listening = False
                return False
            text = data.decode("utf-8", "replace")
            process.output = (process.output + text)[-KEPT_OUTPUT:]
            heard(text)
            return True

        def take() -> None:
            if not process.ended.is_set() and read():  # it may have been reaped in the same round
                self._mute(process._stdout, take)

        def reap() -> None:
            if handle.fd is not None:
                self._selector.unregister(handle.fd)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so the number is still that of its group
            for _ in range(LAST_READS):
                if not listening or not read():
                    break
            self._working.subtract(names)
            for name in names:
                if not self._working[name]:  # the last one: end everything that any of them started, too
                    del self._working[name]
                    descendants.end(name)
            with process._lock:  # nobody may use the number once the child is reaped
                process.returncode = popen.wait()
                self._forget(process._stdout)
                handle.close()
                for pipe in (popen.stdin, popen.stdout):
                    if pipe:
                        pipe.close()
                self._running -= 1
                process.ended.set()
            try:
                ended(process)
            finally:
                process.end_handled.set()

        def await_end() -> None:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self._order(reap)

        try:
            self._selector.register(process._stdout, selectors.EVENT_READ, (WORDS, take))
            if handle.fd is not None:
                self._selector.register(handle.fd, selectors.EVENT_READ, (DEATHS, reap))
            else:  # no pidfds here: a thread waits for each program, and leaves the reaping to this one
                threading.Thread(target=await_end, name="shmlab-waits", daemon=True).start()
        except BaseException:
            self._forget(process._stdout)
            popen.kill()
            popen.communicate()
            handle.close()
            raise
        self._running += 1
        self._working.update(names)
        return process
