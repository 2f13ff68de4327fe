"""A wait lasts as long as it was asked to, whatever becomes of the wall clock."""

import subprocess
import sys
import tracemalloc

import pytest

from shmlab.ring.ring import Ring

pytestmark = pytest.mark.usefixtures("leaves_nothing")

WAITS = """
import sys, time
from shmlab import Ring
from shmlab.memory.errors import RingTimeout
from shmlab.ring import protocol, turns

protocol.YIELDS = turns.YIELDS = 0  # sleep at once

def timeout(wait):
    try:
        wait()
    except RingTimeout:
        return
    sys.exit("no timeout")

with Ring.create(8, 4, producers=2) as ring, Ring.attach(ring.name, "producer") as other:
    ring.claim().__enter__()  # has the turn, and nothing is put
    began = time.monotonic()
    timeout(lambda: ring.get(timeout=0.2))
    timeout(lambda: other.put(b"1234", timeout=0.2))
    print(time.monotonic() - began)
"""


@pytest.mark.slow
def test_a_wait_of_a_ring_ends_although_the_wall_clock_was_set_back(clock_ahead: dict[str, str]) -> None:
    command = [sys.executable, "-c", WAITS]
    done = subprocess.run(command, env=clock_ahead, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) >= 0.4


@pytest.mark.parametrize("role", ["producer", "consumer"])
def test_an_end_of_a_long_ring_takes_no_memory_for_its_slots(role: str) -> None:
    with Ring.create(1 << 20, 1) as ring:
        tracemalloc.start()
        try:
            peer = Ring.attach(ring.name, role)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
        peer.close()


def test_items_of_a_long_ring_stand_where_those_of_a_short_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    from shmlab.ring import ends

    table = ends.places(100, 9, 7)
    monkeypatch.setattr(ends, "TABLE", 8)
    monkeypatch.setattr(ends, "RUN", 4)
    computed = ends.places(100, 9, 7)
    assert isinstance(table, list) and not isinstance(computed, list)
    assert [computed[slot] for slot in (*range(9), 3, 8)] == [*table, table[3], table[8]] and len(computed) <= 12
    with Ring.create(9, 4) as ring:
        for number in range(30):
            ring.put(number.to_bytes(4, "big"))
            assert ring.get() == number.to_bytes(4, "big")
