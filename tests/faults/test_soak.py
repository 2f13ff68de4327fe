"""A short form of `make soak`: random use, with kills; every item accounted for, and no process grows."""

import pytest

from benchmarks import soak_owner
from benchmarks.soak import Failed, Soak
from benchmarks.soak_memory import GROWTH, Memory
from shmlab import Lab
from tests.apparatus import eventually

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.mark.alone  # it measures memory and counts what was done in a time
def test_20_seconds_of_random_use_with_kills(leaves_nothing: None) -> None:
    soak = Soak(seed=20, tell=print)
    soak.run(20)
    found = soak.figures()
    assert soak.counts["labs"] >= 2 and soak.counts["kill"] + soak.counts["kill inside"] > 3
    assert soak.counts["items"] > 100 and soak.memory.workers < GROWTH
    assert found["seed"] == 20 and not soak.failures


def test_the_soak_notices_what_is_wrong() -> None:
    soak = Soak(seed=1)
    soak.about = "a lab that is known to be broken"
    with Lab("unsynchronised", 4, 2, 2, None, None, slow_motion=0.001) as lab:
        while not lab.snapshot().faults:
            pass
    with pytest.raises(Failed, match=r"a lab that is known to be broken.*Again: python -m benchmarks.soak --seed 1"):
        soak.judge(lab.snapshot())
    memory = Memory()
    memory.kernel = [10 << 20, 11 << 20, 10 << 20, 17 << 20]
    assert memory.grown() == 6 << 20


def test_the_soak_notices_what_an_owner_leaves() -> None:
    with Lab(put=soak_owner.put, get=soak_owner.get, shared=dict(in_=0, out=0), consumers=0) as lab:
        eventually(lambda: lab.snapshot().produced)
        names = [lab.name]
        assert f"/dev/shm/{lab.name}" in soak_owner.left(names)
        # the worker, and what it has started, which is there a moment after the item
        eventually(lambda: sum(path.startswith("/proc/") for path in soak_owner.left(names)) == 2)
    eventually(lambda: not soak_owner.left(names), 5)  # what has been killed is gone a moment later
