"""Recording a lab of real processes: the file holds what was seen, and whatever happens to it harms nobody."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from shmlab import ArgumentError, Lab, LabStopped, Snapshot
from shmlab.observe import recording
from shmlab.observe.recording import file_format
from tests.apparatus import descriptors, eventually
from tests.observe.recording.runs import recorded

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(producers=2, produce_rate=40, consume_rate=30) as running:
        yield running


def told(lab: Lab) -> str:
    return " ".join(event.text for event in lab.events)


@pytest.mark.slow
def test_what_was_seen_of_a_lab_is_in_the_file(tmp_path: Path) -> None:
    path, seen = tmp_path / "run.jsonl", list[Snapshot]()

    class Watched(Lab):
        def snapshot(self) -> Snapshot:
            seen.append(super().snapshot())
            return seen[-1]

    with Watched("unbounded", slots=2, produce_rate=60, consume_rate=5) as lab:
        with lab.record(path) as recorder:
            eventually(lambda: lab.snapshot().capacity > 4)
            lab.add_producer()
            lab.kill("P0")
            eventually(lambda: recorder.seconds > 1)
        assert recorder.ended == "stopped" and recorder.size < 200_000
    again = recording.read(path)
    assert len(again) > 5 and again.ended == "stopped" and not again.cut
    by_time = {snapshot.time: snapshot for snapshot in seen}
    assert all(moment.snapshot == by_time[moment.snapshot.time] for moment in again)
    assert "was killed" in " ".join(event.text for event in again[-1].events)
    assert again.lab["about"] == "unbounded, 2 slots, 1 producer, 1 consumer" and again.machine["processor"]


def test_a_recording_ends_with_its_lab_and_descriptor_and_thread_are_given_back(tmp_path: Path) -> None:
    with Lab():  # the first one starts the thread that watches processes, which stays
        pass
    before = descriptors()
    with Lab() as lab:
        recorder = lab.record(tmp_path / "run.jsonl")
    eventually(lambda: recorder.ended)
    eventually(lambda: descriptors() == before)
    assert recorder.ended == "the lab ended"
    again = recording.read(tmp_path / "run.jsonl")
    assert again[-1].snapshot.state == "stopped" and again.ended == "the lab ended"
    recorder.stop()


def test_a_full_disk_ends_the_recording_with_a_sentence_and_not_the_lab(lab: Lab, tmp_path: Path) -> None:
    path, limits = tmp_path / "run.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = lab.record(path)
    try:  # no file of this process may become longer than this one nearly is: a write fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (recorder.size + 1500, limits[1]))
        eventually(lambda: recorder.ended)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert recorder.ended == "File too large" and "run.jsonl': File too large" in told(lab)
    assert lab.running and recording.read(path).cut
    was = lab.snapshot().consumed
    eventually(lambda: lab.snapshot().consumed > was)


@pytest.mark.slow
def test_a_recording_stays_below_its_bound_and_has_an_end(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_format, "MOST_BYTES", 16_384)
    recorder = lab.record(tmp_path / "run.jsonl")
    eventually(lambda: recorder.ended)
    assert (tmp_path / "run.jsonl").stat().st_size <= 16_384
    assert recording.read(tmp_path / "run.jsonl").ended.startswith("a recording has at most")


def test_a_file_that_is_something_else_stays_and_a_recording_is_replaced(lab: Lab, tmp_path: Path) -> None:
    essay, old = tmp_path / "essay.txt", tmp_path / "run.jsonl"
    essay.write_text("all of it")
    old.write_bytes(recorded())
    with pytest.raises(ArgumentError, match="something else than a recording, and stays"):
        lab.record(essay)
    assert essay.read_text() == "all of it"
    with lab.record(old), pytest.raises(ArgumentError, match="is being recorded into already"):
        lab.record(old)
    assert recording.read(old).lab["about"].startswith("semaphores, 8 slots, 2 producers")


def test_what_cannot_be_written_is_refused_at_once(lab: Lab, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    before = descriptors()
    for bad in (tmp_path, tmp_path / "no/run.jsonl", tmp_path / "fifo", "/dev/null", "a\0b", None, 3):
        with pytest.raises(ArgumentError, match="cannot record into"):
            lab.record(bad)  # type: ignore[arg-type]
    assert descriptors() == before and lab.running


def test_a_lab_that_does_not_run_cannot_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(LabStopped):
        Lab().record(tmp_path / "run.jsonl")
    assert not (tmp_path / "run.jsonl").exists()
