"""Labs for notebooks: one line in a cell starts real processes on a real segment and shows them at work.

Each place in a notebook has one lab: running a cell again closes what it showed before, with all its processes,
widgets and threads. Each view is imported only when it is needed, so a recorded run also works where nothing else does.
"""

from __future__ import annotations

import atexit
import itertools
import sys
from collections.abc import Callable, Iterable
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

if TYPE_CHECKING:
    import os

    from shmlab.explorer.report.goal import Asked
    from shmlab.explorer.report.question import Found
    from shmlab.explorer.search.search import Progress
    from shmlab.views.notebook.address_spaces import AddressSpaces
    from shmlab.views.notebook.comparison_view import LiveComparison
    from shmlab.views.notebook.lecture_view import Lecture
    from shmlab.views.notebook.live import LiveLab
    from shmlab.views.notebook.pipeline_view import LivePipeline
    from shmlab.views.notebook.queueing_view import LiveQueueing
    from shmlab.views.notebook.replay_view import ReplayedLab
    from shmlab.views.notebook.segment_board import SegmentBoard
    from shmlab.views.notebook.stepper import Stepper
    from shmlab.views.notebook.tables import AccessTable, CallsTable

FPS = (1, 60)

Shown = TypeVar("Shown")
_open: dict[object, list[tuple[object, Any]]] = {}  # place -> (execution, what is shown there)
_executions = itertools.count()


def live(
    strategy: str = "semaphores",
    slots: int = 8,
    producers: int = 1,
    consumers: int = 1,
    produce_rate: float | None = 5,
    consume_rate: float | None = 4,
    pattern: str = "constant",
    payload: int = 8,
    put: Callable[..., Any] | None = None,
    get: Callable[..., Any] | None = None,
    shared: Any = None,
    slow_motion: float = 0.0,
    repair: bool = True,
    scenario: str | None = None,
    fps: int = 30,
) -> LiveLab:
    """Start a lab and show its slots, processes, semaphores and event log.

    strategy: a name from `shmlab.strategies.names`; pass `put`, `get`, `shared` instead to use your own protocol.
    slots: 2 to 1,024. producers, consumers: how many processes to start with.
    produce_rate, consume_rate: items per second for each worker, 0.1 to 100,000; None: as fast as possible.
    pattern: "constant", "poisson" or "bursty". payload: bytes per item, 8 to 65,536.
    slow_motion: seconds that each step of the protocol takes, 0 to 2. repair: repair the state left by a killed
    process at once; without it the view has a button.
    scenario: a name from `shmlab.scenarios.scenarios`; its settings replace the ones above.
    fps: frames per second to aim for, 1 to 60; fewer are drawn if the browser cannot keep up.

    The result displays itself as the last line of a cell. Its `lab` is the `shmlab.Lab`; `print(live)` prints its state
    on one line; `close()` ends it. Raises ArgumentError before anything is started.
    """
    from shmlab.lab import scenarios
    from shmlab.views.notebook.live import LiveLab

    limits.whole(fps, "fps", *FPS)
    if scenario is not None:
        limits.choice(scenario, "scenario", tuple(scenarios.scenarios))
    settings = {
        "strategy": strategy,
        "slots": slots,
        "producers": producers,
        "consumers": consumers,
        "produce_rate": produce_rate,
        "consume_rate": consume_rate,
        "pattern": pattern,
        "payload": payload,
        "put": put,
        "get": get,
        "shared": shared,
        "slow_motion": slow_motion,
        "repair": repair,
    }
    return _placed(sys._getframe(1), lambda: LiveLab(settings, fps, scenario))


def replay(file: str | os.PathLike[str], speed: float = 1.0) -> ReplayedLab:
    """Show a recorded run (`lab.record(file)`) in the view of the live lab. No process is started.

    speed: how many recorded seconds are played per second, 0.01 to 100.

    The result displays itself as the last line of a cell: play, pause, speed, and a time slider. `seek(seconds)` jumps
    to a time, `print` tells what is shown there; `close()` ends it. It needs no shared memory, so it works on any
    system. Raises RecordingRefused for a file that is damaged, of another version or no recording, ArgumentError.
    """
    from shmlab.observe import recording
    from shmlab.views.notebook.replay_view import ReplayedLab

    limits.number(speed, "speed", 0.01, 100, "times")
    run = recording.read(file)
    return _placed(sys._getframe(1), lambda: ReplayedLab(run, float(speed)))


def stepper(
    program: object,
    get: object = None,
    *,
    goal: Asked | None = None,
    schedule: str = "",
    real: bool = False,
    title: str = "",
    **asked: Any,
) -> Stepper:
    """Be the scheduler: let one process at a time take one step, on the model or on real processes.

    program, get and `asked` are the arguments of `shmlab.explore` that specify the program: capacity, producers,
    consumers, items, shared, invariant, final, buffer, memory, ... Alternatively, program is a verdict of `explore`.
    goal: what to reach: a fault ("empty-read", "lost", "deadlock", ...), a function of the memory, or (sentence, one of
    these); without one, anything that goes wrong. schedule: planned steps, such as "PPCCP". real: start with
    real processes; the view also has a switch. title: a heading.

    The result displays itself as the last line of a cell; `print(stepper)` prints its state on one line; `close()` ends
    it. Raises ArgumentError and the errors of `shmlab.explore` before anything is started.
    """
    from shmlab.explorer.model import schedules
    from shmlab.explorer.report import question
    from shmlab.explorer.report.goal import Goal
    from shmlab.explorer.report.stepping import Stepping
    from shmlab.explorer.report.verdict import Verdict
    from shmlab.views.notebook.stepper import Stepper

    wanted, real = None if goal is None else Goal(goal), limits.yes_or_no(real, "real")
    if not isinstance(title, str):
        raise ArgumentError(f"title must be text, not {title!r}.")
    if isinstance(program, Verdict):
        if asked or get is not None:
            raise ArgumentError("a verdict knows its program: leave out get and the other arguments.")
        known = question.found(program)
        system, ahead = known.system, known.schedule
    else:
        for name in asked:
            limits.choice(name, "an argument of stepper", tuple(signature(question.of).parameters)[2:])
        ask = question.of(program, get, **asked)
        system, ahead = ask.system(watched=wanted is None or wanted.watched), []

    def find(progress: Progress) -> Found:
        return known if isinstance(program, Verdict) else ask.find(wanted, progress)

    if system.actors > 2 * system.size:
        raise ArgumentError("memory='weak' is for explore() alone, whose verdict has show(): take memory='tso' here.")
    if system.buffered and real:
        raise ArgumentError("nobody can tell a real store buffer when to drain: memory='tso' is for the model alone.")
    if schedule != "":
        ahead = schedules.parse(schedule, system.names[: system.size], known=system.words)

    stepping = Stepping(system, wanted)
    stepping.plan = ahead
    return _placed(sys._getframe(1), lambda: Stepper(stepping, find, title, real))


def pipeline(sources: str, slow_motion: float = 0.02, **asked: Any) -> LivePipeline:
    """Run a compiler and an assembler on all C files of a folder, with a bounded buffer between them, and show them.

    sources: the folder. slow_motion: seconds that each step of the protocol takes, 0 to 2. `asked` are the other
    arguments of `shmlab.experiments.pipeline.run`: slots, payload, stages (3: with a separate linker), compilers, ...

    The result displays itself as the last line of a cell; `print` it for its state on one line; `close()` ends it.
    Without a compiler, a recorded run is shown and labelled as such. Raises ArgumentError before anything is started.
    """
    from shmlab.experiments.pipeline import checked
    from shmlab.views.notebook.pipeline_view import LivePipeline

    settings = checked(sources, slow_motion=slow_motion, **asked)
    return _placed(sys._getframe(1), lambda: LivePipeline(settings))


def queueing(slots: int = 8, seconds: float = 11.0) -> LiveQueueing:
    """Measure how full a buffer is against produce rate / consume rate, and plot it beside queueing theory (M/M/1/K).

    slots: 2 to 64. seconds: approximate time for the whole measurement, 1 to 600.

    The result displays itself as the last line of a cell and fills in; `wait()` returns the figures, `close()` ends it.
    Raises ArgumentError before anything is started.
    """
    from shmlab.views.notebook.queueing_view import LiveQueueing

    return _placed(sys._getframe(1), lambda: LiveQueueing(slots, seconds))


def compare(
    ways: Iterable[str] | None = None,
    sizes: Iterable[int] | None = None,
    between: Iterable[tuple[int, int]] | None = None,
    rounds: int | None = None,
    seconds: float | None = None,
    quick: bool = False,
) -> LiveComparison:
    """Measure shared memory against pipes, sockets and queues, while a chart and a table fill in.

    The arguments are those of `shmlab.compare`. The page stays responsive meanwhile.

    The result displays itself as the last line of a cell; `wait()` returns the `Comparison`, `close()` ends it.
    Raises ArgumentError before anything is started.
    """
    from shmlab.experiments.comparison import planned
    from shmlab.views.notebook.comparison_view import LiveComparison

    plan = planned(ways, sizes, between, rounds, seconds, quick)
    return _placed(sys._getframe(1), lambda: LiveComparison(plan))


def lecture() -> Lecture:
    """Show a 45-minute lecture: a button for each station, its question in large letters, and a live demonstration."""
    from shmlab.views.notebook.lecture_view import Lecture

    return _placed(sys._getframe(1), Lecture)


def maps() -> AddressSpaces:
    """Show two processes, A and B, and their address spaces side by side, from /proc/PID/maps.

    `own_page`, `store` and `load` have one of them use an address; the picture is updated.
    """
    from shmlab.views.notebook.address_spaces import AddressSpaces

    return _placed(sys._getframe(1), AddressSpaces)


def lifecycle() -> SegmentBoard:
    """Show two processes, A and B, that create, attach, use, detach and unlink one segment, by buttons or code."""
    from shmlab.views.notebook.segment_board import SegmentBoard

    return _placed(sys._getframe(1), SegmentBoard)


def access() -> AccessTable:
    """Let real users try to attach a segment in each mode, and show which of them succeeded."""
    from shmlab.experiments.exhibits.access import try_access
    from shmlab.views.notebook.tables import AccessTable

    return _placed(sys._getframe(1), lambda: AccessTable(try_access()))


def calls() -> CallsTable:
    """Count the system calls of two processes that share memory, and that use a pipe instead. Takes about a second."""
    from shmlab.experiments.exhibits.calls import count_calls
    from shmlab.views.notebook.tables import CallsTable

    return _placed(sys._getframe(1), lambda: CallsTable(count_calls()))


def _placed(caller: Any, make: Callable[[], Shown]) -> Shown:
    """Return what `make` returns, registered at the place of the call; close what earlier runs of this place showed."""
    place, execution = _where(caller)
    for earlier, old in _open.pop(place, []):
        if earlier == execution:
            _open.setdefault(place, []).append((earlier, old))  # another lab from the same run of this cell
        else:
            old.close()
    shown = make()
    _open.setdefault(place, []).append((execution, shown))
    return shown


def close() -> None:
    """Close everything that is open."""
    while _open:
        _, shown = _open.popitem()
        for _, old in shown:
            old.close()


def _where(caller: Any) -> tuple[object, object]:
    """Return the place of the call, and which run of that place this is.

    JupyterLab names the cell in the request that runs it; elsewhere a place is a file and a line.
    """
    line = (caller.f_code.co_filename, caller.f_lineno)
    try:
        from IPython.core.getipython import get_ipython

        request: dict[str, Any] = get_ipython().kernel.get_parent("shell")  # type: ignore[union-attr]
        run = request["header"]["msg_id"]
        cell = request.get("metadata", {}).get("cellId")
    except (AttributeError, KeyError, ImportError, LookupError):
        return line, next(_executions)
    return (cell or line), run


atexit.register(close)
