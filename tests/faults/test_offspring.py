"""What a worker has started ends with its lab: in its own group, in a session of its own, after a double fork."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shmlab import Lab
from shmlab.memory import layout as at, segment
from shmlab.processes import descendants
from tests.apparatus import alive, eventually
from tests.clone import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
PER_WORKER, WORKERS = 3, 3
SLEEP = ["sleep", "7773"]  # a number that nobody else sleeps for


def put(buf, item):  # type: ignore[no-untyped-def]
    import os
    import subprocess

    if not os.environ.get("STARTED"):
        os.environ["STARTED"] = "yes"
        subprocess.Popen(["sleep", "7773"])
        subprocess.Popen(["sleep", "7773"], start_new_session=True)
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            os.closerange(0, 100)
            os.execvp("sleep", ["sleep", "7773"])
    buf.slots[buf.in_] = item


def get(buf):  # type: ignore[no-untyped-def]
    return buf.slots[buf.out]


def lab() -> Lab:
    shared = {"in_": 0, "out": 0}
    return Lab(put=put, get=get, shared=shared, producers=WORKERS, consumers=0, produce_rate=50)


def started() -> list[int]:
    return [one.pid for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == SLEEP and alive(one.pid)]


@pytest.fixture
def owner() -> Iterator["subprocess.Popen[str]"]:
    """A program with such a lab, all of whose workers have started what they start."""
    program = "import sys; from tests.faults.test_offspring import lab\nit = lab().start()\n"
    program += "print(it.name, *[w.pid for w in it.workers], flush=True); sys.stdin.readline(); it.stop()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: len(started()) == PER_WORKER * WORKERS, 20)
        yield process
        process.kill()


def test_it_ends_when_the_lab_stops_and_nothing_else_does() -> None:
    with subprocess.Popen(["sleep", "7774"]) as stranger:
        try:
            with lab().start():
                eventually(lambda: len(started()) == PER_WORKER * WORKERS, 20)
            eventually(lambda: not started(), 1)  # a process that was killed takes a moment to be gone
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "with a stalled worker"])
def test_it_ends_when_the_owner_is_killed(owner: "subprocess.Popen[str]", stopped: bool) -> None:
    assert owner.stdout
    if stopped:
        os.kill(int(owner.stdout.readline().split()[1]), signal.SIGSTOP)
    owner.kill()
    eventually(lambda: not started(), 5)


def test_it_ends_when_the_owner_is_killed_while_it_repairs(owner: "subprocess.Popen[str]") -> None:
    assert owner.stdout
    name, victim, stalled, *_ = owner.stdout.readline().split()
    os.kill(int(stalled), signal.SIGSTOP)  # the repair waits for it
    os.kill(int(victim), signal.SIGKILL)
    eventually(lambda: not alive(int(victim)))
    owner.kill()
    eventually(lambda: not started(), 5)
    assert name.startswith("shmlab-")


def test_clean_ends_what_is_left_where_owner_and_workers_were_killed_at_once(owner: "subprocess.Popen[str]") -> None:
    assert owner.stdout
    _, *pids = map(str, owner.stdout.readline().split())
    owner.send_signal(signal.SIGSTOP)
    for pid in map(int, pids):
        os.kill(pid, signal.SIGSTOP)
    for pid in map(int, pids):
        os.kill(pid, signal.SIGKILL)
    owner.kill()
    owner.wait(10)
    subprocess.run([sys.executable, "-m", "shmlab.cli", "clean"], cwd=ROOT, capture_output=True, check=True)
    eventually(lambda: not started(), 1)


def test_it_ends_though_its_environment_is_long() -> None:
    """The variable that tells of it comes after everything else."""
    name = f"shmlab-{os.urandom(8).hex()}"
    environment = {"FIRST": "x" * 100_000, "SECOND": "x" * 100_000, **descendants.marked([name])}
    with subprocess.Popen(SLEEP, env=environment) as process:
        try:
            assert descendants.end(name) == [process.pid]
        finally:
            process.kill()


def test_what_a_living_lab_has_started_is_no_stray() -> None:
    with lab().start():
        eventually(lambda: len(started()) == PER_WORKER * WORKERS, 20)
        before = set(started())
        descendants.end_strays()
        assert set(started()) == before


def test_the_owners_death_ends_the_guest_and_not_the_shell_s_job(tmp_path: Path) -> None:
    """`shmlab produce NAME | tool`, as an interactive shell starts it: a group of its own in the shell's session."""
    program = "import time; from shmlab import Lab\nit = Lab().start(); print(it.name, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        name = owner.stdout.readline().strip()
        guest = subprocess.Popen(
            [sys.executable, "-m", "shmlab.cli", "produce", name], stdout=subprocess.PIPE, process_group=0, cwd=ROOT
        )
        summary = tmp_path / "summary"
        tool = "import sys; n = len(sys.stdin.readlines()); open(sys.argv[1], 'w').write(str(n))"
        with (
            guest,
            subprocess.Popen(
                [sys.executable, "-c", tool, str(summary)], stdin=guest.stdout, process_group=guest.pid
            ) as reader,
        ):
            assert guest.stdout
            guest.stdout.close()
            file = segment.open_unmapped(name)
            eventually(lambda: file.word(at.ROWS_USED) == file.layout.rows, 20)
            file.close()
            owner.kill()
            assert guest.wait(20) == 0
            assert reader.wait(20) == 0
    assert int(summary.read_text()) >= 1


def test_one_that_is_just_becoming_another_program_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its fork and its first instruction the kernel shows no environment: mm->env_end is 0 (fs/proc/base.c)."""
    name = f"shmlab-{os.urandom(8).hex()}"
    child = subprocess.Popen(["sleep", "7774"], env={**os.environ, descendants.VARIABLE: name})
    read, looks = descendants._environment, []

    def environment(pid: int) -> bytes:
        if pid == child.pid and len(looks) < 5:
            looks.append(pid)
            return b""
        return read(pid)

    monkeypatch.setattr(descendants, "_environment", environment)
    try:
        assert descendants.end(name) == [child.pid] and child.wait(10) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()


def test_one_that_has_no_environment_at_all_is_not_waited_for_once_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descendants, "YOUNG", 0.0)
    child = subprocess.Popen(["sleep", "7774"], env={})
    try:
        eventually(lambda: psutil.Process(child.pid).cmdline() == ["sleep", "7774"])
        assert not descendants._may_be_in_exec(child.pid)
        monkeypatch.setattr(descendants, "YOUNG", 100.0)
        assert descendants._may_be_in_exec(child.pid)
    finally:
        child.kill()
        child.wait()
