"""The figures for one way, one size and one number of processes."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one way with items of `size` bytes. Each tuple has one value per round.

    `rates`: items per second, all producers together. `cpu`: processor seconds per item, all processes together.
    `trips`: round-trip time in seconds, the median of many. `calls`: system calls per item. `trouble`: why there are
    no figures; empty if there are some.
    """

    way: str
    size: int
    producers: int
    consumers: int
    rates: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()
    trips: tuple[float, ...] = ()
    calls: float | None = None
    trouble: str = ""

    @property
    def rate(self) -> float | None:
        """Return the median items per second."""
        return _median(self.rates)

    @property
    def trip(self) -> float | None:
        """Return the median round-trip time in seconds."""
        return _median(self.trips)

    @property
    def cpu_each(self) -> float | None:
        """Return the median processor seconds per item."""
        return _median(self.cpu)

    @property
    def spread(self) -> float:
        """Return the spread of the rates: (most - least) / median; 0 for one round."""
        return (max(self.rates) - min(self.rates)) / statistics.median(self.rates) if self.rates else 0.0


def _median(values: tuple[float, ...]) -> float | None:
    return statistics.median(values) if values else None
