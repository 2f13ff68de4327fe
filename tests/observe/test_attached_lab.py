"""What somebody who looks on from another program sees of a lab: rates, the stalled, the killed, its end."""

import subprocess
import sys

import pytest

from shmlab import Lab, SegmentNotFound
from shmlab.observe.attached_lab import AttachedLab
from tests.apparatus import descriptors, eventually

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def test_it_sees_what_the_owner_sees() -> None:
    with Lab(producers=2, consumers=1, produce_rate=100, consume_rate=200) as lab, AttachedLab(lab.name) as eye:
        eventually(lambda: all(w.achieved > 30 for w in eye.snapshot().workers))
        seen = eye.snapshot()
        assert [(w.name, w.role, w.pid) for w in seen.workers] == [(w.name, w.role, w.pid) for w in lab.workers]
        lab.stall("P0")
        eventually(lambda: eye.snapshot().worker("P0").state == "stalled")
        lab.unstall("P0")
        lab.kill("P1")
        killed = eventually(lambda: not (w := eye.snapshot().worker("P1")).alive and w)
        assert killed.state == "killed" and eye.events[-1].text == f"P1 (pid {killed.pid}) was killed."


def test_one_that_was_killed_before_somebody_looked_is_seen_as_killed() -> None:
    with Lab(producers=2) as lab:
        lab.kill("P1")
        with AttachedLab(lab.name) as eye:
            assert eye.snapshot().worker("P1").state == "killed"
            assert eye.snapshot().worker("P0").alive


def test_it_notices_the_end_and_gives_its_descriptors_back() -> None:
    before = descriptors()
    with Lab() as lab:
        eye = AttachedLab(lab.name)
        eye.snapshot()
        assert not eye.ended
    assert eye.ended
    eye.close()
    assert descriptors() <= before + 2  # of the thread that watches processes, once it runs
    with pytest.raises(SegmentNotFound):
        AttachedLab("shmlab-0123456789abcdef")


def test_it_notices_that_the_owner_was_killed() -> None:
    program = "from shmlab import Lab; lab = Lab().start(); print(lab.name, flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        with AttachedLab(owner.stdout.readline().strip()) as eye:
            assert not eye.ended
            owner.kill()
            eventually(lambda: eye.ended)
