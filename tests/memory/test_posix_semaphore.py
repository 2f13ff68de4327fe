"""A named semaphore of the C library, by the standard library and by ctypes: the same one, the same way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from shmlab.memory import posix_semaphore, semaphores
from tests.apparatus import buffer, eventually
from tests.clone import ROOT

KINDS = {"standard library": posix_semaphore.Named, "ctypes": posix_semaphore.ByCtypes}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return KINDS[request.param]


@pytest.fixture
def name() -> Iterator[str]:
    with buffer(capacity=3) as it:
        yield it.name


def test_what_one_way_gives_the_other_takes(name: str) -> None:
    one, other = (posix_semaphore.open_named(f"/{name}.full", kind) for kind in KINDS.values())
    one.release()
    assert other.acquire(False) and not one.acquire(False)
    other.release()
    assert one.acquire(True, 1) and semaphores.value(name, "full") == 0


def test_it_takes_as_many_as_there_are_and_never_waits_unless_asked(name: str, kind: Any) -> None:
    it = posix_semaphore.open_named(f"/{name}.empty", kind)
    assert [it.acquire(False) for _ in range(4)] == [True, True, True, False]
    began = time.monotonic()
    assert not it.acquire(True, 0.05) and time.monotonic() - began >= 0.04


def test_with_takes_and_gives_back(name: str, kind: Any) -> None:
    with posix_semaphore.open_named(f"/{name}.mutex", kind):
        assert semaphores.value(name, "mutex") == 0
    assert semaphores.value(name, "mutex") == 1


def test_one_that_is_not_there_is_not_found(kind: Any) -> None:
    with pytest.raises(FileNotFoundError):
        posix_semaphore.open_named("/shmlab-0123456789abcdef.nothing", kind)


def test_a_sleeper_is_woken_by_a_release(name: str, kind: Any) -> None:
    it = posix_semaphore.open_named(f"/{name}.full", kind)
    taken = []
    sleeper = threading.Thread(target=lambda: taken.append(posix_semaphore.sleep(it, 10)))
    sleeper.start()
    it.release()
    sleeper.join(10)
    assert taken == [True]


def without_clockwait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library as it was before glibc 2.30."""
    library = posix_semaphore.c_library()
    old = SimpleNamespace(usleep=library.usleep, sem_trywait=library.sem_trywait)
    monkeypatch.setattr(posix_semaphore, "c_library", lambda: old)


@pytest.mark.parametrize("old", [False, True], ids=["glibc now", "glibc before 2.30"])
def test_a_sleep_ends_with_its_time(name: str, kind: Any, old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    it = posix_semaphore.open_named(f"/{name}.full", kind)
    if old:
        without_clockwait(monkeypatch)
    assert posix_semaphore.sleep(it, 0.0) is False and posix_semaphore.sleep(it, 0.01) is False
    it.release()
    assert posix_semaphore.sleep(it, 1.0) is True and posix_semaphore.sleep(it, 0.0) is False


TIMED = """
import sys, time
from shmlab.memory import posix_semaphore
it = posix_semaphore.open_named(sys.argv[1], getattr(posix_semaphore, sys.argv[2]))
began = time.monotonic()
print(posix_semaphore.sleep(it, 0.1), time.monotonic() - began >= 0.1)
"""


@pytest.mark.parametrize("way", ["Named", "ByCtypes"])
def test_a_sleep_ends_although_the_wall_clock_is_set_back(name: str, way: str, clock_ahead: dict[str, str]) -> None:
    command = [sys.executable, "-c", TIMED, f"/{name}.full", way]
    done = subprocess.run(command, env=clock_ahead, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False True\n", done.stderr


SLEEPER = """
import sys, time
from shmlab.memory import posix_semaphore, semaphores
semaphores.let_the_owner_wake()
it = posix_semaphore.open_named(sys.argv[1], getattr(posix_semaphore, sys.argv[2]))
print("asleep", flush=True)
print(posix_semaphore.sleep(it, 60))
"""


@pytest.mark.parametrize("way", ["Named", "ByCtypes"])
def test_a_sleep_of_a_minute_ends_with_a_signal_at_once(name: str, way: str) -> None:
    command = [sys.executable, "-c", SLEEPER, f"/{name}.full", way]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "asleep\n"

        def ended() -> bool:
            os.kill(process.pid, signal.SIGURG)  # again and again: it was perhaps not yet asleep
            return process.poll() is not None

        eventually(ended)
        assert process.stdout.read() == "False\n"


WITHOUT = """
import sys
sys.modules["_multiprocessing"] = None
from shmlab import Lab, Ring
from shmlab.memory import posix_semaphore
assert posix_semaphore.Named is posix_semaphore.ByCtypes
ring = Ring.create(slots=4, item=8)
ring.put(bytes(8))
print(ring.get() == bytes(8))
ring.close()
"""


def test_a_ring_works_where_the_standard_library_has_no_semaphores() -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True)
    assert said.stdout == "True\n", said.stderr
