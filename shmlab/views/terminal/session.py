"""A session in the terminal: a lab from its start to its report, or somebody else's lab until it ends."""

import contextlib
import time
from collections.abc import Callable, Iterator

from shmlab.lab.lab import Lab
from shmlab.memory import limits
from shmlab.memory.segment import open_unmapped
from shmlab.observe.attached_lab import AttachedLab, over
from shmlab.observe.snapshot import Report, Snapshot
from shmlab.ring import ring_snapshot as ring
from shmlab.views.terminal import keys, screen
from shmlab.views.terminal.steering import QUIT, Steering
from shmlab.views.terminal.terminal_page import TerminalPage


class _Quit(Exception):
    """The user has asked to quit."""


def run(lab: Lab, items: int | None = None, seconds: float | None = None) -> int:
    """Show a lab until `items` have passed, `seconds` are over, or the user quits; then print the outcome.

    Return 0 if there was no fault and every item of a counted run arrived, else 1. Raises NoRoom, WorkerFailed.
    """
    steering = Steering(lab, fixed=items is not None)
    reports: list[Report] = []
    lab.start(paused=True)
    with (
        _summed_up(lab, reports),
        lab,
        screen.shown(screen.is_screen()) as show,
        contextlib.suppress(_Quit, keys.Closed),
    ):
        look = _looking(lab, steering, show)
        if items is not None:
            reports.append(lab.run(items, seconds or limits.RUN_TIME, look))
        else:
            end = seconds and time.monotonic() + seconds
            while not end or time.monotonic() < end:
                look()
    short = items is not None and not (reports and reports[0].finished)
    return int(short or bool(lab.snapshot().faults))


def attach(name: str) -> int:
    """Show the lab or ring called `name` until it ends or the user quits. Return 0. Raises as `Observer` does."""
    with AttachedLab(name) as eye:
        with screen.shown(screen.is_screen()) as show, contextlib.suppress(keys.Closed):
            while not eye.ended:
                if "q" in show(TerminalPage(eye.snapshot(), eye.events, keys=f" {QUIT}")):
                    return 0
        print(f"{name} has ended.")
    return 0


def attach_to_ring(name: str) -> int:
    """Show the ring called `name` as a line of text, until it ends. Return 0. Raises the errors of `attach`."""
    file = open_unmapped(name)
    with contextlib.closing(file):
        while not over(file):
            screen.line(str(ring.look(file)))
    print(f"\n{name} has ended.")
    return 0


def _looking(lab: Lab, steering: Steering, show: screen.Show) -> Callable[[], Snapshot]:
    """Return a function that shows the lab and obeys the keys; the first call, after any item limit is set, resumes."""
    waiting = [True]

    def look() -> Snapshot:
        if waiting:
            waiting.clear()
            lab.resume()
        seen = lab.snapshot()
        note = steering.note or lab.blocked or lab.warning or ""
        steering.obey(show(TerminalPage(seen, lab.events, note, steering.keys, steering.marked(seen))), seen)
        if steering.quit:
            raise _Quit
        return seen

    return look


@contextlib.contextmanager
def _summed_up(lab: Lab, reports: list[Report]) -> Iterator[None]:
    """Print what went through at the end, whatever ended it: the report, or the last snapshot."""
    began = time.monotonic()
    try:
        yield
    finally:
        last = lab.snapshot()
        said = f"ended after {time.monotonic() - began:.2f} s: {last.produced:,} produced, {last.consumed:,} consumed"
        with contextlib.suppress(OSError):  # the terminal is gone
            print(reports[0] if reports else f"{said}, {last.faults_text}", flush=True)
