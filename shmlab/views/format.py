"""Numbers formatted for reading from a projector."""

from __future__ import annotations


def rate(value: float | None) -> str:
    """Return a rate in items per second; None is as fast as possible."""
    if value is None:
        return "max"
    if value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 0.95 or value == 0 else f"{value:.2f}"


def asked(value: float | None) -> str:
    """Return a requested rate with no more digits than were typed."""
    return "max" if value is None else f"{value:,.6g}" if value < 1000 else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """Return a time span in a suitable unit."""
    if value is None:
        return "–"
    if value == 0:
        return "0 s"
    for limit, scale, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if value < limit:
            return f"{value * scale:.{1 if value * scale < 9.95 else 0}f} {unit}"
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.1f} min"


def size(count: int) -> str:
    """Return a number of bytes."""
    for limit, scale, unit in ((10_000, 1, "bytes"), (10_000_000, 1024, "KiB")):
        if count < limit:
            return f"{count // scale:,} {unit}"
    return f"{count / 1024 / 1024:,.1f} MiB"
