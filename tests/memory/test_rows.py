"""Whose a row is: one claim for owner, workers and guests, and a lock that tells who lives."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from shmlab import Lab
from shmlab.memory import layout as at, limits
from shmlab.memory.errors import ArgumentError
from shmlab.memory.rows import Row
from shmlab.memory.segment import Segment, attach, open_unmapped
from shmlab.worker.guest import take_row
from tests.apparatus import buffer, eventually

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def at_once(jobs: list[Callable[[], None]]) -> None:
    """Run all jobs in threads that start together."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        gate.wait()
        job()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_each_row_has_one_user_however_many_claim_at_once() -> None:
    for _ in range(20):
        with buffer(rows=24) as it, contextlib.ExitStack() as stack:
            claimed: list[int] = []
            everybody = [stack.enter_context(contextlib.closing(attach(it.name))) for _ in range(8)]

            def claim_three(segment: Segment, claimed: list[int] = claimed) -> None:
                for _ in range(3):
                    claimed.append(take_row(segment, at.PRODUCER, 5))

            at_once([lambda segment=segment: claim_three(segment) for segment in everybody])  # type: ignore[misc]
            assert sorted(claimed) == list(range(24))
            with pytest.raises(ArgumentError, match="all 24 rows"):
                take_row(everybody[0], at.CONSUMER, 5)


def test_owner_and_guests_never_share_a_row() -> None:
    with Lab(producers=1, consumers=0, produce_rate=0.1) as lab, contextlib.ExitStack() as stack:
        theirs: list[int] = []
        ours = {worker.row for worker in lab.workers}

        def guests() -> None:
            with contextlib.suppress(ArgumentError):
                while True:  # each by a file of its own, as another program would: so each keeps its lock
                    segment = stack.enter_context(contextlib.closing(attach(lab.name)))
                    theirs.append(take_row(segment, at.CONSUMER, 5))

        def owner() -> None:
            with contextlib.suppress(ArgumentError):
                for _ in range(6):
                    ours.add(lab.add_producer().row)

        at_once([guests, owner])
        assert ours.isdisjoint(theirs) and len(ours) + len(theirs) == limits.WORKERS
        eventually(lambda: {worker.row for worker in lab.workers} == ours | set(theirs))


def test_a_row_is_held_by_its_worker_until_that_one_dies() -> None:
    with Lab(producers=1, consumers=1) as lab, contextlib.closing(open_unmapped(lab.name)) as file:
        eventually(lambda: Row(file, 0).held() and Row(file, 1).held())
        lab.kill("P0")
        assert not Row(file, 0).held() and Row(file, 1).held()


def test_a_lock_ends_with_its_process() -> None:
    program = "import sys; from shmlab.memory import rows, segment; s = segment.attach(sys.argv[1]); "
    program += "print(rows.Row(s, 2).claim(1, 2, None), flush=True); input()"
    with buffer() as it:
        command = [sys.executable, "-c", program, it.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stdout.readline() == "True\n"
            assert Row(it.file, 2).held() and not Row(it.file, 2).hold()
            process.kill()
        eventually(lambda: not Row(it.file, 2).held())
        assert not Row(it.file, 2).claim(at.PRODUCER, 2, None)  # its role stands: it is not repaired
        assert it.word(2, at.ROLE) == at.PRODUCER and not Row(it.segment, 2).held()


def test_a_row_that_a_guest_gave_back_is_the_lab_s_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shmlab.memory.limits.WORKERS", 3)
    with Lab(producers=1, consumers=1) as lab:
        with contextlib.closing(attach(lab.name)) as segment:
            row = take_row(segment, at.PRODUCER, 5)
            with pytest.raises(ArgumentError, match="workers at most"):
                lab.add_producer()
            segment.words[at.row(row) // at.WORD + at.PHASE] = at.LEFT
        eventually(lambda: len(lab.workers) == 2)
        assert lab.add_producer().row == row


def test_observers_see_a_guest_though_the_owner_counts_its_rows_at_the_same_moment() -> None:
    """A guest's count was lost where the owner had read the older one before, and stored its own after."""
    with Lab(producers=1, consumers=0) as lab, contextlib.closing(attach(lab.name)) as segment:
        crew = lab._pool
        assert crew
        row = take_row(segment, at.CONSUMER, 5)
        segment.set_word(at.ROWS_USED, 1)  # as the owner's late store would leave it
        crew._guests._count(2)
        assert segment.word(at.ROWS_USED) == segment.layout.rows and os.getpid() == segment.word(
            at.row(row) + at.PID * at.WORD
        )
