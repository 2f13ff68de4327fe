"""Again and again, many at once, on one processor, with a clock that jumps: nothing grows, nothing hangs."""

import ast
import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import psutil
import pytest

import shmlab
from shmlab import Lab
from tests.apparatus import descriptors, entries, eventually, own_entries, workers_of
from tests.clone import ROOT
from tests.faults.conftest import PROMISED, workers
from tests.faults.test_owner_death import Kernel, gone

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
SOUND = ("semaphores", "condition", "unbounded", "busy_waiting")


# --- again and again -------------------------------------------------------------------------------


def test_200_starts_and_stops_leave_descriptors_threads_and_memory_as_they_were() -> None:
    lab = Lab(produce_rate=None, consume_rate=None)
    for _ in range(5):
        with lab:
            pass
    threads, files, memory = threading.active_count(), descriptors(), psutil.Process().memory_info().rss
    for turn in range(195):
        with lab:
            if turn % 20 == 0:
                eventually(lambda: lab.snapshot().consumed > 3)
        assert threading.active_count() <= threads and descriptors() <= files
    assert not own_entries() and not workers()
    assert psutil.Process().memory_info().rss - memory < 10 << 20


def test_50_reruns_of_a_cell_leave_one_lab() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # bqplot's own, while it is imported
        from shmlab import labs
    from ipywidgets.widgets.widget import _instances

    def cell() -> Any:
        return labs.live(produce_rate=100, consume_rate=100)

    try:
        cell()
        view = cell()
        eventually(lambda: len(workers()) == 2)
        widgets, threads, files = len(_instances), threading.active_count(), descriptors()
        for _ in range(50):
            old, view = view, cell()
            assert old.closed and not old.lab.running
            assert len({entry for entry in own_entries() if entry.startswith("shmlab")}) == 1
        eventually(lambda: len(workers()) == 2, PROMISED)
        assert len(_instances) == widgets
        assert threading.active_count() <= threads and descriptors() <= files
        eventually(lambda: view.snapshot().consumed > 5)
    finally:
        labs.close()


# --- many at once ----------------------------------------------------------------------------------


@pytest.mark.alone  # eight kernels want both processors
def test_8_kernels_at_once_have_a_lab_each_and_end_without_each_other() -> None:
    kernels: list[Kernel] = []
    start = "from shmlab import Lab\nlab = Lab(produce_rate=50, consume_rate=50).start()\nprint(lab.name)"
    try:
        names = []
        for _ in range(8):
            kernels.append(Kernel())
            names.append(kernels[-1].run(start).strip())
        for kernel, name in zip(kernels[:4], names[:4], strict=True):
            kernel.manager.shutdown_kernel(now=True)
            gone(name, [])
        for kernel, name in zip(kernels[4:], names[4:], strict=True):
            kernel.run("n = lab.snapshot().consumed\nwhile lab.snapshot().consumed < n + 20: pass")
            said = kernel.run("print(lab.name)")
            assert said.strip() == name and len(workers_of(name)) == 2
    finally:
        for kernel in kernels:
            kernel.close()
    for name in names:
        gone(name, [])


SERVER = """
import sys
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name="python3")
manager.start_kernel()
print(manager.connection_file, manager.provisioner.pid, flush=True)
sys.stdin.read()
"""


def test_nothing_outlives_a_jupyter_server_that_is_killed() -> None:
    """A server that starts kernels is a parent; without it a kernel ends by itself, and its lab with it."""
    from jupyter_client.blocking import BlockingKernelClient

    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=-1, stdout=-1, text=True, cwd=ROOT) as server:
        assert server.stdout
        connection, kernel = server.stdout.readline().split()
        client = BlockingKernelClient(connection_file=connection)
        client.load_connection_file()
        client.hb_channel.time_to_dead = 20.0  # on a busy machine a beat within a second, the usual, may be missed
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            said: list[str] = []
            client.execute_interactive(
                "from shmlab import Lab; lab = Lab().start(); print(lab.name, *[w.pid for w in lab.workers])",
                output_hook=lambda m: said.append(m["content"].get("text", "")),
                timeout=60,
            )
            name, *pids = "".join(said).split()
            assert name in entries() and len(pids) == 2
            server.kill()
            server.wait()
            eventually(lambda: not psutil.pid_exists(int(kernel)), 10)  # it asks once a second who its parent is
            gone(name, [int(pid) for pid in pids])
        finally:
            client.stop_channels()
            client.context.destroy()
            Path(connection).unlink(missing_ok=True)


# --- one processor ---------------------------------------------------------------------------------

ALONE = """
import os
from shmlab import Lab
assert len(os.sched_getaffinity(0)) == 1
for strategy in {strategies}:
    report = Lab(strategy).run(300, timeout=60)
    print(strategy, report.finished, report.consumed, report.faults_text)
with Lab("busy_waiting", produce_rate=None, consume_rate=None) as lab:
    while lab.snapshot().consumed < 50: pass
    lab.stall("C0")
"""


@pytest.mark.alone  # it compares what processes on one processor achieve
@pytest.mark.skipif(not shutil.which("taskset"), reason="no taskset here; `sudo apt install util-linux` brings it")
def test_on_one_processor_everything_still_arrives() -> None:
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "-c", ALONE.format(strategies=SOUND)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert said.stdout.splitlines() == [f"{name} True 300 no faults" for name in SOUND], said.stderr


# --- a clock that jumps ----------------------------------------------------------------------------

JUMPING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t jump(void) {            /* a day ahead or behind, another one at each look */
    static unsigned looks;
    unsigned bit = __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED) * 2654435761u >> 31;
    return bit ? 86400 : -86400;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += jump();
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *to) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (to) *to = exact.tv_sec;
    return exact.tv_sec;
}
"""
UNDER_IT = """
import time
from shmlab import Lab; from shmlab.processes import supervisor as processes
processes.PASSED_ON += ("LD_PRELOAD",)
seen = [time.time() for _ in range(64)]
assert max(seen) - min(seen) > 86400 * 2 - 60  # it does jump
began = time.monotonic()
for strategy in ("semaphores", "condition", "unbounded"):
    report = Lab(strategy).run(2000, timeout=30)
    print(strategy, report.finished, report.consumed, report.faults_text)
with Lab(slots=4, produce_rate=None, consume_rate=20) as lab:  # the producer waits nearly all the time
    while lab.snapshot().consumed < 20: pass
    assert all("jumping.so" in open(f"/proc/{worker.pid}/maps").read() for worker in lab.workers)
    print("paced", 0.5 < time.monotonic() - began < 30)
    now = time.monotonic()
    assert not lab.kill("C0", holding="mutex", timeout=0.2) or time.monotonic() - now < 1
    lab.pause()
    now = time.monotonic()
print("stopped", time.monotonic() - now < 2)
now = time.monotonic()
report = Lab(put=lambda buf, item: buf.empty.acquire(), get=lambda buf: buf.full.acquire()).run(10, timeout=1)
print("given up", time.monotonic() - now < 5)
"""


@pytest.mark.alone  # it measures how long waits take
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler on this machine; `sudo apt install gcc` brings it")
def test_a_wall_clock_that_jumps_by_days_at_every_look_ends_no_wait_and_prolongs_none(tmp_path: Path) -> None:
    """Deadlines count on the monotonic clock; a semaphore's slice that the wall clock cuts short is asked for anew.

    What this cannot show: the machine's clock set back while a worker sleeps inside such a slice. The worker then wakes
    when the semaphore is posted, or when it is killed, but looks for news only when the slice is over.
    """
    source, shim = tmp_path / "jumping.c", tmp_path / "jumping.so"
    source.write_text(JUMPING)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)
    said = subprocess.run(
        [sys.executable, "-c", UNDER_IT],
        env={**os.environ, "LD_PRELOAD": str(shim)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.stdout.splitlines() == [
        "semaphores True 2000 no faults",
        "condition True 2000 no faults",
        "unbounded True 2000 no faults",
        "paced True",
        "stopped True",
        "given up True",
    ], said.stderr


def test_nothing_but_dates_of_files_is_compared_with_the_wall_clock() -> None:
    found = []
    for path in Path(shmlab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                if name in ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "time.gmtime"):
                    found.append(f"{path.stem}: {name}")
    assert sorted(found) == ["segment: time.time_ns"]  # when a segment was made; a date
