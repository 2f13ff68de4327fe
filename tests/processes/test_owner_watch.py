"""Workers whose owner has died clean up one at a time."""

import os
import threading
from collections.abc import Iterator

import pytest

from shmlab.memory import byte_lock
from shmlab.processes import descendants, owner_watch
from tests.apparatus import DIRECTORY, Buffer, buffer, eventually


@pytest.fixture
def orphaned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Buffer]:
    with buffer() as it:
        monkeypatch.setattr(owner_watch, "_owner_is_dead", lambda _: True)
        monkeypatch.setattr(owner_watch, "unlink", lambda _: None)
        yield it


def test_who_ends_the_others_keeps_them_from_ending_it(orphaned: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that killed each other would have left what they had started."""
    other = os.open(DIRECTORY / orphaned.name, os.O_RDWR)
    its_turn: list[bool] = []
    monkeypatch.setattr(descendants, "end", lambda _: its_turn.append(not byte_lock.lock(other, owner_watch.CLEANING)))
    owner_watch._clean_up(orphaned.segment)
    os.close(other)
    assert its_turn == [True]


def test_who_waits_for_its_turn_takes_over_when_the_other_is_gone(
    orphaned: Buffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = os.open(DIRECTORY / orphaned.name, os.O_RDWR)
    assert byte_lock.lock(other, owner_watch.CLEANING)
    tried, ended = threading.Event(), threading.Event()

    def lock(fd: int, offset: int) -> bool:
        tried.set()
        return locks_lock(fd, offset)

    locks_lock = byte_lock.lock
    monkeypatch.setattr(byte_lock, "lock", lock)
    monkeypatch.setattr(owner_watch, "TURN", 60.0)
    monkeypatch.setattr(descendants, "end", lambda _: ended.set())
    waits = threading.Thread(target=owner_watch._clean_up, args=(orphaned.segment,))
    waits.start()
    assert tried.wait(10) and not ended.is_set()
    os.close(other)
    assert ended.wait(10)
    waits.join(10)


def test_one_that_does_not_get_on_is_not_waited_for_for_ever(orphaned: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.open(DIRECTORY / orphaned.name, os.O_RDWR)
    assert byte_lock.lock(other, owner_watch.CLEANING)
    monkeypatch.setattr(owner_watch, "TURN", 0.02)
    ended: list[str] = []
    monkeypatch.setattr(descendants, "end", ended.append)
    owner_watch._clean_up(orphaned.segment)
    os.close(other)
    assert ended == [orphaned.name]


def test_a_second_thread_that_notices_it_leaves_all_to_the_first(
    orphaned: Buffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin by closing whatever is open, also what the other has just opened to look at a process."""
    began, go_on = threading.Event(), threading.Event()
    closed: list[int] = []

    def clean_up(*_: object) -> None:
        began.set()
        go_on.wait(30)

    monkeypatch.setattr(owner_watch, "_leaving", threading.Lock())
    monkeypatch.setattr(owner_watch, "_clean_up", clean_up)
    monkeypatch.setattr(owner_watch.os, "closerange", lambda low, _high: closed.append(low))
    monkeypatch.setattr(owner_watch.os, "getsid", lambda _: 0)
    monkeypatch.setattr(owner_watch.os, "_exit", lambda _: None)  # here only the thread ends
    leave, args = owner_watch.leave, (orphaned.segment,)
    first, second = (threading.Thread(target=leave, args=args, daemon=True) for _ in range(2))
    first.start()
    assert began.wait(10)
    second.start()
    go_on.set()
    first.join(10)
    eventually(second.is_alive)
    assert closed == [3, orphaned.segment.fd + 1]
    owner_watch._leaving.release()  # so that the second ends, too
    second.join(10)
