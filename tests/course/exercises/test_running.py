"""A busy machine makes no answer wrong: a run whose time is up has lost nothing that somebody has in hand."""

import os

import pytest

from shmlab import Semaphore
from shmlab.course.exercises import check, program_text, real_run
from shmlab.course.exercises.code import Code
from shmlab.course.exercises.real_run import RealRun

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "task", [task for task in check.tasks.values() if isinstance(task, Code)], ids=lambda t: t.name
)
def test_a_right_answer_that_had_no_time_is_not_called_wrong(task: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(task.run, RealRun):
        pytest.skip("it has no time limit")
    functions = program_text.compiled(task.answer + "\n")
    monkeypatch.setattr(real_run, "PATIENCE", 0.05)
    for _ in range(3):
        went, wrong = task.run.judged(tuple(functions[name] for name in task.parts))
        assert wrong is None, wrong
    assert "items went through" in went


def test_processes_that_all_sleep_for_ever_are_stuck() -> None:
    def put(buf: object, item: object) -> None:
        buf.gate.acquire()  # type: ignore[attr-defined]

    def get(buf: object) -> object:
        return buf.gate.acquire()  # type: ignore[attr-defined]

    _, wrong = RealRun(lambda _: dict(gate=Semaphore(0))).judged((put, get))
    assert wrong and wrong.fault == "deadlock" and "got stuck after 0" in wrong.reason


def test_a_protocol_that_moves_nothing_is_wrong_although_nobody_waits_for_a_semaphore() -> None:
    def put(buf: object, item: object) -> None:
        while True:
            os.sched_yield()

    _, wrong = RealRun(lambda _: dict(gate=Semaphore(0))).judged((put, lambda buf: buf.gate.acquire()))
    assert wrong and wrong.fault == "livelock" and "moved no item in 4 s" in wrong.reason
