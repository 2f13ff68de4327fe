"""Failing and dying at each system call of a piece of code, in turn: `strace` is told where.

One program imports everything and makes a child for each experiment. The child waits until strace watches it, runs the
code, and tells how it went. What the code calls when nothing is wrong is learned from a first run.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from tests.apparatus import eventually
from tests.clone import ROOT

PROGRAM = """
import json, os, signal, sys
from shmlab import strategies
from shmlab.lab import create
from shmlab.memory import buf, errors, segment
strategy = strategies.find("semaphores")

def files():
    try:
        return os.listdir("/proc/self/fd")
    except OSError:  # the failure meant for the work: it did not come so far this time
        return os.listdir("/proc/self/fd")

def told(work):
    before = files()
    os.getpriority(os.PRIO_PROCESS, 0)  # here it begins
    try:
        kept = work()
    except BaseException as error:
        os.getpriority(os.PRIO_PROCESS, 0)  # and here it ends
        outcome = [type(error).__name__, str(error), isinstance(error, errors.ShmlabError)]
    else:
        os.getpriority(os.PRIO_PROCESS, 0)
        outcome = ["well", "", True]
        work.undo(kept)
    leaked = len(files()) - len(before)
    work.end()
    return [*outcome, leaked]

{body}
told(Work())  # everything is imported now
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
for line in sys.stdin:
    child = os.fork()
    if not child:
        work = Work()
        print(os.getpid(), flush=True)
        signal.sigwait([signal.SIGUSR1])
        print(json.dumps(told(work)), flush=True)
        os._exit(0)
    print(json.dumps(os.waitpid(child, 0)[1]), flush=True)
"""
ALONE = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && exec "$0" "$@"']  # with a /dev/shm of its own
MARK = "getpriority"
# no call that fails for want of anything; and getrandom, which glibc calls for a name as often as it likes
UNFAILING = ("close", "munmap", "getpid", "getuid", "geteuid", "brk", "getrandom")


class Tracer:
    """Runs the class `Work` of `body`: `__call__` is the code in question, `undo(what it gave)` takes that back.

    `__init__` comes before it and `end` comes last. `alone`: no segments of others in sight, where that is allowed.
    """

    def __init__(self, body: str, folder: Path, alone: bool = False) -> None:
        self._log = folder / "strace"
        command = [sys.executable, "-c", PROGRAM.replace("{body}", textwrap.dedent(body))]
        if alone and not subprocess.run([*ALONE, "true"], capture_output=True).returncode:
            command = ALONE + command
        self._program = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=subprocess.PIPE, cwd=ROOT, text=True)

    def _line(self) -> Any:
        assert self._program.stdout and self._program.stderr
        line = self._program.stdout.readline()
        assert line, self._program.stderr.read()
        return json.loads(line)

    def run(self, *injections: str) -> tuple[list[Any] | None, int]:
        """What the code told of itself (None: nothing any more), and how its process ended."""
        assert self._program.stdin and self._program.stdout
        self._program.stdin.write("go\n")
        self._program.stdin.flush()
        pid = self._line()
        command = ["strace", "-q", "-f", "-o", str(self._log), "-p", str(pid)]
        for injection in injections:
            command += ["-e", f"inject={injection}"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as strace:
            try:
                eventually(lambda: traced(pid) or strace.poll() is not None, 5)
                os.kill(pid, signal.SIGUSR1)
                said = self._line()
                if isinstance(said, int):
                    return None, said
                return said, self._line()
            finally:
                strace.wait(10)

    def calls(self) -> list[str]:
        """The system calls of the code where all goes well, each with its place among those of its name: "openat:2"."""
        said, _ = self.run()
        assert said and said[0] == "well", said
        counts: Counter[str] = Counter()
        found = []
        for name in re.findall(r"^\d+ +(\w+)\(", self._log.read_text(), re.MULTILINE):
            counts[name] += 1
            if counts[MARK] == 1 and name not in (MARK, *UNFAILING):
                found.append(f"{name}:{counts[name]}")
        return found

    def __enter__(self) -> "Tracer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._program.kill()
        self._program.communicate()


def traced(pid: int) -> bool:
    """Whether somebody traces a process."""
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


@contextlib.contextmanager
def tracer(body: str, folder: Path, alone: bool = False) -> Iterator[Tracer]:
    """A tracer, or the test is skipped where the machine does not let anybody trace."""
    try:
        probe = subprocess.run(["strace", "-o", "/dev/null", "-e", "inject=getpid:error=EPERM", "true"], check=False)
    except FileNotFoundError:
        pytest.skip("there is no strace; `sudo apt install strace` brings it")
    if probe.returncode:
        pytest.skip("strace may not trace here: allow ptrace (Docker: --cap-add=SYS_PTRACE)")
    with Tracer(body, folder, alone) as it:
        yield it
