"""Figures made by hand: what a comparison shows, without measuring."""

from typing import Any

from shmlab.experiments.comparison.comparison import Comparison
from shmlab.experiments.comparison.plan import CALLS, THROUGHPUT, TRIP, planned


def comparison(rates: dict[tuple[str, int], list[float]], trips: dict[str, float] | None = None) -> Comparison:
    """A comparison, one to one, with these items per second of each round, and round trips at the smallest size."""
    ways, sizes = {way for way, _ in rates}, {size for _, size in rates}
    made = Comparison(planned(sorted(ways), sizes, [(1, 1)]))
    for (way, size), values in rates.items():
        for value in values:
            made.add(figures(THROUGHPUT, way, size, rate=value, cpu=1 / value))
        made.add(figures(CALLS, way, size, calls=2.0))
    for way, trip in (trips or {}).items():
        made.add(figures(TRIP, way, min(sizes), trip=trip))
    return made


def figures(kind: str, way: str, size: int, **values: Any) -> dict[str, Any]:
    """What the measuring program prints for one task."""
    usual = {"task": 0, "kind": kind, "way": way, "size": size, "producers": 1, "consumers": 1, "round": 0}
    return usual | values
