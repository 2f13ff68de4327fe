"""The state of a pipeline at one moment: frozen data, the same whether it is live or was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from shmlab.experiments.pipeline.pieces import unpack
from shmlab.memory import layout as at
from shmlab.observe.snapshot import Snapshot

MOST_NUMBERS = 16  # bytes of an object module that are shown


@dataclass(frozen=True, slots=True)
class PipelineStage:
    """One process. `state` is what it does, `module` the file that it works on; `done` of `total` modules are done.

    `made` counts bytes that it produced, `cpu` processor seconds of its tool, `blocked` seconds asleep on semaphores,
    `busy` seconds from the start of its first module to the end of its last.
    """

    kind: str
    name: str
    tool: str
    pid: int
    state: str
    module: str
    done: int
    total: int
    made: int
    cpu: float
    blocked: float
    busy: float

    @property
    def rate(self) -> float:
        """Return the modules per second so far."""
        return self.done / self.busy if self.busy > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Named:
    """A process as the drawing of a buffer refers to it."""

    row: int
    name: str


@dataclass(frozen=True, slots=True)
class PipelineSlots:
    """The slots: state (see `layout.STATES`), producer's row and item number of each, as in `snapshot.Slots`."""

    states: Sequence[int]
    producers: Sequence[int]
    sequences: Sequence[int]

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True)
class Buffer:
    """One segment. It can be drawn wherever a `Snapshot` can. `module` and `text` are of the next item to dequeue."""

    name: str
    capacity: int
    in_: int
    out: int
    produced: int
    consumed: int
    faults: int
    slots: PipelineSlots
    workers: Sequence[Named]
    module: int
    text: str
    bounded: bool = True
    cap_reached: bool = False

    @property
    def occupancy(self) -> int:
        """Return how many slots are not empty."""
        return len(self.slots) - list(self.slots.states).count(at.EMPTY)

    @property
    def letters(self) -> str:
        """Return one letter for each slot."""
        return "".join(at.LETTERS[state] for state in self.slots.states)


def buffer(snapshot: Snapshot, names: dict[int, str]) -> Buffer:
    """Return a segment as an observer saw it; `names` maps rows to names of processes."""
    out, slots = snapshot.out or 0, snapshot.slots
    piece = unpack(slots[out].payload) if slots.states[out] != at.EMPTY else None
    return Buffer(
        name=snapshot.name,
        capacity=snapshot.capacity,
        in_=snapshot.in_ or 0,
        out=out,
        produced=snapshot.produced,
        consumed=snapshot.consumed,
        faults=snapshot.faults,
        slots=PipelineSlots(slots.states, slots.producers, slots.sequences),
        workers=tuple(Named(row, name) for row, name in names.items()),
        module=piece.module if piece else -1,
        text=shown(piece.text) if piece else "",
    )


def shown(data: bytes) -> str:
    """Return assembly text as it is; the beginning of an object module in hexadecimal."""
    return data.decode("ascii") if data.isascii() and b"\0" not in data else data[:MOST_NUMBERS].hex(" ")


@dataclass(frozen=True, slots=True)
class PipelineMoment:
    """The pipeline at one moment, `time` seconds after its start. `state` is running, finished, failed or stopped.

    `modules` are the names of the C files by number; `output` is what the finished program printed; `words` the tools'
    output, `trouble` why it failed; `recorded` says where it was recorded, and is empty for a live run.
    """

    time: float
    state: str
    stages: tuple[PipelineStage, ...]
    buffers: tuple[Buffer, ...]
    modules: tuple[str, ...]
    output: str = ""
    words: str = ""
    trouble: str = ""
    recorded: str = ""

    def __str__(self) -> str:
        parts = [f"{self.state}{' (recorded)' if self.recorded else ''}"]
        for stage in self.stages:
            file = f" {stage.module}" if stage.module else ""
            parts.append(f"{stage.name}: {stage.state}{file}, {stage.done} of {stage.total}")
        parts += [f"{b.occupancy} of {b.capacity} slots full [{b.letters}]" for b in self.buffers]
        return " | ".join([*parts, self.trouble] if self.trouble else parts)


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """The result of a pipeline run. `seconds` are from the start of the first file until the last module was made.

    `ahead`: how many files the compiler began before the assembler was done with the one before. `processors` are
    those that it could use; `recorded` as in a `PipelineMoment`.
    """

    stages: tuple[PipelineStage, ...]
    seconds: float
    ahead: int
    pieces: int
    faults: int
    output: str
    processors: int
    trouble: str = ""
    recorded: str = ""

    @property
    def tools(self) -> dict[str, float]:
        """Return the processor seconds of each kind of tool: the time the work would take sequentially."""
        used: dict[str, float] = {}
        for stage in self.stages:
            used[stage.kind] = used.get(stage.kind, 0.0) + stage.cpu
        return used

    @property
    def work(self) -> float:
        """Return the processor seconds of all tools."""
        return sum(self.tools.values())

    def __str__(self) -> str:
        lines = [f"RECORDED, not run here: {self.recorded}"] * bool(self.recorded)
        for stage in self.stages:
            lines.append(
                f"{stage.name:10}  {stage.done:3} modules, {stage.made:7,} bytes, {stage.rate:5.1f} a second; "
                f"`{stage.tool}` took {stage.cpu:.2f} s of processor time; asleep {stage.blocked:.2f} s"
            )
        ended = f"failed: {self.trouble}" if self.trouble else f"{self.seconds:.2f} s"
        faults = "no faults" if not self.faults else f"{self.faults} faults"
        lines.append(f"together    {ended}, {self.pieces:,} pieces, {faults}, {self.processors} processors")
        return "\n".join(lines)
