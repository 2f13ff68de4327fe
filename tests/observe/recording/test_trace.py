"""The exports say what the recording says; the trace holds to the Trace Event Format, as another reader sees it."""

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from shmlab import cli
from shmlab.observe import recording
from shmlab.observe.recording import Recording
from tests.observe.recording.runs import file, recorded, story


@pytest.fixture
def run() -> Recording:
    return Recording(recorded(40))


def events(run: Recording, kind: str) -> list[dict[str, Any]]:
    return [event for event in json.loads(json.dumps(recording.trace(run)))["traceEvents"] if event["ph"] == kind]


def test_the_trace_has_what_the_format_requires(run: Recording) -> None:
    read = json.loads(json.dumps(recording.trace(run), allow_nan=False))
    assert read["displayTimeUnit"] in ("ms", "ns") and all(isinstance(v, str | int) for v in read["otherData"].values())
    needs = {"X": {"dur", "cat"}, "C": {"args"}, "i": {"s", "cat"}, "M": {"args"}}
    latest = 0
    for event in read["traceEvents"]:
        assert {"name", "ph", "ts", "pid", "tid"} | needs[event["ph"]] == event.keys() | {"tid"}
        assert isinstance(event["name"], str) and event["name"]
        assert all(type(event[field]) is int and event[field] >= 0 for field in ("ts", "pid", "tid"))
        assert event["ts"] >= latest  # in the order of time
        latest = event["ts"]
        assert event.get("dur", 0) >= 0 and event.get("s", "g") in ("g", "p", "t")
        if event["ph"] == "C":
            assert all(type(value) is int for value in event["args"].values())
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "process_sort_index")


def test_each_process_has_a_name_and_slices_that_do_not_overlap(run: Recording) -> None:
    named = {event["pid"]: event["args"]["name"] for event in events(run, "M") if event["name"] == "process_name"}
    assert named == {1: "buffer", 4000: "P0 (producer)", 4001: "C1 (consumer)", 4002: "P2 (producer)"}
    for pid in named:
        slices = [event for event in events(run, "X") if event["pid"] == pid]
        assert all(a["ts"] + a["dur"] <= b["ts"] for a, b in itertools.pairwise(slices))
    (first,) = [event for event in events(run, "X") if event["pid"] == 4000]
    assert (first["name"], first["ts"], first["dur"]) == ("producing", 0, 700_000)  # it is killed in moment 7


def test_the_counters_say_how_full_the_buffer_was_and_what_the_semaphores_were(run: Recording) -> None:
    counted = {event["ts"]: event["args"]["value"] for event in events(run, "C") if event["name"] == "occupied slots"}
    value = None
    for n, (snapshot, _, _) in enumerate(story(40)):
        value = counted.get(n * 100_000, value)
        assert value == snapshot.occupancy
    assert {event["name"] for event in events(run, "C")} == {
        "occupied slots", "semaphore empty", "semaphore full", "semaphore mutex",
    }  # fmt: skip


def test_what_happened_is_marked(run: Recording) -> None:
    assert len(events(run, "i")) == sum(len(happened) for _, happened, _ in story(40))


def test_the_table_has_a_line_for_each_moment(run: Recording) -> None:
    lines = list(csv.DictReader(io.StringIO(recording.table(run))))
    assert len(lines) == 40
    for line, (snapshot, _, _) in zip(lines, story(40), strict=True):
        assert int(line["occupancy"]) == snapshot.occupancy and int(line["semaphore full"]) == 5
        there = {worker.name: worker for worker in snapshot.workers}
        assert line["P0 state"] == there["P0"].state
        assert line["P2 items"] == (str(there["P2"].items) if "P2" in there else "")


def test_the_command_writes_what_the_ending_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = file(tmp_path)
    for name, beginning in (("a.trace.json", '{"traceEvents"'), ("a.csv", "seconds,state")):
        assert cli.main(["trace", str(source), "--to", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text().startswith(beginning)
    assert "12 moments over 1.1 s" in capsys.readouterr().out
    for wrong in ("a.txt", "no/a.csv"):
        assert cli.main(["trace", str(source), "--to", str(tmp_path / wrong)]) == 2
    assert cli.main(["trace", str(tmp_path / "a.csv"), "--to", str(tmp_path / "b.csv")]) == 2
    (tmp_path / "same.json").hardlink_to(source)
    assert cli.main(["trace", str(source), "--to", str(tmp_path / "same.json")]) == 2
    assert len(recording.read(source)) == 12
