"""What an observer saw at one moment, as frozen data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

from shmlab.memory import layout as at
from shmlab.memory.item import SEQUENCE, SEQUENCE_BITS


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot: its state (a word of `layout.STATES`) and the item whose bytes it contains.

    `producer` is the row of the worker that made the item, `sequence` its number; both are -1 in
    memory that was never filled.
    """

    index: int
    state: str
    producer: int
    sequence: int
    payload: bytes


class Slots(Sequence[Slot]):
    """All slots of a snapshot, decoded from `raw` on demand.

    `states`, `producers` and `sequences` are lists with one number for each slot, for drawing; `stride` is the bytes
    from one slot to the next, `payload` the bytes of an item.
    """

    __slots__ = ("payload", "raw", "states", "stride", "tickets")

    def __init__(self, raw: bytes, stride: int, payload: int) -> None:
        self.raw, self.stride, self.payload = raw, stride, payload
        words, step = memoryview(raw).cast("Q"), stride // at.WORD
        self.states: list[int] = words[at.SLOT_STATE :: step].tolist()
        if max(self.states, default=0) >= len(at.STATES):  # damaged
            self.states = [state if state < len(at.STATES) else at.OVERWRITTEN for state in self.states]
        self.tickets: list[int] = words[at.SLOT_TICKET :: step].tolist()

    @property
    def producers(self) -> list[int]:
        """The row that made the item in each slot; -1 if there never was one."""
        return [(ticket >> SEQUENCE_BITS) - 1 for ticket in self.tickets]

    @property
    def sequences(self) -> list[int]:
        """The number of the item in each slot; -1 if there never was one."""
        return [ticket & SEQUENCE if ticket else -1 for ticket in self.tickets]

    def __len__(self) -> int:
        return len(self.states)

    @overload
    def __getitem__(self, index: int) -> Slot: ...
    @overload
    def __getitem__(self, index: slice) -> list[Slot]: ...
    def __getitem__(self, index: int | slice) -> Slot | list[Slot]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        start = i * self.stride + at.SLOT_PAYLOAD
        payload = self.raw[start : start + self.payload]
        ticket = self.tickets[i]
        sequence = ticket & SEQUENCE if ticket else -1
        return Slot(i, at.STATES[self.states[i]], (ticket >> SEQUENCE_BITS) - 1, sequence, payload)

    def __iter__(self) -> Iterator[Slot]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slots) and (self.raw, self.payload) == (other.raw, other.payload)

    __hash__ = None  # type: ignore[assignment]  # unhashable, like dictionaries and therefore snapshots

    @property
    def letters(self) -> str:
        """One letter for each slot: · empty, w being written, F full, r being read, X overwritten."""
        return "".join(at.LETTERS[state] for state in self.states)


FINAL = ("ended", "failed")  # states that are trusted without looking at the process


class Measured(NamedTuple):
    """What a row and its process show together: part of a `Worker`."""

    alive: bool
    state: str
    achieved: float = 0.0
    cpu: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of the lab.

    `rate` is the requested rate in items per second (None: as fast as possible), `achieved` the rate
    measured over the last seconds; `blocked` is seconds spent asleep on semaphores; `cpu` is the
    share of one processor; `holds` and `waits` name semaphores; `error` is the last line that
    a failed worker printed.
    """

    row: int
    name: str
    role: str
    pid: int
    alive: bool
    state: str
    rate: float | None
    pattern: str
    items: int
    blocked: float
    holds: str | None
    waits: str | None
    achieved: float = 0.0
    cpu: float = 0.0
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The segment at one moment.

    `consistent` says whether nothing moved while it was copied; even otherwise, an item in motion is
    never counted as lost. `died` counts items that were lost because a consumer was killed after
    dequeuing them. Times are seconds; `time` is the monotonic clock.
    `in_` and `out` are the slots of the next put and get, None if the protocol has none.
    """

    name: str
    strategy: str
    time: float
    state: str
    consistent: bool
    bounded: bool
    capacity: int
    cap: int
    cap_reached: bool
    size: int
    in_: int | None
    out: int | None
    variables: Mapping[str, int]
    semaphores: Mapping[str, int]
    slots: Slots
    workers: tuple[Worker, ...]
    produced: int
    consumed: int
    lost: int
    duplicated: int
    out_of_order: int
    corrupted: int
    overwritten: int
    empty_reads: int
    died: int = 0
    latency_p50: float | None
    latency_p99: float | None
    header: bytes = field(repr=False)

    @property
    def occupancy(self) -> int:
        """The number of slots that are not empty."""
        return len(self.slots) - self.slots.states.count(at.EMPTY)

    @property
    def faults(self) -> int:
        """The number of items that were lost, duplicated, damaged or out of order."""
        return self.lost + self.duplicated + self.out_of_order + self.corrupted

    @property
    def fields(self) -> tuple[tuple[int, int, str, str], ...]:
        """The words of the header: offset, length, name and value as text."""
        found = []
        for offset, name, value in at.header_words(self.header):
            text = f"{value:#x}" if name in ("magic", "checksum") else f"{value:,}" if name == "size" else str(value)
            found.append((offset, at.WORD, name, text))
        found.append((at.STRATEGY_AT, at.STRATEGY_BYTES, "strategy", self.strategy))
        return tuple(found)

    def worker(self, name: str) -> Worker:
        """Return the worker called `name`, such as "P0". Raises KeyError."""
        for worker in self.workers:
            if worker.name == name:
                return worker
        raise KeyError(f"no worker {name!r}; there are {', '.join(w.name for w in self.workers)}")

    def __str__(self) -> str:
        letters = self.slots.letters if len(self.slots) <= 64 else ""
        places = "".join(f" {k}={v}" for k, v in (("in", self.in_), ("out", self.out)) if v is not None)
        sems = " ".join(f"{name}={value}" for name, value in self.semaphores.items())
        parts = [
            f"{self.strategy} ({self.state}): {self.occupancy} of {self.capacity} slots full"
            + (f" [{letters}]" * bool(letters))
            + places,
            sems,
            f"{self.produced} produced, {self.consumed} consumed",
            self.faults_text,
            ", ".join(str(worker) for worker in self.workers),
        ]
        return " | ".join(part for part in parts if part)

    @property
    def faults_text(self) -> str:
        """The faults as words: "no faults", or the count of each kind."""
        kinds = {
            "lost": self.lost,
            "duplicated": self.duplicated,
            "out of order": self.out_of_order,
            "corrupted": self.corrupted,
        }
        faults = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count) or "no faults"
        return faults + (f", {self.died} died with a consumer" if self.died else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Snapshot):
    """How a run ended: the last snapshot, whether all items went through, and how long it took.

    `stuck` says why a run that is not `finished` ended: nothing moved any more (True), or the
    time was up (False).
    """

    finished: bool
    stuck: bool
    seconds: float

    def __str__(self) -> str:
        how = "finished" if self.finished else "stuck" if self.stuck else "out of time"
        return (
            f"{how} after {self.seconds:.2f} s: {self.produced} produced, {self.consumed} consumed, {self.faults_text}"
        )
