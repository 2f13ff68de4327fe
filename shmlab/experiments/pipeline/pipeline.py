"""The owner of a pipeline: it creates the segments, starts, watches and ends the stages, and cleans up.

Like a lab, it never maps a segment and never waits on a semaphore. Between two stages lies one segment with the
textbook's three semaphores; the assembler gets what the compilers put, and the linker gets what the assembler puts.
"""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from shmlab import strategies
from shmlab.experiments.pipeline import stage_order as orders, tools
from shmlab.experiments.pipeline.pipeline_snapshot import Buffer, PipelineMoment, PipelineReport, buffer
from shmlab.experiments.pipeline.stage_order import Order
from shmlab.experiments.pipeline.stage_progress import StageProgress
from shmlab.lab import create
from shmlab.memory import layout as at, limits
from shmlab.memory.errors import ArgumentError
from shmlab.memory.rows import Row
from shmlab.memory.segment import SegmentFile
from shmlab.memory.waiting import until
from shmlab.observe.observer import Observer
from shmlab.processes import supervisor
from shmlab.processes.at_exit import at_exit
from shmlab.processes.scratch_folder import Scratch
from shmlab.processes.supervisor import Process

STAGES, COMPILERS, ROUNDS = (2, 3), (1, 8), (1, 1000)
LEAST_PAYLOAD = 32
LEAVE = 5.0  # seconds for a killed stage to be reaped
LOOK = 0.01  # seconds between two checks while waiting


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """The settings of a pipeline: see `pipeline.run`."""

    sources: tuple[str, ...]
    slots: int
    payload: int
    stages: int
    compilers: int
    rounds: int
    optimise: str
    slow_motion: float


def check(
    sources: object,
    slots: object = 8,
    payload: object = 256,
    stages: object = 2,
    compilers: object = 1,
    rounds: object = 1,
    optimise: object = "-O1",
    slow_motion: object = 0.0,
) -> PipelineSettings:
    """Return validated settings. Raises ArgumentError, which says what is allowed."""
    return PipelineSettings(
        tuple(tools.sources(sources)),
        limits.whole(slots, "slots", *limits.SLOTS),
        limits.whole(payload, "payload", LEAST_PAYLOAD, limits.PAYLOAD[1]),
        limits.whole(stages, "stages", *STAGES),
        limits.whole(compilers, "compilers", *COMPILERS),
        limits.whole(rounds, "rounds", *ROUNDS),
        limits.choice(optimise, "optimise", tools.LEVELS),
        limits.number(slow_motion, "slow_motion", *limits.SLOW_MOTION, "seconds"),
    )


class Pipeline:
    """Real processes in a row. Use it with `with`, or `start` and `stop` it; any thread may observe it."""

    def __init__(self, settings: PipelineSettings) -> None:
        self.settings = settings
        self._modules = tuple(Path(source).name for source in settings.sources)
        self._lock = threading.RLock()
        self._files: list[SegmentFile] = []
        self._eyes: list[Observer] = []
        self._names: list[dict[int, str]] = []
        self._progress: list[StageProgress] = []
        self._processes: list[Process] = []
        self._folder: Scratch | None = None
        self._began = 0.0
        self._closing = False
        self._last: PipelineMoment | None = None

    # --- life ------------------------------------------------------------------------------------

    def start(self) -> "Pipeline":
        """Create the segments and start the stages. Raises NoTools, NoRoom, OSError; then nothing is left behind."""
        with self._lock:
            if self._last or self._files:
                raise ArgumentError("a pipeline is started once: make a new one.")
            if absent := tools.missing():
                raise tools.NoTools(absent)
            create.sweep()
            self._began = time.monotonic()
            self._forget = at_exit(self.stop)
            try:
                for _ in range(self.settings.stages - 1):
                    file = create.publish(strategies.find("semaphores"), self.settings.slots, self.settings.payload)
                    self._files.append(file)
                    self._eyes.append(Observer(file))
                    self._names.append({})
                    file.set_word(at.STEP_TIME, int(self.settings.slow_motion * 1e9))
                self._folder = Scratch()
                self._start_stages()
            except BaseException:
                self.stop()
                raise
            return self

    def stop(self) -> None:
        """End all processes, keep the last moment, clean up. A second call has no effect."""
        with self._lock:
            if not self._files and not self._folder:
                return
            if len(self._processes) == len(self._progress) and self._progress:
                self._last = self.moment()
            self._closing = True
            for process in self._processes:
                process.signal(signal.SIGKILL)
            for process in self._processes:
                process.wait(LEAVE)
            files, self._files, self._eyes = self._files, [], []
            for file in files:
                create.withdraw(file)
            if self._folder:
                self._folder.close()
                self._folder = None
            self._forget()

    def __enter__(self) -> "Pipeline":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_stages(self) -> None:
        wanted, count = self.settings, len(self.settings.sources)
        total = count * wanted.rounds
        for number in range(wanted.compilers):
            mine = tuple(range(number, count, wanted.compilers))
            name = "cc" if wanted.compilers == 1 else f"cc{number}"
            self._start(orders.COMPILER, name, len(mine) * wanted.rounds, None, 0, mine)
        self._start(orders.ASSEMBLER, "as", total, 0, 1 if wanted.stages > 2 else None)
        if wanted.stages > 2:
            self._start(orders.LINKER, "ld", total, 1, None)

    def _start(
        self, kind: str, name: str, total: int, taken: int | None, given: int | None, mine: tuple[int, ...] = ()
    ) -> None:
        """Start one stage that gets from segment `taken` and puts into segment `given`."""
        wanted = self.settings
        assert self._folder
        order = Order(
            kind, wanted.sources, self._folder.path, wanted.optimise, wanted.rounds, mine, producers=wanted.compilers
        )
        ends: list[str] = []
        rows = []
        for index, role in ((taken, at.CONSUMER), (given, at.PRODUCER)):
            if index is None:
                ends += ["-", "0"]
            else:
                rows.append((index, self._row(index, role, name)))
                ends += [self._files[index].name, str(rows[-1][1])]
        names = [file.name for file in self._files]
        program = [sys.executable, "-u", "-P", "-m", "shmlab.experiments.pipeline.stage"]
        command = [*program, str(os.getpid()), order.text(), *ends, *names]
        tool = {orders.COMPILER: f"{tools.COMPILER} -S {wanted.optimise}", orders.ASSEMBLER: tools.ASSEMBLER}
        progress = StageProgress(kind, name, tool.get(kind, tools.COMPILER), self._modules, total, rows)
        process = supervisor.start(command, b"", progress.heard, lambda process: self._ended(progress, process))
        progress.pid = process.pid
        self._progress.append(progress)
        self._processes.append(process)
        for index, row in rows:
            Row(self._files[index], row).pid = process.pid

    def _row(self, index: int, role: int, name: str) -> int:
        """Claim a row of a segment for one more process; return its number."""
        file, row = self._files[index], len(self._names[index])
        one = Row(file, row)
        one.claim(role, row, rate=None)
        one.release()  # a stage is identified by its process
        file.set_word(at.ROWS_USED, row + 1)
        self._names[index][row] = name
        return row

    def _ended(self, progress: StageProgress, process: Process) -> None:
        """Record, on the watching thread, that a stage has ended; no stage ends by itself."""
        if not self._closing:
            code = process.returncode or 0
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
            progress.trouble = f"{progress.name} (pid {process.pid}) {how}"

    # --- watching --------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Return whether there are segments with processes attached."""
        return bool(self._files)

    def moment(self) -> PipelineMoment:
        """Return the current moment; after `stop`, the last one. Raises ArgumentError if it was never started."""
        with self._lock:
            if self._files and self._progress:
                self._last = self._look()
            if not self._last:
                raise ArgumentError("the pipeline was never started: use it as `with Pipeline(...) as pipeline:`.")
            return self._last

    def _look(self) -> PipelineMoment:
        snapshots = [eye.snapshot() for eye in self._eyes]
        stages = tuple(p.stage(snapshots) for p in self._progress)
        trouble = next((p.trouble for p in self._progress if p.trouble), "")
        over = all(p.over for p in self._progress)
        state = "failed" if trouble else "finished" if over else "running"
        buffers: list[Buffer] = [buffer(s, n) for s, n in zip(snapshots, self._names, strict=True)]
        return PipelineMoment(
            time=time.monotonic() - self._began,
            state=state,
            stages=stages,
            buffers=tuple(buffers),
            modules=self._modules,
            output="".join(p.output for p in self._progress),
            words="".join(p.words for p in self._progress),
            trouble=trouble,
        )

    def wait(self, timeout: float = 60.0) -> PipelineReport:
        """Wait until it is done or has failed, or `timeout` seconds have passed; then stop it and report."""
        until(lambda: not self.running or self.moment().state != "running", timeout, LOOK)
        self.stop()
        return self.report()

    def report(self) -> PipelineReport:
        """Return the report of the run so far."""
        moment = self.moment()
        begun = sorted(time for p in self._progress if p.kind == orders.COMPILER for time in p.begins)
        made = sorted(time for p in self._progress if p.kind == orders.ASSEMBLER for time in p.ends)
        last = max((p.ends[-1] for p in self._progress if p.ends), default=0.0)
        late = "it was not done in time" if moment.state == "running" else ""
        return PipelineReport(
            stages=moment.stages,
            seconds=max(0.0, last - begun[0]) if begun else 0.0,
            ahead=sum(following < done for following, done in zip(begun[1:], made, strict=False)),
            pieces=sum(b.consumed for b in moment.buffers),
            faults=sum(b.faults for b in moment.buffers),
            output=moment.output,
            processors=len(os.sched_getaffinity(0)),
            trouble=moment.trouble or late,
        )
