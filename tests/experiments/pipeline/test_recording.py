"""Where there is no compiler a recorded run is shown. It is a real one, and says that it was recorded."""

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from shmlab.experiments import pipeline
from shmlab.experiments.pipeline import recorded_run, tools
from shmlab.experiments.pipeline.pipeline import Pipeline, check
from shmlab.experiments.pipeline.recorded_run import RecordedPipeline
from tests.apparatus import eventually
from tests.clone import ROOT

SOURCES = str(ROOT / "notebooks/sources")


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)


@pytest.mark.usefixtures("no_compiler")
@pytest.mark.parametrize(("settings", "names"), [({}, ["cc", "as"]), ({"compilers": 2}, ["cc0", "cc1", "as"])])
def test_a_run_without_a_compiler_is_the_recorded_one_and_says_so(settings: dict[str, Any], names: list[str]) -> None:
    report = pipeline.run(SOURCES, rounds=4, **settings)
    assert str(report).startswith("RECORDED, not run here: there is no `cc`, no `as` on this machine")
    assert [stage.name for stage in report.stages] == names
    assert report.output.startswith("collatz   6171") and not report.faults


@pytest.mark.usefixtures("no_compiler")
@pytest.mark.parametrize("stages", [2, 3])
def test_the_recorded_moments_are_played_in_their_time(stages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("shmlab.experiments.pipeline.recorded_run.time.monotonic", lambda: now)
    playing = pipeline.prepared(check(SOURCES, stages=stages)).start()
    assert isinstance(playing, RecordedPipeline) and playing.running
    first = playing.moment()
    assert first.state == "running" and "Recorded on" in first.recorded and not first.output
    times, texts = [first.time], {first.buffers[0].text}
    for now in range(101, 200):  # noqa: B007
        times.append(playing.moment().time)
        texts.add(playing.moment().buffers[0].text)
    last = playing.moment()
    assert times == sorted(times) and times[-1] > 3 and any(".globl" in text for text in texts)
    assert last.state == "finished" and last.output and len(last.stages) == stages == len(last.buffers) + 1
    playing.stop()
    assert not playing.running and playing.moment() == last


def test_the_recording_names_no_place_of_the_machine_that_made_it() -> None:
    text = recorded_run.FILE.read_text()
    assert not re.search("/(home|root|tmp)/", text) and SOURCES not in text and len(text) < 200_000


def test_the_recording_is_of_the_files_that_lie_there() -> None:
    stored = json.loads(recorded_run.FILE.read_text())
    names = sorted(path.name for path in Path(SOURCES).glob("*.c"))
    assert [view["moments"][0]["/modules"] for view in stored["views"]] == [names, names]


@pytest.mark.slow
@pytest.mark.skipif(bool(tools.missing()), reason="needs cc and as: sudo apt install gcc")
def test_moments_are_the_same_after_they_were_stored_as_differences() -> None:
    with Pipeline(check(SOURCES)) as running:
        seen = [running.moment()]
        eventually(lambda: seen.append(running.moment()) or seen[-1].state == "finished")
    again = list(recorded_run._moments(json.loads(json.dumps(recorded_run.differences(seen)))))
    assert len(again) == len(seen)
    for before, after in zip(seen, again, strict=True):
        assert rounded(asdict(after)) == rounded(json.loads(json.dumps(asdict(before))))


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return round(value, recorded_run.DIGITS) if isinstance(value, float) else value
