"""Guests whom nobody has looked at, who are stalled, who live in another container, who die: nothing is lost."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.soak_guests import NOTICED, STRATEGIES, GuestSoak, compiled
from shmlab import ArgumentError, Lab
from shmlab.lab.worker_pool import WorkerPool
from shmlab.memory import layout as at, semaphores
from shmlab.memory.rows import Row
from shmlab.memory.segment import SegmentFile
from shmlab.observe.guests import maps
from tests.apparatus import alive, eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180), pytest.mark.usefixtures("leaves_nothing")]
ELSEWHERE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]  # a container that shares /dev/shm
FULL = {"produce_rate": None, "consume_rate": None}


def _elsewhere() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*ELSEWHERE, "true"], capture_output=True).returncode == 0


elsewhere = pytest.mark.skipif(not _elsewhere(), reason="no pid namespace can be made here: it needs root")


@contextlib.contextmanager
def guest(lab: Lab, verb: str, *before: str, rate: str = "max") -> Iterator["subprocess.Popen[str]"]:
    """`shmlab produce` or `consume`, which has a row; no snapshot is taken."""
    file = file_of(lab)
    used = taken(file)
    command = [*before, sys.executable, "-m", "shmlab.cli", verb, lab.name, "--rate", rate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            eventually(lambda: taken(file) - used, 30)
            yield process
        finally:
            process.kill()


def file_of(lab: Lab) -> SegmentFile:
    return lab._file()


def crew_of(lab: Lab) -> WorkerPool:
    return lab._alive()


def taken(file: SegmentFile) -> set[int]:
    return {row for row in range(file.layout.rows) if file.word(at.row(row) + at.ROLE * at.WORD) in at.ROLES}


def pid_outside(process: "subprocess.Popen[str]") -> int:
    """The number that the guest has here, which was started through `unshare`."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return int(eventually(children.read_text).split()[0])


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_kills_among_guests_whom_nobody_has_seen(strategy: str, tmp_path: Path) -> None:
    """The long form is `python -m benchmarks.soak_guests`."""
    soak = GuestSoak(strategy, 5, compiled(str(tmp_path)))
    soak.run(12)
    assert soak.counts["kills"] == 12 and soak.counts["guests killed"] and soak.counts["looks at rest"]


def test_a_repair_rests_unseen_guests_too() -> None:
    with Lab(slots=4, producers=2, consumers=2, **FULL) as lab:  # type: ignore[arg-type]
        with guest(lab, "produce"), guest(lab, "consume"):
            file = file_of(lab)
            for _ in range(5):
                victim = crew_of(lab).add(at.PRODUCER, None, "constant")
                eventually(lambda row=victim: file.word(at.row(row) + at.PRODUCED * at.WORD) > 20)  # type: ignore[misc]
                os.kill(crew_of(lab).process(victim).pid, signal.SIGKILL)
                eventually(crew_of(lab).process(victim).over)
                eventually(lambda: not lab.damaged)
                lab.remove(victim)
            lab.pause()
            values = eventually(
                lambda: (v := semaphores.value(file.name, "empty") + semaphores.value(file.name, "full")) == 4 and v
            )
            assert values == 4 and semaphores.value(file.name, "mutex") == 1
            lab.resume()
        assert not lab.snapshot().faults


def test_an_unseen_guest_s_death_is_noticed_within_a_second() -> None:
    with Lab(slots=4, producers=1, consumers=1, produce_rate=0.1) as lab, guest(lab, "produce") as process:
        process.kill()
        process.wait()
        began = time.monotonic()
        eventually(lambda: any("ended without leaving" in event.text for event in lab.log.events))
        assert time.monotonic() - began < NOTICED
        eventually(lambda: not lab.damaged)


def test_a_stalled_guest_holds_the_repair_up_and_is_named() -> None:
    with Lab(slots=4, producers=2, consumers=1, **FULL) as lab, guest(lab, "produce") as process:  # type: ignore[arg-type]
        process.send_signal(signal.SIGSTOP)
        eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        os.kill(crew_of(lab).process(0).pid, signal.SIGKILL)
        blocked = eventually(lambda: lab.blocked)
        row = file_of(lab).layout.rows - 1
        assert f"P{row}" in blocked and "unstall" in blocked
        assert blocked in str(lab)
        eventually(lambda: any(event.text == blocked for event in lab.events))
        assert lab.damaged == ("P0",)
        process.send_signal(signal.SIGCONT)
        eventually(lambda: not lab.damaged and lab.blocked is None)


FORKS = """
import os, sys, time
from shmlab.worker import guest
from shmlab.memory import segment
from shmlab.memory import layout as at
def fork(_):
    if not os.fork():
        os.setsid()
        os.closerange(0, 3)
        time.sleep(600)
if sys.argv[2] == "python":
    guest.join(sys.argv[1], "producer", tell=lambda text: text.startswith("joined") and fork(text))
else:  # a program in another language, which has not read that its child has the lock, too
    attached = segment.attach(sys.argv[1])
    guest.take_row(attached, at.PRODUCER, 5)
    fork("")
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["python", "other"])
def test_a_guest_that_has_forked_and_is_killed_does_not_live_on_by_its_child_s_lock(kind: str) -> None:
    with Lab(slots=4, producers=1, consumers=1, produce_rate=0.1) as lab:
        row = file_of(lab).layout.rows - 1
        with subprocess.Popen([sys.executable, "-c", FORKS, lab.name, kind]) as process:
            child = int(eventually(lambda: Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(), 30))
            try:
                eventually(lambda: os.getsid(child) == child and not Path(f"/proc/{child}/fd/0").exists())
                eventually(lambda: process.pid in [worker.pid for worker in lab.workers])
                assert Row(file_of(lab), row).held()
                process.kill()
                process.wait()
                eventually(lambda: lab.snapshot().worker(f"P{row}").state == "killed" and not lab.damaged)
                assert alive(child) and Row(file_of(lab), row).held() is (kind == "other")
            finally:
                os.kill(child, signal.SIGKILL)


def put_and_fork(buf, item):  # type: ignore[no-untyped-def]
    import os
    import signal

    if not os.environ.get("FORKED"):
        os.environ["FORKED"] = "yes"
        if not os.fork():
            os.setsid()
            signal.pause()
    buf.slots[0] = item


def get(buf):  # type: ignore[no-untyped-def]
    return buf.slots[0]


def test_the_row_of_a_worker_that_has_forked_and_is_killed_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.memory.limits.WORKERS", 2)
    with Lab(put=put_and_fork, get=get, producers=1, consumers=1, produce_rate=50) as lab:
        pid = crew_of(lab).process(0).pid
        child = int(eventually(lambda: Path(f"/proc/{pid}/task/{pid}/children").read_text()))
        eventually(lambda: os.getsid(child) == child)  # until then it is of the worker's group, and ends with it
        lab.kill("P0")
        assert alive(child)
        eventually(lambda: not Row(file_of(lab), 0).held())
        eventually(lambda: not lab.damaged)
        lab.remove("P0")
        assert lab.add_producer().row == 0


@elsewhere
def test_a_guest_in_another_container_joins_works_and_leaves() -> None:
    with Lab(producers=1, consumers=1, produce_rate=0.1, consume_rate=None) as lab:
        with guest(lab, "produce", *ELSEWHERE) as process:
            seen = eventually(lambda: next((w for w in lab.workers if w.name == "P31" and w.items > 20), None))
            assert seen.pid != pid_outside(process) and seen.alive
            with pytest.raises(ArgumentError, match="of its own container"):
                lab.kill("P31")
            lab.set_rate("P31", 5)
            lab.remove("P31")
            assert process.wait(10) == 0
            eventually(lambda: "P31" not in [worker.name for worker in lab.workers])
        assert not lab.snapshot().faults and not lab.damaged


@elsewhere
def test_a_guest_killed_in_another_container_is_repaired_after() -> None:
    with Lab(slots=4, producers=1, consumers=1, **FULL) as lab, guest(lab, "produce", *ELSEWHERE) as process:  # type: ignore[arg-type]
        eventually(lambda: file_of(lab).word(at.row(31) + at.PRODUCED * at.WORD) > 20)
        eventually(lambda: any("P31 joined" in event.text for event in lab.log.events))  # else it is not shown
        os.kill(pid_outside(process), signal.SIGKILL)
        process.wait(10)
        eventually(lambda: any("Repaired" in event.text for event in lab.log.events))
        before = lab.snapshot().consumed
        eventually(lambda: lab.snapshot().consumed > before + 100)
        assert not lab.snapshot().faults and lab.snapshot().worker("P31").state == "killed"


@elsewhere
def test_a_guest_stalled_in_another_container_blocks_the_repair_which_says_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shmlab.lab.quiesce.PATIENCE", 0.3)
    with Lab(slots=4, producers=2, consumers=1, **FULL) as lab, guest(lab, "produce", *ELSEWHERE) as process:  # type: ignore[arg-type]
        inside = pid_outside(process)
        os.kill(inside, signal.SIGSTOP)
        os.kill(crew_of(lab).process(0).pid, signal.SIGKILL)
        blocked = eventually(lambda: lab.blocked)
        assert "P31" in blocked and "another container" in blocked and "end it there" in blocked
        os.kill(inside, signal.SIGCONT)
        eventually(lambda: not lab.damaged)


@elsewhere
def test_a_guest_in_another_container_outlives_no_owner() -> None:
    program = "from shmlab import Lab; lab = Lab().start(); print(lab.name, flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        name = owner.stdout.readline().strip()
        join = [*ELSEWHERE, sys.executable, "-m", "shmlab.cli", "consume", name]
        with subprocess.Popen(join, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout and process.stdout.readline().startswith("joined")
            owner.kill()
            said = process.communicate(timeout=10)[0]
            assert "left after" in said and "Traceback" not in said and process.returncode == 0


def test_killing_inside_keeps_its_deadline_though_somebody_wakes_the_worker() -> None:
    with Lab(slots=4, slow_motion=0.02, **FULL) as lab:  # type: ignore[arg-type]
        pid = crew_of(lab).process(0).pid
        wake = f"import os\nwhile True: os.kill({pid}, 18)"
        with subprocess.Popen([sys.executable, "-c", wake], stderr=subprocess.DEVNULL) as other:
            try:
                began = time.monotonic()
                lab.kill("P0", holding="mutex", timeout=1.0)  # whether it comes about is a matter of luck
                assert time.monotonic() - began < 1.0 + 3.0  # and that long for its end to be known, at most
            finally:
                other.kill()


def test_guests_are_seen_where_more_than_1024_files_are_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no 2,048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    many = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with Lab(produce_rate=5) as lab, guest(lab, "produce") as process:
            eventually(lambda: process.pid in [worker.pid for worker in lab.workers])
            process.kill()
            eventually(lambda: lab.snapshot().worker("P31").state == "killed")
    finally:
        for fd in many:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_that_maps_a_file_with_a_latin_1_name_can_be_looked_at(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(path)).write_bytes(bytes(4096))
    program = "import mmap, sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=1); "
    program += "print(flush=True); input()"
    command = [sys.executable.encode(), b"-c", program.encode(), path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        assert maps(process.pid, "shmlab-0123456789abcdef") is False
        process.communicate(b"\n")
