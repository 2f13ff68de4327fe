"""The comparison with other checkers: it asks what it says, and the same programs run with threads."""

import threading

import pytest

from benchmarks import checkers, threads
from shmlab.explorer.report.verdict import verdict
from tests.explorer.test_spin import PAIRS


@pytest.mark.parametrize("name", [*checkers.FAULTY, *checkers.RIGHT])
def test_each_program_is_what_the_comparison_takes_it_for(name: str) -> None:
    program = PAIRS[name][0]()
    assert bool(verdict(program.system(watched=True), program.system()).fault) == (name in checkers.FAULTY)


@pytest.mark.parametrize("name", checkers.RIGHT)
def test_a_right_program_is_right_with_threads(name: str) -> None:
    program = PAIRS[name][0]()
    state = threads.State(program)
    running = [threading.Thread(target=worker, args=(state,)) for worker in threads.workers(program)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(20)
    assert threads.holds(program)(state)


def test_what_goes_wrong_with_threads_is_seen() -> None:
    program = PAIRS["lost 2x1"][0]()
    state = threads.State(program)
    assert not threads.holds(program)(state)  # nobody has counted
    state.count = 2  # type: ignore[attr-defined]
    assert threads.holds(program)(state)
    state = threads.State(PAIRS["naive lock 2"][0]())
    critical = state["critical"]
    with critical:
        assert not state.wrong
        with critical:
            assert state.wrong


def test_a_question_has_a_limit_and_its_own_process() -> None:
    assert checkers.asked("shmlab", "lost 2x1", 1, 60)["found"] is True
    assert checkers.asked("shmlab", "lost 2x1", 1, 0.01) == dict(found=None, late=True)


def test_the_table_tells_what_was_missed() -> None:
    rows = {name: {"shmlab": dict(found=True, seconds=0.002, states=9)} for name in checkers.FAULTY}
    rows |= {name: {"shmlab": dict(found=False, seconds=2.0, runs=7)} for name in checkers.RIGHT}
    rows["dining 3"]["shmlab"]["found"], rows["dining 5"]["shmlab"] = False, dict(found=None, late=True)
    text = checkers.table(dict(tools=["shmlab"], rows=rows))
    assert "| dining 3 | **missed** 2 ms, 9 states |" in text and "| dining 5 | - |" in text
    assert f"| **faults found** | {len(checkers.FAULTY) - 2} of {len(checkers.FAULTY)} |" in text
    assert "| **median time of those** | 2 ms |" in text and "| **right programs passed** | 5 of 5 |" in text
