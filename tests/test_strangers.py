"""Other users of the machine may look at /dev/shm and make files there: they keep nothing of ours from starting."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from shmlab import Ring, strategies
from shmlab.explorer.model.build import of_processes
from shmlab.explorer.real import real_processes
from shmlab.lab import create
from shmlab.memory import layout, name_claim, segment, semaphores
from shmlab.memory.errors import NoRoom
from shmlab.processes import descendants
from tests import hostile
from tests.apparatus import DIRECTORY, entries
from tests.clone import ROOT

pytestmark = pytest.mark.usefixtures("leaves_nothing")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
SEMAPHORES = {"empty": 8, "full": 0, "mutex": 1}


def ours() -> layout.Layout:
    return layout.Layout("semaphores", ("in_", "out"), SEMAPHORES, 8, 8, 8, 4)


def stores(buf: Any) -> None:
    buf.turn = 1


@root_only
@pytest.mark.slow
def test_a_stranger_who_takes_every_name_that_can_be_derived_stops_no_start() -> None:
    """A thousand, and twenty labs: `python -m tests.hostile 1000 20`."""
    said = subprocess.run(hostile.command(100, 3), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    segments, rings, labs, taken = map(int, said.split())
    assert (segments, rings, labs) == (100, 100, 3) and taken > 0


@pytest.mark.parametrize("second", ["sem.{}.full", "sem.{}.mutex", "{}"])
def test_where_a_stranger_takes_a_later_name_after_seeing_the_first_others_are_chosen(second: str) -> None:
    tried: list[str] = []

    def fill(file: segment.SegmentFile) -> None:
        tried.append(file.name)
        if len(tried) < 4:
            (DIRECTORY / second.format(file.name)).touch()  # as a stranger would, after the claim and before the rest
        semaphores.create_all(file.name, SEMAPHORES)

    file = segment.create(ours(), fill)
    try:
        assert len(set(tried)) == 4 and file.name == tried[-1]
        there = entries()
        assert {file.name, *(f"sem.{file.name}.{name}" for name in SEMAPHORES)} <= there
        assert not [entry for entry in there for name in tried[:-1] if f"sem.{name}" in entry]
        assert not Path(name_claim.path(file.name)).exists()
    finally:
        segment.unlink(file.name)
        file.close()
        for name in tried:
            segment.unlink(name)


def test_one_who_takes_every_name_is_told_of_within_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "PERSISTENCE", 0.05)
    made: list[str] = []

    def fill(file: segment.SegmentFile) -> None:
        made.append(file.name)
        semaphores.create_all(file.name, SEMAPHORES)
        raise FileExistsError(17, "File exists")

    with pytest.raises(NoRoom, match=r"another user takes each name in /dev/shm .*`ls -l /dev/shm` shows who"):
        segment.create(ours(), fill)
    assert len(made) > 1
    assert not [entry for entry in entries() for name in made if name in entry or name_claim.path(name).endswith(entry)]


def test_nothing_of_a_lab_has_its_names_before_its_semaphores_and_the_name_itself_comes_last() -> None:
    seen: list[set[str]] = []

    def fill(file: segment.SegmentFile) -> None:
        seen.append({entry for entry in entries() if file.name in entry})
        semaphores.create_all(file.name, SEMAPHORES)
        seen.append({entry.partition(".")[0] for entry in entries() if file.name in entry})
        assert name_claim.stands(file.name) and file.name not in segment.names()

    file = segment.create(ours(), fill)
    assert seen == [set(), {"sem"}] and not name_claim.stands(file.name)
    segment.unlink(file.name)
    file.close()


def test_a_private_name_does_not_tell_the_name_that_it_stands_for() -> None:
    it = name_claim.Claim("shmlab-0123456789abcdef").take()
    try:
        assert "0123456789abcdef" not in it.path and it.path == name_claim.path(it.name)
        assert Path(it.path).stat().st_mode & 0o777 == 0o600
        assert Path(it.path).name not in segment.names()
    finally:
        it.close()


@root_only
def test_what_a_stranger_has_put_under_our_names_is_not_ours_to_remove_nor_a_reason_to_keep_leftovers() -> None:
    name = f"shmlab-{os.urandom(8).hex()}"
    semaphores.create(name, "mutex", 1)  # left over
    planted = [DIRECTORY / name, Path(name_claim.path(name)), DIRECTORY / f"sem.{name}.full"]
    try:
        for path in planted:
            path.touch()
            os.chown(path, 65534, 65534)
        segment.unlink(name)
        assert all(path.exists() for path in planted)
        semaphores.create(name, "mutex", 1)
        segment.sweep()
        assert not (DIRECTORY / f"sem.{name}.mutex").exists() and all(path.exists() for path in planted)
    finally:
        for path in planted:
            path.unlink()


@root_only
@pytest.mark.parametrize("kind", ["FIFO", "link", "file"])
def test_a_lab_whose_name_a_stranger_has_taken_is_over_and_what_it_started_is_ended(kind: str) -> None:
    name = f"shmlab-{os.urandom(8).hex()}"
    path = DIRECTORY / name
    make = {"FIFO": lambda: os.mkfifo(path), "link": lambda: path.symlink_to("nowhere"), "file": path.touch}
    make[kind]()
    try:
        os.chown(path, 65534, 65534, follow_symlinks=False)
        with contextlib.ExitStack() as stack:
            if kind != "link":
                fd = os.open(path, os.O_RDWR)
                stack.callback(os.close, fd)
                fcntl.flock(fd, fcntl.LOCK_EX)  # as a living owner would
            with subprocess.Popen(["sleep", "600"], env=descendants.marked([name])) as started:
                try:
                    # Whoever cleans up elsewhere on this machine may have been quicker.
                    assert started.pid in descendants.end_strays() or started.wait(10) == -signal.SIGKILL
                finally:
                    started.kill()
        assert path.is_symlink() or path.exists()
    finally:
        path.unlink()


@root_only
def test_a_ring_whose_name_a_stranger_has_taken_is_over_also_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    owned = Ring.create(slots=4, item=8)
    ring = Ring.attach(owned.name)
    path = DIRECTORY / owned.name
    path.unlink()
    path.touch()
    opens = os.open

    def open_(path: str, *rest: Any, **more: Any) -> int:
        if str(path).startswith("/proc/"):
            raise PermissionError(13, "Permission denied")
        return opens(path, *rest, **more)

    try:
        os.chown(path, 65534, 65534)
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # as a living owner would
            with monkeypatch.context() as patch:
                patch.setattr(os, "open", open_)
                assert ring._orphaned()
    finally:
        path.unlink()
        ring.close()
        owned.close()


def test_nobody_elses_connection_is_taken_for_a_process_of_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who finds the socket and knocks first, and again and again."""
    addresses: list[str] = []
    knocking, done = [], threading.Event()
    start = real_processes.RealProcesses._start

    def knock(address: str) -> None:
        while not done.is_set():
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gate:
                gate.settimeout(1)
                try:
                    gate.connect(f"\0{address}")
                    gate.send(bytes(8))
                except OSError:
                    return

    def noted(self: real_processes.RealProcesses, row: int, address: str, program: bytes) -> None:
        addresses.append(address)
        thread = threading.Thread(target=knock, args=(address,))
        thread.start()
        knocking.append(thread)
        start(self, row, address, program)

    monkeypatch.setattr(real_processes.RealProcesses, "_start", noted)
    try:
        with real_processes.RealProcesses(of_processes([stores, stores], dict(turn=0))) as processes:
            assert addresses and processes.segment not in addresses[0]
            processes.step(0)
            assert processes.snapshot() == dict(turn=1)
    finally:
        done.set()
        for thread in knocking:
            thread.join(10)


def test_a_lab_beside_a_sweeper_keeps_its_semaphores_while_it_is_created() -> None:
    def fill(file: segment.SegmentFile) -> None:
        semaphores.create_all(file.name, SEMAPHORES)
        segment.sweep()

    file = segment.create(ours(), fill)
    try:
        assert all(semaphores.value(file.name, name) == value for name, value in SEMAPHORES.items())
    finally:
        segment.unlink(file.name)
        file.close()


def test_a_strategy_is_published_whole() -> None:
    file = create.publish(strategies.find("semaphores"), 8, 8)
    try:
        assert [semaphores.value(file.name, name) for name in SEMAPHORES] == [8, 0, 1]
    finally:
        create.withdraw(file)
