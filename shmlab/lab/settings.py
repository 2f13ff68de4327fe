"""The settings of a lab, fully validated before anything is created."""

from collections.abc import Sequence
from dataclasses import dataclass

from shmlab import strategies
from shmlab.memory import layout as at, limits
from shmlab.strategies import Strategy, own


@dataclass(frozen=True, slots=True)
class Settings:
    """Valid settings, made by `check`. `functions` is a student's own protocol, pickled for the workers."""

    strategy: Strategy
    functions: bytes
    slots: int
    counts: dict[int, int]
    rates: dict[int, float | None]
    pattern: str
    payload: int
    slow_motion: float
    repair: bool

    def warning(self, alive: Sequence[str]) -> str | None:
        """Say where the strategy is unsound for the roles `alive`, or None; a role with none counts as configured."""
        return self.strategy.warning(*(alive.count(role) or self.counts[tag] for tag, role in at.ROLES.items()))

    def __str__(self) -> str:
        counts = [f"{n} {at.ROLES[role]}{'s' * (n != 1)}" for role, n in self.counts.items()]
        return f"{self.strategy.name}, {self.slots} slots, {', '.join(counts)}"


def check(
    strategy: object,
    put: object,
    get: object,
    shared: object,
    slots: object,
    producers: object,
    consumers: object,
    produce_rate: object,
    consume_rate: object,
    payload: object,
    slow_motion: object,
    pattern: object,
    repair: object = True,
) -> Settings:
    """Return the arguments of `Lab` as settings. Raises ArgumentError, which says what is allowed."""
    mine = put is not None or get is not None or shared is not None
    protocol = own.strategy(put, get, shared) if mine else strategies.find(strategy)
    counts = {
        at.PRODUCER: limits.whole(producers, "producers", 0, limits.WORKERS),
        at.CONSUMER: limits.whole(consumers, "consumers", 0, limits.WORKERS),
    }
    limits.whole(sum(counts.values()), "producers + consumers", 1, limits.WORKERS)
    return Settings(
        strategy=protocol,
        functions=own.pickled(protocol) if mine else b"",
        slots=limits.whole(slots, "slots", *limits.SLOTS),
        counts=counts,
        rates={
            at.PRODUCER: limits.rate(produce_rate, "produce_rate"),
            at.CONSUMER: limits.rate(consume_rate, "consume_rate"),
        },
        pattern=limits.choice(pattern, "pattern", limits.PATTERNS),
        payload=limits.whole(payload, "payload", *limits.PAYLOAD),
        slow_motion=limits.number(slow_motion, "slow_motion", *limits.SLOW_MOTION, "seconds"),
        repair=limits.yes_or_no(repair, "repair"),
    )
