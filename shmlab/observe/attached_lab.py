"""A lab that another program owns, as its owner sees it: rates, processor time, which workers are stalled or killed.

The observer reads what the workers write about themselves. What a worker cannot write (that it was killed, or how fast
it is) is measured here from outside, as the owner measures it. Nothing is changed, and no process is delayed.
"""

import os

from shmlab.observe.event_texts import EventWriter
from shmlab.observe.events import Event, EventLog
from shmlab.observe.guests import Guest, over as over
from shmlab.observe.metrics import Meter
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import FINAL, Measured, Snapshot


class AttachedLab:
    """Takes snapshots of the lab called `name`. Raises ArgumentError, SegmentNotFound, SegmentRefused, NoRoom."""

    def __init__(self, name: str) -> None:
        self._eye = Observer(name)
        self._log = EventLog()
        self._event_writer = EventWriter(self._log)
        self._known: dict[tuple[int, int], tuple[Guest, Meter]] = {}  # by row and pid
        # in another container, with this /dev/shm but other process numbers, the state of processes is unknown
        self._here = os.path.exists(f"/proc/{self._eye.segment.layout.owner_pid}")

    def snapshot(self) -> Snapshot:
        """Take a snapshot of the segment and its processes."""
        seen = self._eye.snapshot(self._measured)
        self._event_writer.tell(seen)
        return seen

    @property
    def events(self) -> list[Event]:
        """What has happened since this observer attached, oldest first."""
        return self._log.events

    @property
    def ended(self) -> bool:
        """Whether the lab is over."""
        return over(self._eye.segment)

    def close(self) -> None:
        """Close all descriptors."""
        for process, _ in self._known.values():
            process.close()
        self._eye.close()

    def __enter__(self) -> "AttachedLab":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _measured(self, row: int, pid: int, name: str, state: str, rate: float | None, items: int) -> Measured:
        known = self._known.get((row, pid))
        if known is None:
            process = Guest(self._eye.segment, row)
            if process.pid != pid or process.lives() is not True:
                process.close()
                gone = process.pid == pid and self._is_gone(pid, state)  # else another process has the row: next time
                return Measured(False, "killed") if gone else Measured(state not in FINAL, state)
            known = self._known[row, pid] = process, Meter()
            known[1].restart(items, process)
            self._log.note("info", f"{name} is process {pid}.")
        process, meter = known
        if process.look() and not process.end_handled.is_set():
            process.end_handled.set()
            how = "was killed" if process.returncode else "has ended"
            self._log.note("worker", f"{name} (pid {pid}) {how}.")
        return meter.measure(state, rate, items, process)

    def _is_gone(self, pid: int, state: str) -> bool:
        """Return whether a worker was killed before anyone looked: a starting one does not have its row's lock yet."""
        if state == "starting":
            return self._here and pid > 0 and not os.path.exists(f"/proc/{pid}")
        return state not in FINAL
