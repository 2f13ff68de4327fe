"""However the owner of a lab ends, no process and no segment stays behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from shmlab.observe.observer import Observer
from tests.apparatus import DIRECTORY, alive, entries, eventually, workers_of
from tests.clone import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
PROMISED = 2.0  # seconds
BEGIN = """
import os, signal, sys, threading, time
from shmlab import Lab
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # what a shell starts in the background ignores it
lab = Lab({settings})
lab.start()
while lab.snapshot().produced < 3: time.sleep(0.01)
"""
RUNNING = "producers=2, consumers=2, produce_rate=200, consume_rate=200"
FULL_SPEED = "producers=2, consumers=2, produce_rate=None, consume_rate=None"
SPINNING = "strategy='busy_waiting', produce_rate=None, consume_rate=None"


def gone(name: str, pids: list[int], seconds: float = PROMISED) -> None:
    """Wait until neither the segment nor its semaphores nor its processes are there."""

    def nothing_is_left() -> bool:
        return not any(name in entry for entry in entries()) and not workers_of(name) and not any(map(alive, pids))

    began = time.monotonic()
    try:
        eventually(nothing_is_left, seconds)
    except AssertionError:
        left = [entry for entry in entries() if name in entry]
        pytest.fail(f"after {time.monotonic() - began:.1f} s there are {left} and processes {workers_of(name)}")


# --- a script --------------------------------------------------------------------------------------


@contextmanager
def script(
    ending: str, settings: str = RUNNING, *before: str
) -> Iterator[tuple["subprocess.Popen[str]", str, list[int]]]:
    """A program that runs a lab, tells its name and pids, and goes on with `ending` when a line comes in.

    `before`: the words of a command that runs it.
    """
    tell = "print(lab.name, *[w.pid for w in lab.workers], flush=True)\nsys.stdin.readline()\n"
    program = BEGIN.format(settings=settings) + tell + textwrap.dedent(ending)
    process = subprocess.Popen(
        [*before, sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout
        name, *pids = process.stdout.readline().split()
        assert len(pids) >= 2
        try:
            yield process, name, [int(pid) for pid in pids]
        finally:
            process.kill()


ENDINGS = {
    "falls off the end": "",
    "sys.exit": "sys.exit(3)",
    "exception": "1 / 0",
    "exception in a with block": "with lab: raise KeyError",
    "os._exit": "os._exit(1)",
    "abort": "os.abort()",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "exec": "os.execv('/bin/true', ['true'])",
    "kills itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "interrupt": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "hang-up": "os.kill(os.getpid(), signal.SIGHUP)",
    "from another thread": "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("settings", [RUNNING, FULL_SPEED, SPINNING], ids=["paced", "full speed", "spinning"])
def test_nothing_outlives_a_script(ending: str, settings: str) -> None:
    with script(ENDINGS[ending], settings) as (process, name, pids):
        process.communicate("go\n", timeout=30)
        gone(name, pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGQUIT])
def test_nothing_outlives_a_script_ended_from_outside(number: signal.Signals) -> None:
    with script("") as (process, name, pids):
        process.send_signal(number)
        process.wait(10)
        gone(name, pids)


STATES = {
    "a stalled worker": "lab.stall('P0')",
    "all workers stalled": "[lab.stall(w) for w in lab.workers]",
    "a worker stopped by hand": "os.kill(lab.workers[1].pid, signal.SIGSTOP)",
    "a paused lab": "lab.pause()",
    "slow motion": "lab.slow_motion = 2.0",
    "a dead holder of the mutex": "lab.slow_motion = 0.01; lab.kill('P0', holding='mutex'); lab.slow_motion = 0",
    "no living worker": "[lab.kill(w) for w in lab.workers]",
    "a worker just started": "lab.add_producer()",
    "a rate of one item in ten seconds": "lab.produce_rate = lab.consume_rate = 0.1",
}


WAYS = {"SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)", "exit": "sys.exit()"}
CASES = [(state, ending) for state in STATES for ending in WAYS]
CASES.remove(("no living worker", "SIGKILL"))  # nobody is left to clean up: the next start sweeps (below)


@pytest.mark.parametrize(("state", "ending"), CASES)
def test_nothing_outlives_a_script_with(state: str, ending: str) -> None:
    with script(f"{STATES[state]}\n{WAYS[ending]}") as (process, name, pids):
        process.communicate("go\n", timeout=30)
        gone(name, pids)


def test_what_nobody_could_clean_up_the_next_lab_sweeps() -> None:
    with script("[lab.kill(w) for w in lab.workers]\nos.kill(os.getpid(), signal.SIGKILL)") as (process, name, pids):
        process.communicate("go\n", timeout=30)
        with script("") as (_, other, _):
            gone(name, pids)
            assert other in entries()


PLANTED: dict[str, Callable[[Path], object]] = {
    "a FIFO": lambda path: os.mkfifo(path, 0o666),
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a file that may not be opened": lambda path: path.touch(0),
}
ORDINARY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root may open what an ordinary user may not


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_nothing_outlives_a_script_whose_name_somebody_took(plant: Callable[[Path], object]) -> None:
    with script("", RUNNING, *(ORDINARY if os.geteuid() == 0 else ())) as (process, name, pids):
        path = DIRECTORY / name
        path.unlink()
        plant(path)
        try:
            process.kill()
            process.wait()
            eventually(lambda: not any(map(alive, pids)), PROMISED)
            eventually(lambda: not any(f"sem.{name}" in entry for entry in entries()), PROMISED)
        finally:
            path.unlink(missing_ok=True)


def test_a_stopped_owner_is_not_dead() -> None:
    with script("") as (process, name, pids):
        process.send_signal(signal.SIGSTOP)
        with Observer(name) as observer:
            consumed = observer.snapshot().consumed
            eventually(lambda: observer.snapshot().consumed > consumed + 100)
        assert all(map(alive, pids)) and name in entries()
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGKILL)
        process.wait()
        gone(name, pids)


def test_two_labs_of_one_script_end_together_and_another_script_goes_on() -> None:
    more = "other = Lab().start()\nprint(other.name, flush=True)\nsys.stdin.readline()\n"
    with script("") as (_, bystander, _), script(more + "os._exit(0)") as (process, name, pids):
        assert process.stdin and process.stdout
        process.stdin.write("go\n")
        process.stdin.flush()
        second = process.stdout.readline().strip()
        assert second in entries()
        process.communicate("end\n", timeout=30)
        gone(name, pids)
        gone(second, [])
        assert bystander in entries()
        eventually(lambda: len(workers_of(bystander)) == 4)


def test_death_at_any_moment_of_the_start_leaves_nothing() -> None:
    """The owner is killed 0, 8, 16 ... milliseconds after it began to start a lab with eight workers."""
    start = "sys.stdin.readline(); Lab(producers=4, consumers=4).start(); sys.stdin.read()"
    program = f"import sys; from shmlab import Lab; {start}"
    for delay in range(0, 160, 8):
        before = entries()
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, text=True) as process:
            assert process.stdin
            eventually(lambda process=process: "pipe_read" in wchan(process.pid) or settled(process.pid))
            process.stdin.write("go\n")
            process.stdin.flush()
            end = time.monotonic() + delay / 1000
            eventually(lambda end=end: time.monotonic() >= end)
            process.kill()
            pid = process.pid

        def nothing_new(before: set[str] = before, pid: int = pid) -> bool:
            return not own(entries() - before, pid) and not children(pid)

        try:
            eventually(nothing_new, PROMISED)
        except AssertionError:  # killed before any worker was there: the next start sweeps
            assert not children(pid)
            sweep = "from shmlab.memory import segment; segment.sweep()"
            subprocess.run([sys.executable, "-c", sweep], cwd=ROOT, check=True)
            assert not own(entries() - before, pid)


def wchan(pid: int) -> str:
    """Where in the kernel a process sleeps, if the machine tells."""
    try:
        return Path(f"/proc/{pid}/wchan").read_text()
    except OSError:
        return ""


def settled(pid: int) -> bool:
    """Whether a process sleeps, having imported the lab."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return "_multiprocessing" in maps and Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] == "S"


def own(found: set[str], pid: int) -> set[str]:
    from tests.apparatus import owner, segment_of

    return {entry for entry in found if owner(segment_of(entry)) == pid}


def children(pid: int) -> list[int]:
    """Workers whose command line names this owner."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "shmlab.worker.program" in words and str(pid) in words[words.index("shmlab.worker.program") :]:
            found.append(process.pid)
    return found


# --- a notebook's kernel ---------------------------------------------------------------------------


class Kernel:
    """A real ipykernel with a running lab."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(ROOT))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.names: list[str] = []

    def run(self, code: str) -> str:
        """What a cell prints; an error in it fails the test."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            assert message["msg_type"] != "error", message["content"]
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        self.client.execute_interactive(code, output_hook=hear, timeout=60)
        return "".join(said)

    def lab(self, settings: str = RUNNING) -> tuple[str, list[int]]:
        self.run(BEGIN.format(settings=settings))
        name, *pids = self.run("print(lab.name, *[w.pid for w in lab.workers])").split()
        self.names.append(name)
        return name, [int(pid) for pid in pids]

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        yield kernel
    finally:
        kernel.close()
        for name in kernel.names:
            gone(name, [])


@pytest.mark.parametrize("now", [True, False], ids=["at once", "gracefully"])
@pytest.mark.parametrize("settings", [RUNNING, FULL_SPEED, SPINNING], ids=["paced", "full speed", "spinning"])
def test_nothing_outlives_the_shutdown_of_a_kernel(kernel: Kernel, now: bool, settings: str) -> None:
    name, pids = kernel.lab(settings)
    kernel.manager.shutdown_kernel(now=now)
    gone(name, pids)


@pytest.mark.parametrize("now", [True, False], ids=["at once", "gracefully"])
def test_nothing_outlives_the_restart_of_a_kernel_and_the_next_lab_runs(kernel: Kernel, now: bool) -> None:
    name, pids = kernel.lab()
    began = time.monotonic()
    kernel.manager.restart_kernel(now=now)
    assert time.monotonic() - began < 5  # jupyter_client itself kills after that
    gone(name, pids)
    kernel.client.wait_for_ready(timeout=60)
    again, _ = kernel.lab()
    assert again != name and again in entries()


def test_nothing_outlives_a_kernel_that_is_killed(kernel: Kernel) -> None:
    name, pids = kernel.lab()
    kernel.run("lab.stall('C0')")
    pid = kernel.manager.provisioner.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGKILL)
    gone(name, pids)


def test_nothing_outlives_a_kernel_that_exits_by_itself(kernel: Kernel) -> None:
    name, pids = kernel.lab()
    kernel.client.execute("exit()")
    gone(name, pids, 5)


def test_interrupting_a_cell_leaves_the_workers_at_work(kernel: Kernel) -> None:
    name, pids = kernel.lab()
    message = kernel.client.execute("print('waiting', flush=True); time.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=30)["content"].get("text") != "waiting\n":
        pass
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=30))["parent_header"].get("msg_id") != message:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    with Observer(name) as observer:
        consumed = observer.snapshot().consumed
        eventually(lambda: observer.snapshot().consumed > consumed + 100)
    assert all(map(alive, pids))
    assert kernel.run("print(lab.running, all(w.alive for w in lab.workers))") == "True True\n"


def test_a_lab_of_a_kernel_with_stalled_workers_ends_with_it(kernel: Kernel) -> None:
    name, pids = kernel.lab()
    kernel.run("[lab.stall(w) for w in lab.workers]")
    kernel.manager.shutdown_kernel(now=False)
    gone(name, pids)


def test_a_lab_that_was_forgotten_ends_with_its_kernel(kernel: Kernel) -> None:
    name, pids = kernel.lab()
    kernel.run("del lab; import gc; _ = gc.collect()")
    assert all(map(alive, pids))
    kernel.manager.shutdown_kernel(now=False)
    gone(name, pids)
