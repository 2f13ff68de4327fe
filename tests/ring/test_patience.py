"""A wait lasts as long as it was asked to, whatever becomes of the wall clock."""

import shutil
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import pytest

from shmlab.ring import Ring, patience
from shmlab.ring.ordering import semaphore

pytestmark = pytest.mark.usefixtures("leaves_nothing")

# A wall clock that is an hour ahead when somebody asks a program, and is set right before the kernel looks at it.
AHEAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int gettimeofday(struct timeval *now, void *zone) {
    static int (*original)(struct timeval *, void *);
    if (!original) original = dlsym(RTLD_NEXT, "gettimeofday");
    int result = original(now, 0);
    now->tv_sec += 3600;
    return result;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*original)(clockid_t, struct timespec *);
    if (!original) original = dlsym(RTLD_NEXT, "clock_gettime");
    int result = original(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += 3600;
    return result;
}
"""
WAITS = """
import sys, time
from shmlab import Ring
from shmlab.errors import RingTimeout
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


def test_a_wait_ends_although_the_wall_clock_was_set_back(tmp_path: Path) -> None:
    if not shutil.which("gcc"):
        pytest.skip("there is no C compiler to make a wrong clock with")
    (tmp_path / "ahead.c").write_text(AHEAD)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", tmp_path / "ahead.so", tmp_path / "ahead.c", "-ldl"], check=True, timeout=60
    )
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WAITS)],
        env={"LD_PRELOAD": str(tmp_path / "ahead.so"), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) >= 0.4


def test_a_semaphore_is_taken_or_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with Ring.create(8, 4) as ring:
        for clockwait in (patience._clockwait, None):
            monkeypatch.setattr(patience, "_clockwait", clockwait)
            items = semaphore(ring.name, "items")
            take = patience.within(items)
            assert not take(0.0) and not take(0.01)
            items.release()
            assert take(1.0) and not take(0.0)


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
