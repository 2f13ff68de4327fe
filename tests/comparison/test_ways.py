"""Every way brings every item, unchanged, between real processes, and leaves nothing behind."""

import dataclasses

import pytest

from shmlab import ArgumentError
from shmlab.comparison import plan, stage, way, ways
from shmlab.comparison.plan import CALLS, THROUGHPUT, TRIP, Task
from shmlab.comparison.stage import Stage
from tests.apparatus import DIRECTORY, descriptors

EVERY = ways.names + ways.more
PLAN = dataclasses.replace(plan.planned(quick=True), seconds=0.5)


def measured(kind: str, name: str, size: int, producers: int = 1, consumers: int = 1) -> stage.Figures:
    """The figures of one task; skips where the package is missing or the way refuses."""
    found = ways.find(name)
    if reason := found.missing() or found.refuses(size, producers, consumers):
        pytest.skip(reason)
    return Stage(PLAN).measure(Task(kind, name, size, producers, consumers, 0))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("size", [1, 8, 4096, 1 << 20])
def test_items_arrive_as_they_were_sent(name: str, size: int) -> None:
    before = set(DIRECTORY.iterdir())
    measured(THROUGHPUT, name, size)  # a package may open something once and for all
    files = descriptors()
    found = measured(THROUGHPUT, name, size)
    assert "trouble" not in found and found["rate"] > 0 and found["cpu"] > 0
    assert descriptors() == files
    assert not [entry for entry in set(DIRECTORY.iterdir()) - before if "shmlab" not in entry.name]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("size", [8, 4096])
def test_several_producers_and_consumers_share_a_way(name: str, size: int) -> None:
    found = measured(THROUGHPUT, name, size, 2, 3)
    assert "trouble" not in found and found["items"] % 6 == 0


@pytest.mark.parametrize("name", [name for name in EVERY if ways.find(name).trips])
def test_a_round_trip_takes_time(name: str) -> None:
    found = measured(TRIP, name, 64)
    assert "trouble" not in found and 0 < found["trip"] <= found["trip_p99"]


@pytest.mark.skipif(bool(stage.trace.missing()), reason=stage.trace.missing())
def test_a_pipe_takes_two_system_calls_for_an_item_and_a_connection_three() -> None:
    assert measured(CALLS, "pipe", 8)["calls"] == pytest.approx(2, abs=0.3)
    assert measured(CALLS, "connection", 8)["calls"] == pytest.approx(3, abs=0.3)


def test_without_strace_system_calls_are_not_counted_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt install strace" in stage.trace.missing()
    assert not plan.planned(quick=True, ways=["pipe"]).counts_calls


def test_a_way_that_changes_an_item_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = ways.find("pipe")
    monkeypatch.setattr(pipe, "receiver", lambda self, number: lambda: bytes(self.size))
    assert "nobody had sent" in str(measured(THROUGHPUT, "pipe", 64)["trouble"])


def test_a_way_that_fails_says_how_and_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, number: int) -> way.Send:
        raise ZeroDivisionError("no sender today")

    monkeypatch.setattr(ways.find("pipe"), "sender", broken)
    the_stage, task = Stage(PLAN), Task(THROUGHPUT, "pipe", 64, 1, 1, 0)
    assert "ZeroDivisionError: no sender today" in str(the_stage.measure(task)["trouble"])
    assert "before" in str(the_stage.measure(task)["trouble"])


def test_a_way_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PATIENCE", 0.2)
    monkeypatch.setattr(stage, "PATIENT", 0)
    monkeypatch.setattr(ways.find("pipe"), "sender", lambda self, number: lambda item: None)
    assert "not done within 0.2 s" in str(measured(THROUGHPUT, "pipe", 64)["trouble"])


@pytest.mark.parametrize(
    ("name", "size", "producers", "reason"),
    [
        ("pipe", 4097, 2, "4,096 bytes"),
        ("connection", 8, 2, "one sender"),
        ("tcp", 8, 2, "one sender"),
        ("unix_socket", 65_537, 2, "65,536 bytes"),
        ("file", 8, 2, "lock"),
    ],
)
def test_what_a_way_cannot_do_it_refuses_with_the_reason(name: str, size: int, producers: int, reason: str) -> None:
    kind = ways.find(name)
    assert reason in kind.refuses(size, producers, producers) and not kind.refuses(size, 1, 1)


def test_an_unknown_way_lists_those_that_exist() -> None:
    with pytest.raises(ArgumentError, match="textbook"):
        ways.find("pigeon")


@pytest.mark.parametrize("name", EVERY)
def test_every_way_has_a_title_and_explains_itself(name: str) -> None:
    import importlib

    assert ways.find(name).title and importlib.import_module(f"shmlab.comparison.ways.{name}").__doc__


def test_the_textbook_way_runs_the_very_functions_of_the_strategy() -> None:
    from shmlab.strategies import semaphores

    with_slots = ways.find("textbook")(8, 1, 1)
    try:
        send, receive = with_slots.sender(0), with_slots.receiver(0)
        assert send.func is semaphores.put and receive.func is semaphores.get  # type: ignore[attr-defined]
        send(b"12345678")
        assert receive() == b"12345678"
    finally:
        with_slots.close()


def test_buffers_hold_the_same_number_of_items_and_never_less_than_two() -> None:
    assert [way.slots(size) for size in (8, 4096, 1 << 20, 64 << 20)] == [1024, 1024, 16, 2]
