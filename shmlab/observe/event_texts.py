"""Describe what happens in a lab in sentences, by comparing each snapshot with the previous one."""

from shmlab.observe.events import EventLog
from shmlab.observe.snapshot import Snapshot, Worker

PAUSE = 1.0  # seconds between two sentences about the same kind of fault
PATIENCE = 1.0  # seconds that a worker must wait before it is reported
DEAD = " and will never release: it is dead"
FAULTS = {
    "lost": "lost",
    "duplicated": "consumed twice",
    "out_of_order": "out of order",
    "corrupted": "damaged",
}


class EventWriter:
    """Writes to `log` what a snapshot shows that the previous one did not."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._told = dict.fromkeys(FAULTS, 0)
        self._next = dict.fromkeys(FAULTS, 0.0)
        self._capacity = 0
        self._cap_reached = False
        self._waiting: dict[str, tuple[str, float, bool]] = {}  # by worker: for what, since when, reported?

    def tell(self, now: Snapshot) -> None:
        """Log what is new in snapshot `now`."""
        self._faults(now)
        self._growth(now)
        for worker in now.workers:
            if worker.waits or self._waiting:
                self._wait(worker, now)

    def _faults(self, now: Snapshot) -> None:
        for kind, words in FAULTS.items():
            count = getattr(now, kind)
            if count > self._told[kind] and now.time >= self._next[kind]:
                more = count - self._told[kind]
                total = f" ({count:,} in all)" if self._told[kind] else ""
                self._log.note("fault", f"{more:,} item{'s' * (more != 1)} {words}{total}.")
                self._next[kind] = now.time + PAUSE
                self._told[kind] = count

    def _growth(self, now: Snapshot) -> None:
        if self._capacity and now.capacity > self._capacity:
            self._log.note("info", f"The buffer grew from {self._capacity:,} to {now.capacity:,} slots.")
        self._capacity = now.capacity
        if now.cap_reached and not self._cap_reached:
            self._log.note("fault", f"The buffer may not grow beyond {now.capacity:,} slots: producers wait outside.")
        self._cap_reached = now.cap_reached

    def _wait(self, worker: Worker, now: Snapshot) -> None:
        wanted = worker.waits if worker.alive else None
        was, since, told = self._waiting.get(worker.name, ("", 0.0, False))
        if wanted is None:
            self._waiting.pop(worker.name, None)
        elif wanted != was:
            self._waiting[worker.name] = (wanted, now.time, False)
        elif not told and now.time - since > PATIENCE:
            self._waiting[worker.name] = (wanted, since, True)
            holder = next((w for w in now.workers if w.holds == wanted), None)
            dead = holder is not None and not holder.alive
            held = f", which {holder.name} holds" if holder else ""
            self._log.note("fault" if dead else "info", f"{worker.name} waits for {wanted}{held}{DEAD * dead}.")
