"""Labs and rings on systems that refuse some calls: an old kernel, a sandbox, no /proc. The kernel itself refuses them.

Each call that shmlab can do without is refused once, alone or with others, to a lab's owner and all its processes.
"""

import contextlib
import errno
import inspect
import os
import signal
import subprocess
import sys

import psutil
import pytest

from shmlab.memory import segment
from shmlab.processes import handle
from tests import denied
from tests.apparatus import alive, entries, eventually, workers_of
from tests.clone import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
REFUSALS = (
    *(
        "pidfd",
        "pidfd_open",
        "pidfd_send_signal",
        "pidfd=EPERM",
        "pidfd=EACCES",
        "ofd",
        "membarrier",
        "pdeathsig",
        "prctl",
        "tmpfile",
    ),
    *("close_range,clone3,fallocate", "fallocate=ENOSYS", "fallocate=EPERM"),
    *("nice", "affinity", "proc", "pidfd,proc", "new"),
)
MOST_AT_ONCE = ("new", "pidfd,proc")  # between them most of what can be refused
NEEDED = "O_TMPFILE |" in inspect.getsource(segment)


def run(refused: str, *what: str) -> "subprocess.Popen[str]":
    """A part of `denied_work` under a refusal."""
    if NEEDED and {"tmpfile", "proc", "new"} & set(refused.split(",")):
        pytest.skip("a segment cannot be created here without O_TMPFILE and /proc")
    if not denied.can(refused):
        pytest.skip(f"{refused} cannot be refused here")
    return subprocess.Popen(
        [*denied.command(refused), sys.executable, "-m", "tests.faults.denied_work", *what],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("what", ["lab", "ring", "guests"])
@pytest.mark.parametrize("refused", REFUSALS)
def test_labs_and_rings_work_where_a_call_is_refused(refused: str, what: str) -> None:
    with run(refused, what) as process:
        said = process.communicate(timeout=100)[0]
    assert said.splitlines()[-1:] == ["well"] and not process.returncode, said


@pytest.mark.parametrize("refused", REFUSALS)
def test_nothing_outlives_an_owner_that_is_killed_where_a_call_is_refused(refused: str) -> None:
    with run(refused, "owner") as process:
        assert process.stdout
        name, *pids = process.stdout.readline().split()
        assert len(pids) == 4
        process.communicate("go\n", timeout=30)
    eventually(lambda: not any(name in entry for entry in entries()) and not any(map(alive, map(int, pids))), 5)


@pytest.mark.parametrize(
    "refused",
    [
        *(pytest.param(one, marks=() if one in MOST_AT_ONCE else pytest.mark.long) for one in REFUSALS),
        *("link", "fchmod", "flock", "shm"),
    ],
)
def test_the_doctor_looks_at_everything_where_a_call_is_refused(refused: str) -> None:
    """And finds fault only where no lab can work."""
    if not denied.can(refused):
        pytest.skip(f"{refused} cannot be refused here")
    command = [*denied.command(refused), sys.executable, "-m", "shmlab.cli", "doctor"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert not ended.stderr and "cannot be looked at" not in ended.stdout
    assert ("LOOK" in ended.stdout) == (refused not in REFUSALS) == ended.returncode
    assert "two processes" in ended.stdout


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP])
def test_a_child_is_signalled_and_awaited_whatever_error_refuses_pidfds(
    error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    for module, name in ((os, "pidfd_open"), (signal, "pidfd_send_signal")):
        with monkeypatch.context() as patch, subprocess.Popen(["sleep", "60"]) as child:
            patch.setattr(module, name, refuse)
            patch.setattr(handle._signal, "pidfd_send_signal", signal.pidfd_send_signal)
            try:
                it = handle.ProcessHandle(child.pid, child=True)
                assert it.signal(signal.SIGKILL) and it.wait(10)
                it.close()
            finally:
                child.kill()


@pytest.mark.parametrize("refused", ["", "pdeathsig"])
def test_a_process_that_measures_ends_with_its_parent(refused: str) -> None:
    with run(refused, "peer") as process:
        assert process.stdout
        _, pid = process.stdout.readline().split()
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        process.wait(30)
        eventually(lambda: not alive(int(pid)))


@pytest.mark.alone  # another lab that starts would end them, too
@pytest.mark.parametrize("refused", ["", "pdeathsig", "pidfd,pdeathsig"])
def test_clean_ends_the_stalled_worker_of_a_dead_owner(refused: str) -> None:
    """Where the owner's death does not wake it, it stays: with all others stalled, too, nobody is there to clean up."""
    with run(refused, "owner") as process:
        assert process.stdout
        name, *pids = process.stdout.readline().split()
        for pid in map(int, pids):
            os.kill(pid, signal.SIGSTOP)
            eventually(lambda pid=pid: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        process.communicate("go\n", timeout=30)
    if refused:
        assert all(psutil.Process(int(pid)).status() == psutil.STATUS_STOPPED for pid in pids)
        subprocess.run([sys.executable, "-m", "shmlab.cli", "clean"], cwd=ROOT, check=True, capture_output=True)
    eventually(lambda: not any(name in entry for entry in entries()) and not workers_of(name), 5)
    for pid in map(int, pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            eventually(lambda pid=pid: not alive(pid))
