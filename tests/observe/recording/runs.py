"""Runs made by hand, and files of them."""

import random
from pathlib import Path
from typing import Any

from shmlab.memory import layout
from shmlab.observe.events import Event
from shmlab.observe.recording import Writing
from shmlab.observe.snapshot import Slots, Snapshot
from tests.views.notebook.scene import STRIDE, slots, snapshot, worker

LAB = {"title": "Three semaphores", "about": "semaphores, 8 slots, 1 producer, 1 consumer", "warning": ""}
MACHINE = {"processor": "a test"}
HEADER = bytes(range(256))


def wide(small: Slots) -> Slots:
    """The same slots, as far apart as in a segment."""
    whole = layout.slot_stride(8)
    parts = (small.raw[i * STRIDE : (i + 1) * STRIDE].ljust(whole, b"\0") for i in range(len(small)))
    return Slots(b"".join(parts), whole, 8)


def seen(seconds: float, states: list[int], **values: Any) -> Snapshot:
    """A snapshot that can be recorded."""
    usual = {"time": 100 + seconds, "slots": wide(slots(states)), "header": HEADER, "in_": 0, "out": 1}
    return snapshot(**usual | values)


def story(moments: int = 12, seed: int = 1) -> list[tuple[Snapshot, list[Event], str]]:
    """What a lab might go through: slots change, a producer joins and another goes, the buffer grows, it stops."""
    chance, found = random.Random(seed), []
    for n in range(moments):
        count = 8 if n < moments // 2 else 16
        workers = [worker(0, state="killed" if n > 6 else "producing", alive=n <= 6, items=n), worker(1, "consumer")]
        if 3 <= n < 9:
            workers.append(worker(2, achieved=n / 3, waits="empty", error=None if n < 8 else "ValueError: <b>&"))
        what = seen(
            n / 10,
            [chance.randrange(5) for _ in range(count)],
            strategy="unbounded",
            bounded=False,
            cap=64,
            workers=tuple(workers),
            variables={"in_": n, "out": -n} if n < 10 else {"in_": n},
            produced=n * 1000,
            latency_p50=None if n < 2 else 0.1,
            state="stopped" if n == moments - 1 else "running",
            consistent=bool(n % 5),
        )
        events = [Event(n / 10, "info", f"moment {n} ✓ \udc80"), Event(n / 10, "fault", "x")] if n % 3 == 0 else []
        found.append((what, events, f"said {n // 4}\n" * (n // 4)))
    return found


def recorded(moments: int = 12, end: str | None = "stopped", **header: Any) -> bytes:
    """The bytes of a recording of that story."""
    writing = Writing()
    lines = [writing.header(LAB | header, MACHINE), *(writing.moment(*what) for what in story(moments))]
    return b"".join(lines) + (writing.end(end) if end is not None else b"")


def file(folder: Path, data: bytes | None = None) -> Path:
    """A recording in a file."""
    path = folder / "run.jsonl"
    path.write_bytes(recorded() if data is None else data)
    return path
