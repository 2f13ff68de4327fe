"""The positions of the rate slider: ten per decade from 0.1 to 100,000 items per second, then "max".

A slider over a list can only hold values of the list: whatever a browser sends, it is one of these.
"""

from __future__ import annotations

import math

STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
RATES: tuple[float | None, ...] = (
    *(float(f"{step * 10.0**decade:.6g}") for decade in range(-1, 5) for step in STEPS),
    100_000.0,
    None,
)
LABELS = tuple("max" if rate is None else f"{rate:,g}" if rate < 1000 else f"{rate:,.0f}" for rate in RATES)


def nearest(rate: float | None) -> int:
    """Return the position nearest to a rate, on the slider's logarithmic scale."""
    if rate is None:
        return len(RATES) - 1
    return min(range(len(RATES) - 1), key=lambda n: abs(math.log(RATES[n] or 1.0) - math.log(max(rate, 1e-9))))
