"""What is to be measured, and in which order.

Rounds are the outermost loop, so that a comparison that is ended early has some figures for everything, and other load
on the machine affects all ways alike. Within a round, all ways carry items of one size before the next size.
"""

from dataclasses import asdict, dataclass

from shmlab.experiments.comparison import call_count, ways as all_ways
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

SIZES = (8, 64, 4096, 65_536, 1 << 20, 16 << 20)  # bytes
QUICK_SIZES = (8, 4096, 1 << 20)
BETWEEN = ((1, 1), (2, 2))
SIZE = (1, 64 << 20)
PROCESSES = (1, 8)  # producers, and consumers
ROUNDS = (1, 100)
SECONDS = (0.5, 3600.0)
THROUGHPUT, CALLS, TRIP = "throughput", "system calls", "round trip"
TRACED = 1 << 20  # bytes; above that, counting system calls takes long and tells nothing new
SHARE = 0.35  # fraction of a task's time spent measuring; the rest starts processes and warms up
TIME = (0.004, 2.0)  # seconds, at least and at most, of one measurement


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing to measure: `kind` is THROUGHPUT, CALLS or TRIP; `size` in bytes."""

    kind: str
    way: str
    size: int
    producers: int
    consumers: int
    round: int

    @property
    def unit(self) -> int:
        """Return the smallest number of items that lets every producer give every consumer the same number."""
        return self.producers * self.consumers


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be measured. `seconds` is for the whole plan; `work` names a module (see `bench`)."""

    ways: tuple[str, ...]
    sizes: tuple[int, ...]
    between: tuple[tuple[int, int], ...]
    rounds: int
    seconds: float
    calls: bool = True
    trips: bool = True
    work: str = ""

    def tasks(self) -> list[Measurement]:
        """Return all tasks in order, without those of ways that are not installed or refuse them."""
        found = []
        present = {name: way for name in self.ways if not (way := all_ways.find(name)).missing()}
        for turn in range(self.rounds):
            for producers, consumers in self.between:
                for size in self.sizes:
                    able = [n for n, way in present.items() if not way.refuses(size, producers, consumers)]
                    alone = (producers, consumers) == (1, 1)
                    found += [Measurement(THROUGHPUT, name, size, producers, consumers, turn) for name in able]
                    if self.counts_calls and alone and turn == 0 and size <= TRACED:
                        found += [Measurement(CALLS, name, size, 1, 1, turn) for name in able]
            if self.trips:
                size = min(self.sizes)
                able = [n for n, way in present.items() if way.trips and not way.refuses(size, 1, 1)]
                found += [Measurement(TRIP, name, size, 1, 1, turn) for name in able]
        return found

    @property
    def counts_calls(self) -> bool:
        """Return whether system calls are counted: only where the machine supports it."""
        return self.calls and not call_count.missing()

    def time(self) -> float:
        """Return the seconds of one measurement, chosen so that all of them fit into the total time."""
        least, most = TIME
        return min(most, max(least, SHARE * self.seconds / max(1, len(self.tasks()))))

    def absent(self) -> dict[str, str]:
        """Return the ways that are not installed, each with a sentence."""
        return {name: missing for name in self.ways if (missing := all_ways.find(name).missing())}

    def plain(self) -> dict[str, object]:
        """Return the plan as numbers, strings and lists."""
        return asdict(self)


def read(plain: dict[str, object]) -> Plan:
    """Return the plan that `plain` describes."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    values["between"] = tuple(tuple(pair) for pair in plain["between"])  # type: ignore[attr-defined]
    return Plan(**values)  # type: ignore[arg-type]


def planned(
    ways: object = None,
    sizes: object = None,
    between: object = None,
    rounds: object = None,
    seconds: object = None,
    quick: bool = False,
) -> Plan:
    """Return a plan from unchecked arguments. Raises ArgumentError, which says what is allowed."""
    chosen = _several(ways, "ways", "names", all_ways.names)
    bytes_each = _several(sizes, "sizes", "numbers of bytes", QUICK_SIZES if quick else SIZES)
    pairs = _several(between, "between", "pairs such as (1, 1) or (2, 2)", BETWEEN[:1] if quick else BETWEEN)
    for name in chosen:
        all_ways.find(name)
    return Plan(
        tuple(dict.fromkeys(str(name) for name in chosen)),
        tuple(sorted({limits.whole(size, "a size", *SIZE) for size in bytes_each})),
        tuple(dict.fromkeys(_pair(pair) for pair in pairs)),
        limits.whole(3 if rounds is None else rounds, "rounds", *ROUNDS),
        limits.number((7.0 if quick else 50.0) if seconds is None else seconds, "seconds", *SECONDS, "seconds"),
    )


def _several(value: object, name: str, what: str, usual: tuple[object, ...]) -> tuple[object, ...]:
    if value is None:
        return usual
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise ArgumentError(f"{name} must be a list of {what}, not {value!r}.")
    found = tuple(value)
    if not found:
        raise ArgumentError(f"{name} must be a list of {what}; this one is empty.")
    return found


def _pair(value: object) -> tuple[int, int]:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or len(both := tuple(value)) != 2:
        raise ArgumentError(f"between must hold pairs such as (1, 1): producers and consumers, not {value!r}.")
    return limits.whole(both[0], "producers", *PROCESSES), limits.whole(both[1], "consumers", *PROCESSES)
