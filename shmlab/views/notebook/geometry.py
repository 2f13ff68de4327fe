"""The geometry of the slots: polygons of a ring and of rows, and the triangles that point at them.

Each figure has its own units: the ring has radius 1 around the origin with slot 0 at the top, clockwise; rows count
cells from the upper left corner, so that slots are numbered in reading order.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
OUTER, INNER = 1.0, 0.62


@cache
def angles(count: int) -> NDArray[np.float64]:
    """Return the angle of the middle of each of `count` slots, in radians."""
    return np.pi / 2 - 2 * np.pi * (np.arange(count) + 0.5) / count


def ring(count: int, outer: float = OUTER, inner: float = INNER) -> tuple[Floats, Floats]:
    """Return x and y of `count` closed arcs, one for each row of the arrays."""
    points = max(2, round(120 / count) + 1)
    along = np.linspace(0, 1, points)
    angle = np.pi / 2 - 2 * np.pi * (np.arange(count)[:, None] + along[None, :]) / count
    back = angle[:, ::-1]
    x = np.hstack([outer * np.cos(angle), inner * np.cos(back)])
    y = np.hstack([outer * np.sin(angle), inner * np.sin(back)])
    return x.astype(np.float32), y.astype(np.float32)


def spoke(angle: float, tip: float, base: float, half: float) -> tuple[list[float], list[float]]:
    """Return a triangle on the spoke at `angle`, its tip at radius `tip`, its base at radius `base`."""
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return [tip * c, base * c - half * s, base * c + half * s], [tip * s, base * s + half * c, base * s - half * c]


def columns(count: int) -> int:
    """Return how many slots are side by side in a row."""
    return 32 if count <= 128 else 64


def rows(count: int, across: int, high: float) -> tuple[Floats, Floats]:
    """Return x and y of `count` closed boxes, `across` to a line; a line is 1 high, its boxes are `high`."""
    index = np.arange(count)
    left, top = (index % across)[:, None], -(index // across)[:, None]
    x = left + np.array([0, 1, 1, 0])
    y = top - np.array([0, 0, high, high])
    return x.astype(np.float32), y.astype(np.float32)
