"""A real run for a page: a lab is started, recorded for some seconds and stopped, and its recording is read back."""

import threading
from pathlib import Path

from shmlab.lab import scenarios
from shmlab.lab.lab import Lab
from shmlab.observe import recording
from shmlab.observe.recording import Recording
from shmlab.processes.scratch_folder import Scratch
from shmlab.views.web.lab_cells import Arguments


def record(arguments: Arguments, seconds: float) -> Recording:
    """Record `seconds` of a lab with these `labs.live` arguments. Raises the errors of `Lab`."""
    settings = {name: value for name, value in arguments.items() if name not in ("scenario", "fps")}
    scenario = scenarios.scenarios.get(arguments["scenario"])
    with Scratch() as place:
        file = Path(place) / "run.jsonl"
        with Lab(**settings | dict(scenario.settings if scenario else {})) as lab, lab.record(file):
            if scenario:
                scenario.begin(lab)
            threading.Event().wait(seconds)
        return recording.read(file)
