"""Every way brings every item, unchanged, between real processes, and leaves nothing behind."""

import importlib
import subprocess
import sys
from typing import Any

import pytest

from shmlab import ArgumentError
from shmlab.experiments.comparison import call_count, plan, way, ways
from shmlab.experiments.comparison.plan import CALLS, THROUGHPUT, TRIP, Measurement
from tests.clone import ROOT
from tests.experiments.comparison.program import measured

EVERY = ways.names + ways.more
SIZES = (1, 8, 4096, 1 << 20)
PIPE = Measurement(THROUGHPUT, "pipe", 64, 1, 1, 0)
TASKS = (
    *(Measurement(THROUGHPUT, name, size, 1, 1, 0) for name in EVERY for size in SIZES),
    *(Measurement(THROUGHPUT, name, size, 2, 3, 0) for name in EVERY for size in (8, 4096)),
    *(Measurement(TRIP, name, 64, 1, 1, 0) for name in EVERY if ways.find(name).trips),
)


def title(task: Measurement) -> str:
    return f"{task.way}, {task.size} bytes, {task.producers} to {task.consumers}, {task.kind}"


@pytest.fixture(scope="module")
def figures() -> dict[Measurement, Any]:
    """The figures of all tasks that can be done here."""
    able = [task for task in TASKS if not reason(task)]
    return dict(zip(able, measured(able), strict=True))


def reason(task: Measurement) -> str:
    kind = ways.find(task.way)
    return kind.missing() or kind.refuses(task.size, task.producers, task.consumers)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=title)
def test_items_arrive_as_they_were_sent_and_nothing_is_left(figures: dict[Measurement, Any], task: Measurement) -> None:
    if why := reason(task):
        pytest.skip(why)
    found = figures[task]
    assert "trouble" not in found, found["trouble"]
    if task.kind == TRIP:
        assert 0 < found["trip"] <= found["trip_p99"]
    else:
        assert found["rate"] > 0 and found["cpu"] > 0 and found["items"] % task.unit == 0
    assert found["open"] == 0 and found["left"] == []


@pytest.mark.skipif(bool(call_count.missing()), reason=call_count.missing())
def test_a_pipe_takes_two_system_calls_for_an_item_and_a_connection_three() -> None:
    pipe, connection = measured([Measurement(CALLS, name, 8, 1, 1, 0) for name in ("pipe", "connection")])
    assert pipe["calls"] == pytest.approx(2, abs=0.3) and connection["calls"] == pytest.approx(3, abs=0.3)


def test_without_strace_system_calls_are_not_counted_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt install strace" in call_count.missing()
    assert not plan.planned(quick=True, ways=["pipe"]).counts_calls


BROKEN = "from shmlab.experiments.comparison.ways.pipe import This as pipe\n"


LISTENING = """
from pathlib import Path
from shmlab.experiments.comparison import ways
one = ways.find("zeromq")(64, 1, 1)
receive = one.receiver(0)
print(*{line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if one.addresses[0][6:] in line})
print(oct(Path(one.addresses[0][6:]).parent.stat().st_mode))
one.close()
"""


@pytest.mark.skipif(bool(ways.find("zeromq").missing()), reason="pyzmq is not installed: pip install pyzmq")
def test_no_other_user_can_connect_to_the_sockets_of_zeromq() -> None:
    """An abstract name (it begins with @) would be anybody's; a folder is its user's alone."""
    command = [sys.executable, "-c", LISTENING]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    name, mode = said.stdout.split()
    assert name.startswith("/") and mode == "0o40700"


def test_a_way_that_changes_an_item_is_found_out() -> None:
    first, _ = _twice(BROKEN + "pipe.receiver = lambda self, number: lambda: bytes(self.size)")
    assert "nobody had sent" in first


def test_a_way_that_fails_says_how_and_is_not_tried_again() -> None:
    first, second = _twice(BROKEN + "pipe.sender = lambda self, number: 1 / 0")
    assert "ZeroDivisionError: division by zero" in first and "failed before" in second


def test_a_way_that_hangs_is_given_up() -> None:
    impatient = "stage.PATIENCE, stage.PATIENT = 0.2, 0\n"
    first, _ = _twice(BROKEN + impatient + "pipe.sender = lambda self, number: lambda item: None")
    assert "not done within 0.2 s" in first


def _twice(before: str) -> tuple[str, str]:
    """What is said of a pipe that is broken, at first and when it is asked for again."""
    (figures,) = measured([PIPE], before)
    return figures["at_first"]["trouble"], figures["trouble"]


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
    assert ways.find(name).title and importlib.import_module(f"shmlab.experiments.comparison.ways.{name}").__doc__


def test_the_textbook_way_runs_the_very_functions_of_the_strategy() -> None:
    from shmlab.strategies import semaphores

    opened = ways.find("textbook")(8, 1, 1)
    try:
        send, receive = opened.sender(0), opened.receiver(0)
        assert send.func is semaphores.put and receive.func is semaphores.get  # type: ignore[attr-defined]
        send(b"12345678")
        assert receive() == b"12345678"
    finally:
        opened.close()


def test_buffers_hold_the_same_number_of_items_and_never_less_than_two() -> None:
    assert [way.slots(size) for size in (8, 4096, 1 << 20, 64 << 20)] == [1024, 1024, 4, 2]
