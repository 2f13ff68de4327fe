"""The same schedule on real processes: the memory is compared after every step, a deadlock confirmed by the kernel."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shmlab.explorer.explore import explore
from shmlab.explorer.model.build import of_processes
from shmlab.explorer.program.cells import Atomic
from shmlab.explorer.program.explorer_errors import ReplayFailed
from shmlab.explorer.real.real_processes import RealProcesses
from shmlab.explorer.report.verdict import verdict
from tests.apparatus import DIRECTORY, alive, eventually
from tests.explorer import programs as p
from tests.explorer.schedules import random_failing

pytestmark = pytest.mark.usefixtures("leaves_nothing", "no_process_left")


@pytest.fixture
def no_process_left() -> Iterator[None]:
    yield
    assert not [child for child in psutil.Process().children() if "shmlab.explorer.real.gated" in child.cmdline()]


REPLAYED = ("lost update 2x2", "no mutex 2+1, 1 item", "count 1+1, 3 items", "naive lock", "peterson swapped")


@pytest.mark.parametrize("name", REPLAYED)
def test_a_failing_schedule_fails_for_real(name: str) -> None:
    program = p.TEXTBOOK[name][0]()
    found = verdict(program.system(watched=True), program.system())
    replay = found.replay(real=True)
    assert replay.ok and replay.steps == len(found.actors), replay
    assert len(set(replay.pids)) == len(program.processes)
    assert found.reason in replay.text  # type: ignore[operator]


def test_a_deadlock_is_confirmed_by_the_kernel() -> None:
    found = explore(p.put_wrong_order, p.get_semaphores, items=3)
    replay = found.replay(real=True)
    assert replay.ok, replay
    assert replay.sleeping == (("P", "empty"), ("C", "mutex"))


def test_a_livelock_goes_round_for_real() -> None:
    program = p.TEXTBOOK["polite"][0]()
    found = verdict(program.system())
    replay = found.replay(real=True)
    assert replay.ok and replay.steps == len(found.actors) + 2 * len(found.loop_actors), replay


def test_a_typed_schedule_is_replayed() -> None:
    found = explore("semaphores")
    with pytest.raises(ReplayFailed, match="nothing fails"):
        found.replay()
    replay = found.replay(schedule="P" * 8 + "C" * 8)
    assert replay.ok and replay.steps == 16, replay
    assert found.replay(real=False, schedule="PPPP").text.startswith("4 steps on the model")


def test_endless_slots_are_replayed() -> None:
    found = explore("unbounded", capacity=1, items=3)
    assert found.replay(schedule="P" * 21 + "C" * 7).ok


def test_a_store_buffer_cannot_be_replayed_for_real() -> None:
    program = p.mutual_exclusion(p.peterson, model="tso")
    found = verdict(program.system())
    with pytest.raises(ReplayFailed, match="real=False"):
        found.replay(schedule="P0 p0")
    assert found.replay(real=False, schedule="P0 p0").ok


def crashes(buf):
    buf.turn = 1
    os._exit(3)


def raises(buf):
    buf.turn = 1
    raise ValueError("on purpose")


def test_an_exception_is_the_same_for_real() -> None:
    found = explore([raises, raises], shared=dict(turn=0))
    assert found.fault == "exception" and found.replay().ok


def test_a_process_that_dies_is_told() -> None:
    with RealProcesses(of_processes([crashes], dict(turn=0))) as real, pytest.raises(ReplayFailed, match="P ended"):
        real.step(0)


def prints(buf):
    print("hello")
    buf.cell.fetch_add(2)


def test_real_processes_have_the_interface_of_the_model() -> None:
    program = of_processes([prints, prints], dict(cell=Atomic(3), flag=[0, None]))
    with RealProcesses(program) as real:
        assert real.enabled() == [0, 1]
        assert real.pending(0).operation == "atomic"  # type: ignore[union-attr]
        real.step(1)
        assert real.snapshot() == {"cell": 5, "flag[0]": 0, "flag[1]": None}
        assert real.pending(1) is None and real.enabled() == [0]
        with pytest.raises(ReplayFailed):
            real.step(1)


def many(buf):
    buf.a[0] = 1


def test_more_variables_than_a_segment_has_are_refused() -> None:
    program = of_processes([many], dict(a=[0] * 40))
    with pytest.raises(ReplayFailed, match="32 shared variables"):
        RealProcesses(program)


def test_processes_die_with_their_owner_and_take_the_segment_along(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        "import sys\n"
        "def spins(buf):\n"
        "    while True:\n"
        "        buf.turn = 1\n"
        "from shmlab.explorer.model.build import of_processes\n"
        "from shmlab.explorer.real.real_processes import RealProcesses\n"
        "real = RealProcesses(of_processes([spins, spins], dict(turn=0)))\n"
        "print(real.segment, *real.pids, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        name, *pids = owner.stdout.readline().split()
        assert (DIRECTORY / name).exists()
        owner.send_signal(signal.SIGKILL)
    eventually(lambda: not (DIRECTORY / name).exists())
    eventually(lambda: not any(alive(int(pid)) for pid in pids))


PROGRAMS = (
    "lost update 2x2",
    "lost update 3x2",
    "no mutex 2+1, 2 items",
    "wrong order 2+2, 1 slot",
    "count 1+1, 3 items",
    "wrong order 1+1, 3 items",
    "in/out 2+1, 1 item",
    "naive lock",
    "peterson swapped",
    "dining 5",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_ten_random_failing_schedules_fail_for_real(name: str) -> None:
    found, schedules = random_failing(p.TEXTBOOK[name][0](), 10, seed=1)
    assert len(schedules) == 10
    for schedule in schedules:
        replay = found.replay(schedule=schedule)
        assert replay.ok and replay.steps == len(schedule), replay
        assert all(name for _, name in replay.sleeping)
