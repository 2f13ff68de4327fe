"""A pipeline run recorded elsewhere: shown, and labelled as recorded, if there is no compiler.

`python -m shmlab.experiments.pipeline.recorded_run FOLDER` runs the pipelines of lesson 12 over the C files in a folder
and writes `recorded.json`. Each moment is stored as its differences from the one before.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from shmlab.experiments.pipeline import tools
from shmlab.experiments.pipeline.pipeline import Pipeline, PipelineSettings, check
from shmlab.experiments.pipeline.pipeline_snapshot import (
    Buffer,
    Named,
    PipelineMoment,
    PipelineReport,
    PipelineSlots,
    PipelineStage,
)
from shmlab.observe.recording.differences import Flat, changed, leaves

FILE = Path(__file__).with_name("recorded.json")
EVERY = 0.2  # seconds between two moments
DIGITS = 2  # of a time in a moment
RUNS: tuple[Flat, ...] = ({"rounds": 4}, {"rounds": 4, "compilers": 2})  # of lesson 12, in its order
VIEWS: tuple[Flat, ...] = ({"slow_motion": 0.02}, {"slow_motion": 0.02, "stages": 3})


class RecordedPipeline:
    """A recording with the interface of a `Pipeline`; it plays the one with the most similar settings."""

    def __init__(self, settings: PipelineSettings, file: Path = FILE) -> None:
        self.settings = settings
        recorded = json.loads(file.read_text())
        self._about = f"{tools.missing()} Recorded on {recorded['machine']}"
        self._view = min(recorded["views"], key=lambda view: _unlike(view["settings"], settings))
        self._run = min(recorded["runs"], key=lambda run: _unlike(run["settings"], settings))
        self._moments = list(_moments(self._view["moments"]))
        self._began, self._stopped = 0.0, 0.0

    def start(self) -> "RecordedPipeline":
        """Start playback."""
        self._began = time.monotonic()
        return self

    def stop(self) -> None:
        """Stop playback."""
        self._stopped = self._stopped or time.monotonic()

    def __enter__(self) -> "RecordedPipeline":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Return whether it is being played."""
        return bool(self._began) and not self._stopped

    def moment(self) -> PipelineMoment:
        """Return the recorded state at the time since the start."""
        passed = (self._stopped or time.monotonic()) - self._began
        shown = [moment for moment in self._moments if moment.time <= passed]
        moment = shown[-1] if shown else self._moments[0]
        return replace(moment, recorded=f"{self._about} with {_words(self._view['settings'])}.".strip())

    def wait(self, timeout: float = 60.0) -> PipelineReport:
        """Return the report of the recorded run, at once."""
        self.stop()
        return self.report()

    def report(self) -> PipelineReport:
        """Return the report of the recorded run."""
        plain = dict(self._run["report"])
        stages = tuple(PipelineStage(**stage) for stage in plain.pop("stages"))
        about = f"{self._about} with {_words(self._run['settings'])}.".strip()
        return PipelineReport(stages=stages, **{**plain, "recorded": about})


def _unlike(recorded: Flat, wanted: PipelineSettings) -> int:
    """Return in how many settings a recording differs; the number of stages counts most."""
    names = ("stages", "compilers", "slots", "optimise", "rounds")
    return sum((100 if name == "stages" else 1) * (recorded[name] != getattr(wanted, name)) for name in names)


def _words(recorded: Flat) -> str:
    """Return the settings of a recording, in words."""
    compilers = recorded["compilers"]
    return (
        f"{recorded['stages']} stages, {compilers} compiler{'s' * (compilers > 1)}, {recorded['slots']} slots, "
        f"{recorded['optimise']}, {recorded['rounds']} round{'s' * (recorded['rounds'] > 1)}"
    )


def differences(moments: list[PipelineMoment]) -> list[Flat]:
    """Return each moment as its differences from the one before."""
    found, before = [], Flat()
    for moment in moments:
        flat = {path: _rounded(value) for path, value in leaves(asdict(moment))}
        found.append(changed(before, flat))
        before = flat
    return found


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def _moments(stored: list[Flat]) -> Iterator[PipelineMoment]:
    """Restore the moments from their differences."""
    flat = Flat()
    for difference in stored:
        flat |= difference
        yield _moment(flat)


def _moment(flat: Flat) -> PipelineMoment:
    nested: Any = {}
    for path, value in flat.items():
        *names, last = path.strip("/").split("/")
        place = nested
        for name in names:
            place = place.setdefault(name, {})
        place[last] = value
    stages = tuple(PipelineStage(**stage) for stage in nested.pop("stages").values())
    buffers = tuple(
        Buffer(
            **{
                **plain,
                "slots": PipelineSlots(**plain["slots"]),
                "workers": tuple(Named(**worker) for worker in plain["workers"].values()),
            }
        )
        for plain in nested.pop("buffers").values()
    )
    return PipelineMoment(stages=stages, buffers=buffers, **{**nested, "modules": tuple(nested["modules"])})


def record(folder: str) -> Flat:
    """Run all pipelines and return what was observed, as plain data."""
    version = subprocess.run([tools.COMPILER, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors, {version}"
    runs, views = [], []
    for asked in RUNS:
        settings = check(folder, **asked)
        with Pipeline(settings) as pipeline:
            runs.append({"settings": _plain(settings), "report": asdict(pipeline.wait())})
    for asked in VIEWS:
        settings = check(folder, **asked)
        with Pipeline(settings) as pipeline:
            moments = [pipeline.moment()]
            while moments[-1].state == "running":
                time.sleep(EVERY)
                moments.append(pipeline.moment())
        views.append({"settings": _plain(settings), "moments": differences(moments)})
    return {"machine": machine, "runs": runs, "views": views}


def _plain(settings: PipelineSettings) -> Flat:
    return {name: value for name, value in asdict(settings).items() if name != "sources"}  # no path of this machine


if __name__ == "__main__":
    text = json.dumps(record(sys.argv[1]), separators=(",", ":"))
    FILE.write_text(text.replace('},{"', '},\n{"') + "\n")
