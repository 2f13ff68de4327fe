"""Creating and attaching fail, or end by SIGKILL, at each of their system calls: a sentence, and nothing left.

The oracle is `strace`, which makes any call fail as the operating system would.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab.lab import create
from tests.apparatus import DIRECTORY, entries, eventually, owner, segment_of
from tests.faults.tracing import ROOT, Tracer, tracer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180), pytest.mark.usefixtures("bystander")]
ERRORS = ("ENOSPC", "ENOMEM", "EMFILE")
CURE = re.compile(r"Stop other labs|`shmlab doctor`|`shmlab clean`")
CREATE = """
class Work:
    def __call__(self):
        return create.publish(strategy, 8, 8)
    def undo(self, file):
        create.withdraw(file)
    def end(self):
        pass
"""
ATTACH = """
class Work:
    def __init__(self):
        self.file = create.publish(strategy, 8, 8)
    def __call__(self):
        return segment.attach(self.file.name)
    def undo(self, attached):
        attached.close()
    def end(self):
        create.withdraw(self.file)
"""
OBSERVE = """
from shmlab.observe.observer import Observer
class Work:
    def __init__(self):
        self.file = create.publish(strategy, 8, 8)
    def __call__(self):
        with Observer(self.file.name) as observer:
            observer.snapshot()
    def undo(self, nothing):
        pass
    def end(self):
        create.withdraw(self.file)
"""
SWEEP = """
class Work:
    def __call__(self):
        return create.sweep()
    def undo(self, nothing):
        pass
    def end(self):
        pass
"""
START = """
from shmlab.processes import supervisor as processes
from shmlab.lab.lab import Lab
class Work:
    def __init__(self):
        processes._watcher()  # it stays
    def __call__(self):
        return Lab(producers=1, consumers=1).start()
    def undo(self, lab):
        lab.stop()
    def end(self):
        pass
"""


def split(call: str) -> tuple[str, str]:
    name, place = call.split(":")
    return name, place


def failures(it: Tracer) -> Iterator[tuple[str, list[object]]]:
    """Each call, failed in each way, and what the program told of it."""
    for call in it.calls():
        name, place = split(call)
        for error in ERRORS:
            said, ending = it.run(f"{name}:error={error}:when={place}")
            assert said and not ending, f"{call} {error}: ended with {ending}"
            yield f"{call} {error}", said


@pytest.mark.parametrize("work", [CREATE, ATTACH, OBSERVE, SWEEP], ids=["create", "attach", "observe", "sweep"])
def test_every_call_may_fail_and_the_error_names_cause_and_cure(work: str, tmp_path: Path) -> None:
    before = entries()
    refused = set()
    with tracer(work, tmp_path, alone=work is SWEEP) as it:
        for call, (outcome, text, known, leaked) in failures(it):
            assert leaked == 0, f"{call}: {leaked} descriptors leaked"
            if outcome != "well":
                assert known or call.startswith("pread64"), f"{call}: {outcome}: {text}"  # memory that cannot be read
                assert not known or CURE.search(str(text)), f"{call}: {outcome}: {text}"
                refused.add(call.split(":")[0])
    assert refused >= {"openat"}
    eventually(lambda: not [entry for entry in entries() - before if nobody_lives(entry)], 2)


def nobody_lives(entry: str) -> bool:
    pid = owner(segment_of(entry))
    return pid is None or not Path(f"/proc/{pid}").exists()


def test_what_was_killed_at_any_call_of_create_the_next_lab_sweeps(tmp_path: Path) -> None:
    with tracer(CREATE, tmp_path) as it:
        calls = it.calls()
        assert {"link", "flock", "fallocate", "pwrite64"} <= {call.split(":")[0] for call in calls}
        for call in calls:
            name, place = split(call)
            before = {path.name for path in DIRECTORY.iterdir()}
            said, ending = it.run(f"{name}:signal=KILL:when={place}")
            assert said is None and os.WTERMSIG(ending) == signal.SIGKILL, call
            create.sweep()
            for entry in {path.name for path in DIRECTORY.iterdir()} - before:
                # Those that other tests are just making are locked a moment after they are there.
                eventually(lambda entry=entry: entry not in entries() or not nobody_lives(entry))


# How often each call is made while two processes are started.
STARTING = {"pipe2": 6, "execve": 1, "pidfd_open": 2, "epoll_ctl": 4, "clone": 2, "clone3": 2, "vfork": 2, "fcntl": 2}


def test_a_lab_that_cannot_start_its_processes_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    refused = set()
    before = entries()
    with tracer(START, tmp_path) as it:
        for name, times in STARTING.items():
            for place in range(1, times + 1):
                for error in ("ENOMEM", "EMFILE", "EAGAIN"):
                    said, ending = it.run(f"{name}:error={error}:when={place}")
                    assert said and not ending, f"{name} {place} {error}: ended with {ending}"
                    outcome, text, known, leaked = said
                    assert not leaked, f"{name} {place} {error}: {leaked} descriptors leaked"
                    if outcome != "well":
                        assert known and CURE.search(str(text)), f"{name} {place} {error}: {outcome}: {text}"
                        refused.add(name)
    assert refused >= {"pipe2", "execve", "pidfd_open", "epoll_ctl"}
    eventually(lambda: not [entry for entry in entries() - before if nobody_lives(entry)], 2)


# --- no room ---------------------------------------------------------------------------------------

SMALL = """
import os, sys
from shmlab import Lab, strategies
from shmlab.lab import create
from shmlab.memory import errors, segment
from tests.apparatus import descriptors
before = descriptors()
try:
    Lab(slots=1024, payload=1024).start()
except errors.NoRoom as error:
    print(error.errno, error)
print(os.listdir("/dev/shm"), descriptors() - before)
with Lab(slots=2, payload=8) as lab:  # a small one has room
    while lab.snapshot().consumed < 3:
        pass
lab = Lab("unbounded", slots=2, payload=4096, produce_rate=None, consume_rate=0.1)
with lab:
    while not lab.snapshot().cap_reached:  # it wants to grow beyond what there is
        pass
    lab.consume_rate = None
    consumed = lab.snapshot().consumed
    while lab.snapshot().consumed < consumed + 1000:
        pass
    print(lab.snapshot().faults, [worker.alive for worker in lab.workers])
print(os.listdir("/dev/shm"))
"""


def test_a_full_dev_shm_is_a_sentence_and_a_small_lab_still_fits(tmp_path: Path) -> None:
    script = tmp_path / "small.py"
    script.write_text(SMALL)
    mount = "mount -t tmpfs -o size=900k tmpfs /dev/shm"
    command = f"{mount} && exec {sys.executable} {script}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    probe = subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True)
    if probe.returncode:
        pytest.skip(f"no mount namespace of one's own here: {probe.stderr.decode().strip()}")
    said = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=60, env=environment
    )
    assert said.returncode == 0, said.stderr
    error, after, growing, end = said.stdout.splitlines()
    assert error.startswith("28 no room to create a segment of ") and "/dev/shm has 921,600 bytes free" in error
    assert after == "[] 0" and growing == "0 [True, True]" and end == "[]"
