"""A recording as a trace that ui.perfetto.dev and chrome://tracing can open.

Each process has its own track, whose slices show what it was doing; buffer occupancy and the value of each
semaphore are counters, and events are marks. All of it is based on moments, about twenty a second: a state
shorter than the time between two moments may be missing, and slices begin and end at moments.

Source: Trace Event Format (JSON object format); of its events, X (complete), C (counter), i (instant), M are used.
"""

from typing import Any

from shmlab.observe.recording.reading import Recording
from shmlab.observe.snapshot import Snapshot

BUFFER = 1  # the process that counters and marks belong to: no worker has this number
Event = dict[str, Any]


def trace(recording: Recording) -> dict[str, Any]:
    """Return the recording as plain data; as JSON it is the file that those programs open."""
    named, events = _named(BUFFER, "buffer", 0), list[Event]()
    going: dict[tuple[str, int], tuple[str, float]] = {}  # what each process is doing, and since when
    values: dict[str, int] = {}
    known: set[int] = set()
    for moment in recording:
        present = {(worker.name, worker.pid): worker for worker in moment.snapshot.workers if worker.pid}
        for key in [key for key, (state, _) in going.items() if key not in present or present[key].state != state]:
            events.append(_slice(key, *going.pop(key), moment.seconds))
        for key, worker in present.items():
            if worker.pid not in known:
                known.add(worker.pid)
                named += _named(worker.pid, f"{worker.name} ({worker.role})", len(known))
            if worker.alive:
                going.setdefault(key, (worker.state, moment.seconds))
        for name, value in _counters(moment.snapshot).items():
            if values.get(name) != value:
                values[name] = value
                events.append(_event("C", name, BUFFER, moment.seconds, args={"value": value}))
        events += [_event("i", e.text, BUFFER, moment.seconds, cat=e.kind, s="g") for e in moment.news]
    events += [_slice(key, *doing, recording.seconds) for key, doing in going.items()]
    about = {**recording.machine, "lab": recording.lab["about"], "moments": len(recording)}
    return {
        "traceEvents": named + sorted(events, key=lambda event: int(event["ts"])),
        "displayTimeUnit": "ms",
        "otherData": about,
    }


def _counters(snapshot: Snapshot) -> dict[str, int]:
    return {
        "occupied slots": snapshot.occupancy,
        **{f"semaphore {name}": value for name, value in snapshot.semaphores.items()},
    }


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _event(kind: str, name: str, pid: int, seconds: float, **more: Any) -> Event:
    return {"name": name, "ph": kind, "ts": _microseconds(seconds), "pid": pid, "tid": pid, **more}


def _slice(key: tuple[str, int], state: str, since: float, until: float) -> Event:
    _, pid = key
    lasted = _microseconds(until) - _microseconds(since)
    return _event("X", state, pid, since, dur=lasted, cat="state")


def _named(pid: int, name: str, place: int) -> list[Event]:
    """Return the events that name a process and give its place in the display order."""
    return [
        _event("M", "process_name", pid, 0.0, args={"name": name}),
        _event("M", "process_sort_index", pid, 0.0, args={"sort_index": place}),
    ]
