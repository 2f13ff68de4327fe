"""Start, control, observe and stop a set of real processes on one segment.

The lab owns the segment: it creates it, gives every worker a row, writes settings there, and
unlinks everything at the end. It never maps the segment and never waits on a semaphore, so
no worker can block or crash the lab's own process.
"""

import contextlib
import signal
from dataclasses import replace
from os import PathLike, getpid
from threading import Lock, RLock

from shmlab.lab import create, settings
from shmlab.lab.run import Look, Trial, at_rest
from shmlab.lab.worker_pool import WorkerPool
from shmlab.memory import layout as at, limits
from shmlab.memory.errors import LabStopped
from shmlab.memory.segment import SegmentFile
from shmlab.observe.event_texts import EventWriter
from shmlab.observe.events import Event, EventLog
from shmlab.observe.recording.recorder import Recorder
from shmlab.observe.snapshot import Report, Snapshot, Worker
from shmlab.processes.at_exit import at_exit

GRACE = 0.5  # seconds that stop waits for items in transit before it kills


class Lab:
    """Producers and consumers, real processes, on one buffer in a real shared-memory segment.

    strategy: one of `strategies.names`; or pass your own `put` and `get`, and the variables they share, as
    `shared=dict(count=0, lock=Semaphore(1), full=Condition("lock"))`. Written as put(buf, item, me) and get(buf, me),
    they also get the number of their process. slots: 2 to 1,024. produce_rate, consume_rate: items per second of each
    worker, 0.1 to 100,000, or None for as fast as possible. pattern: "constant", "poisson" or "bursty". payload: bytes
    per item, 8 to 65,536. slow_motion: seconds that every protocol step takes, 0 to 2. repair: repair the state that a
    dead worker leaves as soon as it dies.

    Raises ArgumentError before anything is created; `start` raises NoRoom when /dev/shm is full.
    """

    def __init__(
        self,
        strategy: str = "semaphores",
        slots: int = 8,
        producers: int = 1,
        consumers: int = 1,
        produce_rate: float | None = 5,
        consume_rate: float | None = 4,
        *,
        pattern: str = "constant",
        payload: int = 8,
        put: object = None,
        get: object = None,
        shared: object = None,
        slow_motion: float = 0.0,
        repair: bool = True,
    ) -> None:
        protocol = (strategy, put, get, shared)
        numbers = (slots, producers, consumers, produce_rate, consume_rate, payload, slow_motion)
        self._settings = wanted = settings.check(*protocol, *numbers, pattern, repair)
        self.strategy, self.pattern = wanted.strategy, wanted.pattern
        self.slots, self.payload = wanted.slots, wanted.payload
        self._rates, self._slow_motion = dict(wanted.rates), wanted.slow_motion
        self._event_writer = EventWriter(log := EventLog())
        self._log, self._lock, self._looking, self._owner = log, RLock(), Lock(), 0
        self._segment: SegmentFile | None = None
        self._pool: WorkerPool | None = None
        self._last: Snapshot | None = None

    # --- life ------------------------------------------------------------------------------------

    def start(self, paused: bool = False) -> "Lab":
        """Create the segment and start the processes, `paused` if asked. Raises NoRoom, OSError; cleans up."""
        with self._lock:
            if self._segment:
                return self
            create.sweep()
            self._forget, self._owner = at_exit(self.stop), getpid()  # first: an interrupt may follow any line
            self._segment = file = create.publish(self.strategy, self.slots, self.payload)
            try:
                file.set_word(at.STATE, at.PAUSED if paused else at.RUNNING)
                file.set_word(at.STEP_TIME, int(self._slow_motion * 1e9))
                self._log.note("info", f"Segment {file.name} created: {file.layout.size:,} bytes, {self.slots} slots.")
                self._pool = WorkerPool(file, self.strategy, self._settings.functions, self._log, self._settings.repair)
                for role, count in self._settings.counts.items():
                    for _ in range(count):
                        self._pool.add(role, self._rates[role], self.pattern)
                self.snapshot()
            except BaseException:
                self.stop()
                raise
            return self

    def stop(self) -> None:
        """End all processes, keep the last snapshot, unlink everything. Idempotent; any thread may call it."""
        if getpid() != self._owner:  # never started, or a forked child, which must not stop its parent's lab
            return
        with self._lock:
            if not self._segment:
                return
            try:
                with contextlib.suppress(Exception):
                    self._segment.set_word(at.STATE, at.PAUSED)
                    self._alive().tell_all()
                    self._last = replace(at_rest(self.snapshot, 0 if self._slow_motion else GRACE), state="stopped")
                    self._segment.set_word(at.STATE, at.STOPPED)
                if self._pool:
                    self._pool.end()
            finally:
                file, self._segment = self._segment, None
                create.withdraw(file)
                self._forget()
                self._log.note("info", "Stopped: all processes ended, the segment is unlinked.")

    def __enter__(self) -> "Lab":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- steering --------------------------------------------------------------------------------

    def pause(self) -> None:
        """Pause every worker after its current item."""
        self._control(at.STATE, at.PAUSED, "Paused.")

    def resume(self) -> None:
        """Let the workers continue after `pause`."""
        self._control(at.STATE, at.RUNNING, "Resumed.")

    @property
    def slow_motion(self) -> float:
        """Seconds that every protocol step takes, 0 to 2; 0 is full speed."""
        return self._slow_motion

    @slow_motion.setter
    def slow_motion(self, seconds: float) -> None:
        self._slow_motion = limits.number(seconds, "slow_motion", *limits.SLOW_MOTION, "seconds")
        if self._segment:
            self._control(at.STEP_TIME, int(self._slow_motion * 1e9), f"Each step now takes {self._slow_motion:g} s.")

    def add_producer(self, rate: float | str | None = "same", pattern: str | None = None) -> Worker:
        """Start one more producer; `rate` and `pattern` default to the lab's. Raises ArgumentError, LabStopped."""
        return self._add_one(at.PRODUCER, rate, pattern)

    def add_consumer(self, rate: float | str | None = "same", pattern: str | None = None) -> Worker:
        """Start one more consumer; `rate` and `pattern` default to the lab's. Raises ArgumentError, LabStopped."""
        return self._add_one(at.CONSUMER, rate, pattern)

    def remove(self, worker: Worker | str | int) -> None:
        """Ask a worker to leave between two items, or after the item it waits for. A dead worker is only hidden."""
        self._alive().let_leave(self._alive().find(worker, dead_too=True))

    def kill(self, worker: Worker | str | int, holding: str | None = None, timeout: float = 5.0) -> bool:
        """Kill a worker with SIGKILL, wherever it is in its code.

        With `holding`, kill it only while it holds that lock (a semaphore that starts at 1): stop it, check, and
        kill it only inside the critical section. Returns False if that did not succeed within `timeout` seconds.
        """
        row = self._alive().find(worker)
        limits.number(timeout, "timeout", 0, 3600, "seconds")
        if holding is not None:
            limits.lock(holding, self._file().layout.semaphores)
        return self._alive().kill(row, holding, timeout)

    def repair(self) -> list[str]:
        """Repair what dead workers left: slots, variables, semaphores. Returns sentences that say what was done."""
        return self._alive().recovery.repair()

    @property
    def damaged(self) -> tuple[str, ...]:
        """The names of dead workers whose damage is not yet repaired."""
        return tuple(dead.name for dead in self._pool.recovery.dead.values()) if self._pool else ()

    @property
    def blocked(self) -> str | None:
        """Which worker delays a repair, and what to do about it; None if none does."""
        return self._pool.recovery.blocked if self._pool and self.damaged else None

    def stall(self, worker: Worker | str | int) -> None:
        """Stop a worker where it is (SIGSTOP); it keeps any lock it holds."""
        self._alive().send(self._alive().find(worker), signal.SIGSTOP, "is stalled")

    def unstall(self, worker: Worker | str | int) -> None:
        """Let a stalled worker continue (SIGCONT)."""
        self._alive().send(self._alive().find(worker), signal.SIGCONT, "goes on")

    def one_item(self, worker: Worker | str | int) -> None:
        """Make a worker produce or consume one item now, even while the lab is paused."""
        self._alive().order_one(self._alive().find(worker))

    def set_rate(self, worker: Worker | str | int, rate: float | None, pattern: str | None = None) -> None:
        """Change a worker's `rate`, in items per second (None: as fast as possible), and its `pattern`, if given."""
        pattern = pattern if pattern is None else limits.choice(pattern, "pattern", limits.PATTERNS)
        self._alive().set_rate(self._alive().find(worker), limits.rate(rate), pattern)

    @property
    def produce_rate(self) -> float | None:
        """Items per second of each producer; setting it changes all of them."""
        return self._rates[at.PRODUCER]

    @produce_rate.setter
    def produce_rate(self, rate: float | None) -> None:
        self._set_rates(at.PRODUCER, limits.rate(rate, "produce_rate"))

    @property
    def consume_rate(self) -> float | None:
        """Items per second of each consumer; setting it changes all of them."""
        return self._rates[at.CONSUMER]

    @consume_rate.setter
    def consume_rate(self, rate: float | None) -> None:
        self._set_rates(at.CONSUMER, limits.rate(rate, "consume_rate"))

    # --- watching --------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the lab has been started and not stopped."""
        return self._segment is not None

    @property
    def paused(self) -> bool:
        """Whether the lab is running but its workers are paused."""
        return self._segment is not None and self._segment.word(at.STATE) == at.PAUSED

    @property
    def name(self) -> str:
        """The segment's name, by which any process can attach. Raises LabStopped."""
        return self._file().name

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The worker processes, from a new snapshot."""
        return self.snapshot().workers

    @property
    def warning(self) -> str | None:
        """A sentence that says where the strategy is unsound for this number of processes, or None."""
        return self._settings.warning([w.role for w in self._last.workers if w.alive] if self._last else [])

    @property
    def events(self) -> list[Event]:
        """The events logged so far, oldest first."""
        return self._log.events

    @property
    def log(self) -> EventLog:
        """The event log; `log.csv()` returns it as a table."""
        return self._log

    @property
    def output(self) -> str:
        """What the workers printed: the last 64 KiB of each, in row order."""
        return self._pool.output() if self._pool else ""

    def snapshot(self) -> Snapshot:
        """Return the segment and processes now; after `stop`, the last ones. Raises LabStopped if never started."""
        if self._segment and (pool := self._pool):
            with self._looking, contextlib.suppress(OSError):  # stopped by another thread meanwhile
                self._last = pool.look()
                self._event_writer.tell(self._last)
        if not self._last:
            raise LabStopped("the lab was never started: call start(), or use it as `with Lab(...) as lab:`.")
        return self._last

    def run(self, items: int = 20_000, timeout: float = 30.0, look: Look | None = None) -> Report:
        """Send `items` through the buffer as fast as possible and report. Starts or resumes the lab if necessary.

        Ends when all items have arrived, when no item moves any more (`stuck`), or after `timeout` seconds. With
        `look`, which is called instead of `snapshot`, the workers keep their rates. Raises WorkerFailed.
        """
        limits.whole(items, "items", 1, 1 << 40)
        limits.number(timeout, "timeout", 0, 86_400, "seconds")
        if not self._segment:
            with self.start(paused=True):  # so that no producer makes an item before it has its quota
                return self.run(items, timeout, look)
        with Trial(self._alive(), self.snapshot(), items, paced=look is not None) as trial:
            return trial.report(look or self.snapshot, timeout)

    def record(self, file: str | PathLike[str]) -> Recorder:
        """Record the lab into `file`, for `labs.replay(file)`; see Recorder. Raises ArgumentError, LabStopped."""
        return Recorder(self, file)

    def __str__(self) -> str:
        return " | ".join(filter(None, (str(self.snapshot()), self.blocked))) if self._last else repr(self)

    def __repr__(self) -> str:
        return f"<Lab: {self._settings}>"

    # --- inside ----------------------------------------------------------------------------------

    def _add_one(self, role: int, rate: float | str | None, pattern: str | None) -> Worker:
        rate = self._rates[role] if rate == "same" else limits.rate(rate)
        pattern = self.pattern if pattern is None else limits.choice(pattern, "pattern", limits.PATTERNS)
        with self._lock:
            row = self._alive().add(role, rate, pattern)
            return next(w for w in self.snapshot().workers if w.row == row)

    def _set_rates(self, role: int, rate: float | None) -> None:
        self._rates[role] = rate
        if self._pool and self._segment:
            self._pool.set_rates(role, rate)

    def _control(self, offset: int, value: int, text: str) -> None:
        with self._lock:
            self._file().set_word(offset, value)
            self._alive().tell_all()
            self._log.note("command", text)

    def _file(self) -> SegmentFile:
        if not self._segment:
            raise LabStopped("the lab is not running: call start(), or use it as `with Lab(...) as lab:`.")
        return self._segment

    def _alive(self) -> WorkerPool:
        self._file()
        assert self._pool
        return self._pool
