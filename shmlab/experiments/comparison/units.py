"""Figures in human-readable form."""


def size(count: int) -> str:
    """Format bytes: 64 B, 4 KiB, 1 MiB."""
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale and count % scale == 0:
            return f"{count // scale:,} {unit}"
    return f"{count:,} B"


def rate(value: float | None) -> str:
    """Format items per second to three digits: 4.11 M, 185 k, 383."""
    if value is None:
        return "-"
    for unit, scale in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= 0.9995 * scale:
            return f"{_three(value / scale)}{unit}"
    return _three(value)


def seconds(value: float | None) -> str:
    """Format a duration: 1.25 µs, 37.6 µs, 2.21 ms."""
    if value is None:
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= 0.9995 * scale:
            return f"{_three(value / scale)} {unit}"
    return f"{_three(value / 1e-9)} ns"


def times(value: float) -> str:
    """Format a ratio: 1.4, 12."""
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _three(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
