"""shmlab: real processes meet in a real shared-memory segment, before your eyes.

    from shmlab import labs
    labs.live(strategy="semaphores", slots=8, producers=1, consumers=1)

Names are loaded at first use, so a worker or a script never pays for Jupyter.
"""

import importlib

TYPE_CHECKING = False  # true for type checkers only; the typing module would double a worker's start
__version__ = "0.1.0"

_HOMES = {
    "Atomic": "explorer.explore",
    "Condition": "memory.condition_variable",
    "Critical": "explorer.explore",
    "Lab": "lab.lab",
    "Observer": "observe.observer",
    "Report": "observe.snapshot",
    "Ring": "ring.ring",
    "Semaphore": "memory.semaphores",
    "Snapshot": "observe.snapshot",
    "Worker": "observe.snapshot",
    "check": "course.exercises",
    "choose": "strategies.choice",
    "compare": "experiments.comparison",
    "explore": "explorer.explore",
    "explored": "explorer.report.testing",
    "show": "course.show",
    "ShmlabError": "memory.errors",
    "ArgumentError": "memory.errors",
    "CapReached": "memory.errors",
    "LabStopped": "memory.errors",
    "NoRoom": "memory.errors",
    "RecordingRefused": "memory.errors",
    "SegmentNotFound": "memory.errors",
    "SegmentRefused": "memory.errors",
    "WorkerFailed": "memory.errors",
}
_MODULES = {
    "labs": "labs",
    "layout": "memory.layout",
    "problems": "course.problems",
    "recording": "observe.recording",
    "scenarios": "lab.scenarios",
    "segment": "memory.segment",
    "strategies": "strategies",
    "sync": "memory.semaphores",
}
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
    from shmlab import labs, strategies
    from shmlab.course import problems
    from shmlab.course.exercises import check
    from shmlab.course.show import show
    from shmlab.experiments.comparison import compare
    from shmlab.explorer.explore import explore
    from shmlab.explorer.program.cells import Atomic, Critical
    from shmlab.explorer.report.testing import explored
    from shmlab.lab import scenarios
    from shmlab.lab.lab import Lab
    from shmlab.memory import layout, segment, semaphores as sync
    from shmlab.memory.condition_variable import Condition
    from shmlab.memory.errors import (
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
    from shmlab.memory.semaphores import Semaphore
    from shmlab.observe import recording
    from shmlab.observe.observer import Observer
    from shmlab.observe.snapshot import Report, Snapshot, Worker
    from shmlab.ring.ring import Ring
    from shmlab.strategies.choice import choose


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    else:
        raise AttributeError(f"shmlab has no {name!r}. It has: {', '.join(sorted(__all__))}.")
    globals()[name] = value
    if name == "check":  # a quiz shows itself in a notebook; the package that has it knows no notebook
        importlib.import_module(f"{__name__}.views.notebook.display_hooks").register()
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
