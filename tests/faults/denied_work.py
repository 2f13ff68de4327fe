"""What must work on a system that refuses some calls; `python -m tests.faults.denied_work WHAT` does one such thing.

It prints "well" at the end. `test_denied` runs it under each refusal.
"""

import os
import signal
import subprocess
import sys

from shmlab import Lab, Ring
from shmlab.experiments.comparison.peers import end_with
from tests.apparatus import eventually

FULL = {"produce_rate": None, "consume_rate": None}


def lab() -> None:
    """Items flow; a worker is stalled, goes on, is killed, and its damage is repaired."""
    with Lab(slots=4, producers=2, consumers=2, **FULL) as it:  # type: ignore[arg-type]
        eventually(lambda: it.snapshot().consumed > 100)
        victim = "P0"
        it.stall(victim)
        process = it._pool.process(it._pool.find(victim))
        eventually(process.stopped)
        it.unstall(victim)
        eventually(lambda: not process.stopped())
        it.kill(victim)
        assert process.ended.is_set() and process.returncode == -signal.SIGKILL
        eventually(lambda: any("Repaired" in event.text for event in it.events))
        before = it.snapshot().consumed
        eventually(lambda: it.snapshot().consumed > before + 100)
        it.add_producer()
        assert it.kill("P1", holding="mutex", timeout=20)
        eventually(lambda: sum("Repaired" in event.text for event in it.events) == 2)
        before = it.snapshot().consumed
        eventually(lambda: it.snapshot().consumed > before + 100)
        os.kill(it.workers[2].pid, signal.SIGKILL)  # by somebody else
        eventually(lambda: sum("Repaired" in event.text for event in it.events) == 3)
        assert it.snapshot().lost == it.snapshot().duplicated == 0
    assert all(process.ended.is_set() for process in it._pool._processes.values())


def ring() -> None:
    """A seat is one process's alone, its mutex is inherited when it dies, and the owner's death is noticed."""
    with Ring.create(slots=4, item=8, producers=2) as it:
        die = "import os, sys; from shmlab import Ring; from shmlab.ring.turns import INSIDE\n"
        die += "it = Ring.attach(sys.argv[1], 'producer'); it.put(b'12345678')\n"
        die += "end = it._producer; end.turn[0] = INSIDE; end.acquire(True); print('in', flush=True); input()"
        with subprocess.Popen([sys.executable, "-c", die, it.name], stdin=-1, stdout=-1) as other:
            assert other.stdout and other.stdout.readline() == b"in\n"
            assert it.get(5) == b"12345678"
            other.kill()
        with Ring.attach(it.name, "producer") as heir:
            heir.put(b"87654321", 5)
            assert it.get(5) == b"87654321"


def guests() -> None:
    """A guest joins unseen, is seen, stalled where that can be told, killed and repaired after; another one leaves."""
    command = [sys.executable, "-m", "shmlab.cli", "produce"]
    with Lab(slots=4, producers=1, consumers=2, **FULL) as it:  # type: ignore[arg-type]
        for end in ("kill", "leave"):
            with subprocess.Popen([*command, it.name, "--rate", "max"], stdout=subprocess.DEVNULL) as guest:
                name = eventually(lambda pid=guest.pid: [w.name for w in it.workers if w.pid == pid and w.items], 20)[0]
                if end == "kill":
                    it.kill("C0", holding="mutex", timeout=20)
                    eventually(lambda: sum("Repaired" in event.text for event in it.events) == 1)
                    os.kill(guest.pid, signal.SIGKILL)
                    eventually(lambda: sum("Repaired" in event.text for event in it.events) == 2)
                    it.remove(name)
                else:
                    it.remove(name)
                    assert guest.wait(10) == 0
                eventually(lambda name=name: name not in [worker.name for worker in it.workers])
            before = it.snapshot().consumed
            eventually(lambda before=before: it.snapshot().consumed > before + 100)
        assert it.snapshot().lost == it.snapshot().duplicated == 0


def owner() -> None:
    """An owner that waits to be killed: its lab's name and its workers' numbers, one of them stalled."""
    it = Lab(producers=2, consumers=2, produce_rate=200, consume_rate=200).start()
    eventually(lambda: it.snapshot().produced > 2)
    print(it.name, *[worker.pid for worker in it.workers], flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)


def peer() -> None:
    """A process that forks another, as a comparison does, and waits to be killed: their numbers."""
    parent = os.getpid()
    child = os.fork()
    if not child:
        end_with(parent, signal.SIGKILL)
        print("peer", os.getpid(), flush=True)
        while True:  # woken to look who its parent is
            signal.pause()
    sys.stdin.readline()
    os.kill(parent, signal.SIGKILL)


if __name__ == "__main__":
    {"lab": lab, "ring": ring, "guests": guests, "owner": owner, "peer": peer}[sys.argv[1]]()
    print("well")
