"""A highlight on recently changed slots that fades within a moment, so that changes catch the eye.

The fade has few steps and ends: a buffer at rest needs no frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shmlab.views.notebook import palette

Steps = NDArray[np.int64]
COLOURS: NDArray[np.object_] = np.array(palette.FILLS, dtype=object)


class Glow:
    """Remembers when each slot last changed."""

    def __init__(self, count: int) -> None:
        self.key: Steps | None = None
        self.since = np.full(count, -1e9)

    def ages(self, states: Sequence[int], sequences: Sequence[int], now: float) -> tuple[Steps, Steps]:
        """Return every slot's state and how far its last change has faded; `now` is in seconds of any steady clock."""
        state = np.asarray(states, dtype=np.int64)
        key: Steps = state + len(palette.STATES) * np.asarray(sequences, dtype=np.int64)
        if self.key is not None:
            self.since[key != self.key] = now
        self.key = key
        age = np.minimum((now - self.since) * (palette.GLOW / palette.GLOW_SECONDS), palette.GLOW - 1)
        return state, age.astype(np.int64)

    def fills(self, states: Sequence[int], sequences: Sequence[int], now: float) -> list[str]:
        """Return the colour of every slot."""
        return COLOURS[self.ages(states, sequences, now)].tolist()  # type: ignore[no-any-return]
