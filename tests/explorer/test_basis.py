"""What an OK rests on: it is told, and it is true."""

import os
from typing import Any

import pytest

from shmlab import Semaphore, explore

FILLED = "The buffer was full at one time, and empty again at another."
WAITED = {
    2: [
        *("Somebody had to wait for full and mutex.", "Nobody ever had to wait for empty."),
        *(FILLED, "No slot was used twice."),
    ],
    3: ["Somebody had to wait for empty, full and mutex.", FILLED, "Each slot was used again."],
}


@pytest.mark.parametrize("items", WAITED)
def test_a_buffer(items: int) -> None:
    size, *waited, last = explore("semaphores", items=items).basis.splitlines()
    assert size == f"It rests on 1 producer, 1 consumer, 2 slots, {items} items from each producer."
    assert waited == WAITED[items]
    assert ("items=3" in last) == (items == 2) and "sizes=3" in last


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (dict(capacity=8), "The buffer was empty again at one time.\nThe buffer was never full."),
        (dict(capacity=None), "The buffer was empty again at one time."),
        (dict(capacity=2, items=1), "The buffer was empty again at one time.\nThe buffer was never full."),
    ],
)
def test_whether_the_buffer_was_ever_full_and_ever_empty_again(asked: dict[str, Any], says: str) -> None:
    strategy = "semaphores" if asked["capacity"] else "unbounded"
    basis = explore(strategy, **asked).basis
    assert "\n".join(line for line in basis.splitlines() if line.startswith("The buffer")) == says


def test_after_all_sizes_another_one_is_worth_a_try() -> None:
    basis = explore("semaphores", sizes=2).basis
    assert basis.endswith("Worth a try: capacity=1, as sizes begins with two slots.") and "sizes=3" not in basis


def test_which_numbers_the_processes_had_is_told_where_one_asks() -> None:
    def asks(buf):
        if os.getpid() % 2:
            buf.x = 1

    basis = explore([asks] * 2, shared=dict(x=0)).basis
    assert "The processes had the numbers 10000000 to 10000001, in this order; no others were tried" in basis
    assert "numbers" not in explore("semaphores").basis


def test_an_ok_is_shown_with_it_and_a_fault_is_not() -> None:
    right, wrong = explore("semaphores"), explore("unsynchronised", producers=2, items=1)
    assert right.show().endswith(right.basis) and "It rests on" in right.show().html
    assert "It rests on" not in wrong.show() and "Nobody ever" not in wrong.basis


def test_after_a_reduced_search_nobody_is_said_never_to_wait() -> None:
    """Not every state was looked at."""
    verdict = explore("semaphores", producers=3, consumers=3, items=2)
    assert verdict.reduced and "It rests on 3 producers, 3 consumers, 2 slots" in verdict.basis
    assert "Nobody ever" not in verdict.basis


def test_processes_that_wait_in_a_loop_or_for_a_lock_or_not_at_all() -> None:
    def locked(buf):
        with buf.lock:
            buf.total += 1

    def spins(buf):
        while not buf.total:
            pass

    def alone(buf):
        buf.total += 1

    shared = dict(total=0, lock=Semaphore(1))
    assert explore([locked, locked], shared=shared).basis == "It rests on 2 processes.\nSomebody had to wait for lock."
    assert "Somebody had to wait in a loop." in explore([locked, spins], shared=shared).basis
    assert explore([alone], shared=shared).basis == "It rests on 1 process.\nNobody ever had to wait for lock."
    assert "endless slots" in explore("unbounded").basis
