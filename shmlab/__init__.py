"""shmlab: real processes meet in a real shared-memory segment, before your eyes.

    from shmlab import labs
    labs.live(strategy="semaphores", slots=8, producers=1, consumers=1)

Names are loaded at first use, so a worker or a script never pays for Jupyter.
"""

import importlib

TYPE_CHECKING = False  # true for type checkers only; the typing module would double a worker's start
__version__ = "0.1.0"

_HOMES = {
    "Atomic": "explorer",
    "Condition": "condition",
    "Critical": "explorer",
    "Lab": "lab",
    "Observer": "observer",
    "Report": "snapshot",
    "Ring": "ring",
    "Semaphore": "sync",
    "Snapshot": "snapshot",
    "Worker": "snapshot",
    "check": "exercises",
    "choose": "choice",
    "compare": "comparison",
    "explore": "explorer",
    "explored": "explorer.testing",
    "show": "source",
    "ShmlabError": "errors",
    "ArgumentError": "errors",
    "CapReached": "errors",
    "LabStopped": "errors",
    "NoRoom": "errors",
    "RecordingRefused": "errors",
    "SegmentNotFound": "errors",
    "SegmentRefused": "errors",
    "WorkerFailed": "errors",
}
_MODULES = ("labs", "layout", "problems", "recording", "scenarios", "segment", "strategies", "sync")
__all__ = [
    "ArgumentError",
    "Atomic",
    "CapReached",
    "Condition",
    "Critical",
    "Lab",
    "LabStopped",
    "NoRoom",
    "Observer",
    "RecordingRefused",
    "Report",
    "Ring",
    "SegmentNotFound",
    "SegmentRefused",
    "Semaphore",
    "ShmlabError",
    "Snapshot",
    "Worker",
    "WorkerFailed",
    "check",
    "choose",
    "compare",
    "explore",
    "explored",
    "labs",
    "layout",
    "problems",
    "recording",
    "scenarios",
    "segment",
    "show",
    "strategies",
    "sync",
]

if TYPE_CHECKING:
    from shmlab import labs, layout, problems, recording, scenarios, segment, strategies, sync
    from shmlab.choice import choose
    from shmlab.comparison import compare
    from shmlab.condition import Condition
    from shmlab.errors import (
        ArgumentError,
        CapReached,
        LabStopped,
        NoRoom,
        RecordingRefused,
        SegmentNotFound,
        SegmentRefused,
        ShmlabError,
        WorkerFailed,
    )
    from shmlab.exercises import check
    from shmlab.explorer import Atomic, Critical, explore
    from shmlab.explorer.testing import explored
    from shmlab.lab import Lab
    from shmlab.observer import Observer
    from shmlab.ring import Ring
    from shmlab.snapshot import Report, Snapshot, Worker
    from shmlab.source import show
    from shmlab.sync import Semaphore


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"shmlab has no {name!r}. It has: {', '.join(sorted(__all__))}.")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
