"""Workers that die, fail, stall, loop or shout: the kernel, the others and the next lab are none the worse for it."""

import ctypes
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from shmlab import Lab, Snapshot, WorkerFailed
from shmlab.lab import create
from shmlab.memory import layout as at, segment
from shmlab.processes import supervisor
from tests.apparatus import DIRECTORY, alive, entries, eventually
from tests.faults.conftest import PROMISED, kill

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("bystander")]
SOUND = ("semaphores", "condition", "unbounded")


def pids(lab: Lab, role: str = "") -> list[int]:
    return [worker.pid for worker in lab.snapshot().workers if worker.role.startswith(role) and worker.alive]


def moves(lab: Lab, items: int = 20) -> Snapshot:
    """Wait until so many more items have arrived."""
    consumed = lab.snapshot().consumed
    eventually(lambda: lab.snapshot().consumed >= consumed + items)
    return lab.snapshot()


def stops_in_time(lab: Lab) -> None:
    began = time.monotonic()
    lab.stop()
    assert time.monotonic() - began < PROMISED


# --- death -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", SOUND)
@pytest.mark.parametrize("role", ["producer", "consumer"])
def test_all_of_one_role_are_killed_and_new_ones_go_on(strategy: str, role: str) -> None:
    with Lab(strategy, 8, 2, 2, produce_rate=200, consume_rate=200) as lab:
        moves(lab)
        kill(*pids(lab, role))
        eventually(lambda: not pids(lab, role))
        seen = lab.snapshot()
        assert [w.state for w in seen.workers if w.role == role] == ["killed", "killed"]
        assert len(pids(lab)) == 2
        eventually(lambda: sum("died of SIGKILL" in event.text for event in lab.events) == 2)
        (lab.add_producer if role == "producer" else lab.add_consumer)()
        moves(lab)
        stops_in_time(lab)


@pytest.mark.parametrize("strategy", [*SOUND, "busy_waiting", "unsynchronised"])
def test_everybody_is_killed_at_once_and_a_new_pair_goes_on(strategy: str) -> None:
    with Lab(strategy, producers=1, consumers=1, produce_rate=None, consume_rate=None) as lab:
        moves(lab)
        kill(*pids(lab))
        eventually(lambda: not pids(lab))
        assert all(worker.state == "killed" for worker in lab.snapshot().workers)
        lab.add_producer()
        lab.add_consumer()
        moves(lab)
        stops_in_time(lab)


def test_a_lab_whose_workers_were_all_killed_stops_and_starts_again() -> None:
    lab = Lab(produce_rate=None, consume_rate=None)
    for _ in range(3):
        with lab:
            moves(lab)
            kill(*pids(lab))
            stops_in_time(lab)


@pytest.mark.parametrize("slots", [2, 3, 1000])
def test_a_producer_killed_inside_an_unbounded_buffer_that_is_as_long_as_it_gets_loses_nothing(slots: int) -> None:
    with Lab("unbounded", slots, 2, 1, produce_rate=None, consume_rate=0.1, payload=16_384) as lab:
        eventually(lambda: lab.snapshot().cap_reached, 30)
        cap = lab.snapshot().cap
        assert cap % slots == 0 and (cap // slots).bit_count() == 1  # doubled a whole number of times
        lab.consume_rate = None
        for _ in range(4):
            moves(lab, cap)
            assert lab.kill(lab.add_producer(None), holding="mutex", timeout=20)
            eventually(lambda: not lab.damaged)
        lab.produce_rate = None
        moves(lab, 2 * cap)
        lab.pause()
    seen = lab.snapshot()
    assert not seen.faults, seen.faults_text


# --- failure ---------------------------------------------------------------------------------------


class Unloadable:
    """Its loading fails, in the worker."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return importlib.import_module, ("no_such_module",)


def fails_to_load(buf: Any, item: Any, missing: object = None) -> None:
    buf.slots[0] = item


fails_to_load.__defaults__ = (Unloadable(),)


def raises(buf: Any, item: Any) -> None:
    raise LookupError("of all things")


def imports_what_is_not_there(buf: Any, item: Any) -> None:
    import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def recurses(buf: Any, item: Any) -> None:
    recurses(buf, item)


def wants_all_memory(buf: Any, item: Any) -> None:
    bytearray(1 << 60)


def reads_address_nought(buf: Any, item: Any) -> None:
    ctypes.string_at(0)


def aborts(buf: Any, item: Any) -> None:
    os.abort()


def vanishes(buf: Any, item: Any) -> None:
    os._exit(0)


def interrupts(buf: Any, item: Any) -> None:
    raise KeyboardInterrupt


def stops_itself_by_terminate(buf: Any, item: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def gets(buf: Any) -> Any:
    buf.full.acquire()


FAILURES: dict[Callable[..., None], tuple[str, str]] = {
    fails_to_load: ("failed", "No module named 'no_such_module'"),
    imports_what_is_not_there: ("failed", "No module named 'no_such_module'"),
    raises: ("failed", "LookupError: of all things"),
    recurses: ("failed", "RecursionError"),
    wants_all_memory: ("failed", "MemoryError"),
    interrupts: ("failed", "KeyboardInterrupt"),
    reads_address_nought: ("killed", "died of SIGSEGV"),
    aborts: ("killed", "died of SIGABRT"),
    stops_itself_by_terminate: ("killed", "died of SIGTERM"),
    vanishes: ("failed", "failed with status 0"),
}


@pytest.mark.parametrize("put", FAILURES, ids=lambda put: put.__name__)
def test_a_worker_that_fails_says_why_and_the_others_go_on(put: Callable[..., None]) -> None:
    state, words = FAILURES[put]
    with Lab(put=put, get=gets, producers=1, consumers=1, produce_rate=None) as lab:
        eventually(lambda: lab.snapshot().worker("P0").state == state, 5)
        eventually(lambda: words in lab.output + "".join(event.text for event in lab.events))
        assert lab.snapshot().worker("C0").alive or put is fails_to_load  # which both had to load
        stops_in_time(lab)


def test_a_run_with_a_worker_that_cannot_load_the_functions_says_so() -> None:
    with pytest.raises(WorkerFailed, match=r"(?s)[PC]0 failed:.*No module named 'no_such_module'"):
        Lab(put=fails_to_load, get=gets).run(items=5)


# --- endlessness -----------------------------------------------------------------------------------


def loops(buf: Any, item: Any) -> None:
    while True:
        pass


def hoards_the_interpreter(buf: Any, item: Any) -> None:
    max(range(1 << 60))  # one call that gives no other thread a turn


def ignores_signals(buf: Any, item: Any) -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        signal.pause()


def catches_everything(buf: Any, item: Any) -> None:
    while True:
        try:
            buf.empty.acquire()
        except BaseException:
            continue


@pytest.mark.parametrize("put", [loops, hoards_the_interpreter, ignores_signals, catches_everything])
def test_a_worker_that_never_returns_is_stopped_in_time(put: Callable[..., None]) -> None:
    with Lab(put=put, get=gets, produce_rate=None) as lab:
        eventually(lambda: lab.snapshot().worker("P0").state not in ("starting", "resting"))
        assert lab.snapshot().produced == 0
        stops_in_time(lab)


SHOUT = 100 << 20  # bytes


def shouts(buf: Any, item: Any) -> None:
    line = b"\x00\xff\x1b[2J<script>" + b"x" * 65_500 + b"\n"
    while True:
        os.write(1, line)


def test_a_worker_that_prints_100_megabytes_costs_the_kernel_no_memory() -> None:
    """It prints without end; what matters is that the kernel takes what it can at leisure and keeps 64 KiB."""
    with Lab(put=shouts, get=gets, produce_rate=None) as lab:
        eventually(lambda: len(lab.output) >= 64 << 10)
        memory = psutil.Process().memory_info().rss
        written = psutil.Process(pids(lab, "producer")[0])
        began = written.io_counters().write_chars
        eventually(lambda: written.io_counters().write_chars - began > SHOUT / 10, 30)
        assert len(lab.output) <= 64 << 10
        assert len(lab.events) <= 2000
        assert psutil.Process().memory_info().rss - memory < 10 << 20
        stops_in_time(lab)


def leaves_children(buf: Any, item: Any) -> None:
    subprocess.Popen(["yes"])  # it goes on printing into the worker's output
    subprocess.Popen(["sleep", "600"])
    os._exit(3)


def test_what_a_worker_has_started_ends_with_it() -> None:
    with Lab(put=leaves_children, get=gets, produce_rate=None) as lab:
        pid = lab.snapshot().worker("P0").pid
        eventually(lambda: lab.snapshot().worker("P0").state == "failed", 5)
        eventually(lambda: not [p for p in psutil.pids() if alive(p) and session(p) == pid], PROMISED)
        lab.add_consumer()  # the thread that starts and reaps is free for others
        stops_in_time(lab)


def session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


# --- stalled ---------------------------------------------------------------------------------------


def test_a_worker_that_somebody_stops_is_shown_as_stalled_within_a_second_and_ends_with_the_lab() -> None:
    with Lab(producers=2, consumers=2, produce_rate=50, consume_rate=50) as lab:
        moves(lab)
        lab.snapshot()
        for worker in lab.workers:
            os.kill(worker.pid, signal.SIGSTOP)
        eventually(lambda: {worker.state for worker in lab.workers} == {"stalled"}, 1.0)
        stops_in_time(lab)


# --- numbers that come to mean another process ------------------------------------------------------

OWNER = """
import os, signal, sys
from shmlab import Lab
lab = Lab().start()
print(lab.name, *[w.pid for w in lab.workers], flush=True)
[lab.kill(w) for w in lab.workers]
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_dead_lab_whose_rows_name_another_process_is_swept_and_that_process_lives(stranger: psutil.Process) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdin=-1, stdout=-1, text=True) as owner:
        assert owner.stdout
        name = owner.stdout.readline().split()[0]
        file = segment.open_unmapped(name, segment.READ_WRITE)
        for row, pid in enumerate((stranger.pid, os.getpid(), 1, 0, (1 << 63) + 1, 1 << 22)):
            file.set_word(at.row(row) + at.PID * at.WORD, pid)
        file.close()
        owner.communicate("go\n")
    create.sweep()
    assert not [entry for entry in entries() if name in entry]


def test_a_signal_to_a_worker_that_has_ended_reaches_nobody() -> None:
    """The number of a reaped child may be given to another process at once; we never use it again."""
    ended: list[supervisor.Process] = []
    process = supervisor.start([sys.executable, "-c", ""], b"", lambda _: None, ended.append)
    assert process.wait(10)
    assert eventually(lambda: ended) and process.returncode == 0
    assert process.signal(signal.SIGKILL) is False
    assert not process.stopped() and not process.cpu_seconds()
    process.tell()


def test_no_number_of_a_reaped_worker_is_used_again_even_while_it_dies() -> None:
    """Signals and looks from many moments around a death: none may raise, none may meet another process."""
    for _ in range(20):
        process = supervisor.start(["true"], b"", lambda _: None, lambda _: None)
        while not process.ended.is_set():
            process.signal(signal.SIGCONT)
            process.stopped()
            process.tell()
        assert process.returncode == 0


# --- an owner that leaves a child of its own -------------------------------------------------------

FORKING = """
import os, signal, sys, time
from shmlab import Lab
lab = Lab(producers=2, consumers=2).start()
child = os.fork()  # it has inherited the owner's lock
if not child:
    time.sleep(600)
print(lab.name, child, *[w.pid for w in lab.workers], flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_child_of_a_dead_owner_does_not_keep_its_lab() -> None:
    program = [sys.executable, "-W", "ignore", "-c", FORKING]
    with subprocess.Popen(program, stdin=-1, stdout=-1, text=True) as owner:
        assert owner.stdout
        name, child, *workers = owner.stdout.readline().split()
        try:
            owner.stdin.write("go\n")  # type: ignore[union-attr]
            owner.stdin.flush()  # type: ignore[union-attr]
            eventually(lambda: not [e for e in entries() if name in e] and not any(map(alive, map(int, workers))), 3)
        finally:
            kill(int(child))
            (DIRECTORY / name).unlink(missing_ok=True)


LONELY = FORKING.replace("child = os.fork()", "[lab.kill(w) for w in lab.workers]\nchild = os.fork()")


def test_a_forked_child_of_a_dead_owner_does_not_hold_its_lock() -> None:
    """No worker is left to clean up, and the child lives on: the next lab sweeps what the owner has left."""
    program = [sys.executable, "-W", "ignore", "-c", LONELY]
    with subprocess.Popen(program, stdin=-1, stdout=-1, text=True) as owner:
        assert owner.stdout and owner.stdin
        name, child, *_ = owner.stdout.readline().split()
        try:
            assert not segment.owner_is_dead(name)
            owner.stdin.write("go\n")
            owner.stdin.flush()
            owner.wait(10)
            eventually(lambda: segment.owner_is_dead(name))  # at the latest when the child has run after the fork
            assert alive(int(child))
            create.sweep()
            assert not [entry for entry in entries() if name in entry]
        finally:
            kill(int(child))
            segment.unlink(name)


FORGOTTEN = """
import os, sys
from shmlab import Lab
with Lab(produce_rate=None, consume_rate=None) as lab:
    child = os.fork()
    if not child:
        sys.exit()  # it leaves the `with`, and runs what its parent wanted to be done at exit
    os.waitpid(child, 0)
    consumed = lab.snapshot().consumed
    while lab.snapshot().consumed < consumed + 20: pass
    print(lab.running, [worker.alive for worker in lab.workers])
"""


def test_a_forked_child_that_leaves_its_parents_lab_ends_nothing() -> None:
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", FORGOTTEN], capture_output=True, text=True, timeout=60)
    assert (said.stdout, said.stderr) == ("True [True, True]\n", "")


def uses_up_every_descriptor(buf: Any, item: Any) -> None:
    try:
        while True:
            os.open("/dev/null", os.O_RDONLY)
    except OSError:
        print("ready", flush=True)
        loops(buf, item)


def closes_every_file(buf: Any, item: Any) -> None:
    print("ready", flush=True)
    os.closerange(0, 256)
    loops(buf, item)


@pytest.mark.parametrize("put", ["uses_up_every_descriptor", "closes_every_file"])
def test_a_spinning_worker_without_descriptors_still_ends_with_its_owner(put: str) -> None:
    program = (
        "import os, signal, sys, time; from shmlab import Lab; from tests.faults.test_workers import *\n"
        f"lab = Lab(put={put}, get=gets, produce_rate=None).start()\n"
        "while 'ready' not in lab.output: time.sleep(0.01)\n"
        "print(lab.name, *[w.pid for w in lab.workers], flush=True)\n"
        "sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as owner:
        assert owner.stdout
        name, *workers = owner.stdout.readline().split()
        owner.communicate("go\n")
        eventually(lambda: not any(map(alive, map(int, workers))) and name not in entries(), PROMISED)
