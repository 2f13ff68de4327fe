"""A lab that another program owns, as its owner sees it: rates, processor time, who is stalled, who was killed.

The observer reads what the workers write about themselves. What a worker cannot write, that it was killed or how fast
it is, is measured here from outside, as the owner measures it. Nothing is changed, and nobody is delayed.
"""

import os
from dataclasses import replace

from shmlab import guests
from shmlab import layout as at
from shmlab.log import Event, Log
from shmlab.meter import Meter
from shmlab.narrator import Narrator
from shmlab.observer import Observer
from shmlab.segment import SegmentFile, owner_is_dead
from shmlab.snapshot import Snapshot, Worker

FINAL = ("ended", "failed")  # a row that says this of itself needs no process to be believed


def over(file: SegmentFile) -> bool:
    """Whether a lab or ring is over: stopped, its owner dead, or its name gone, which a dead owner's workers see to."""
    stopped = file.word(at.STATE) == at.STOPPED
    return stopped or os.fstat(file.fd).st_nlink == 0 or owner_is_dead(file.name)


class Onlooker:
    """Takes snapshots of a lab by its name. Raises ArgumentError, SegmentNotFound, SegmentRefused, NoRoom."""

    def __init__(self, name: str) -> None:
        self._eye = Observer(name)
        self._log = Log()
        self._narrator = Narrator(self._log)
        self._known: dict[tuple[int, int], tuple[guests.Guest, Meter]] = {}  # by row and pid
        # in another container, with this /dev/shm but other process numbers, nothing can be said of processes
        self._here = os.path.exists(f"/proc/{self._eye.segment.layout.owner_pid}")

    def snapshot(self) -> Snapshot:
        """The segment and its processes now."""
        seen = self._eye.snapshot()
        seen = replace(seen, workers=tuple(map(self._measured, seen.workers)))
        self._narrator.tell(seen)
        return seen

    @property
    def events(self) -> list[Event]:
        """What happened since one looks on, oldest first."""
        return self._log.events

    @property
    def ended(self) -> bool:
        """Whether the lab is over."""
        return over(self._eye.segment)

    def close(self) -> None:
        """Give all descriptors back."""
        for process, _ in self._known.values():
            process.close()
        self._eye.close()

    def __enter__(self) -> "Onlooker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _measured(self, worker: Worker) -> Worker:
        known = self._known.get((worker.row, worker.pid))
        if known is None:
            process = guests.welcome(self._eye.segment, worker.row)
            if process and process.pid != worker.pid:  # the row has been given to another meanwhile: next time
                process.close()
                return worker
            if process is None:
                expected = self._here and worker.pid and worker.state not in FINAL
                gone = expected and not os.path.exists(f"/proc/{worker.pid}")
                return replace(worker, state="killed", alive=False) if gone else worker
            known = self._known[worker.row, worker.pid] = process, Meter()
            known[1].restart(worker.items, process)
            self._log.note("info", f"{worker.name} is process {worker.pid}.")
        process, meter = known
        if process.wait(0) and not process.mourned.is_set():
            process.mourned.set()
            how = "was killed" if process.returncode else "has ended"
            self._log.note("worker", f"{worker.name} (pid {worker.pid}) {how}.")
        return meter.measure(worker, process)
