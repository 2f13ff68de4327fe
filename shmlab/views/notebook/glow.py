"""A fresh change is lighter and fades within a moment, so that the eye sees where the buffer moves.

The fade has few steps and ends: a buffer at rest asks for no frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shmlab.views.notebook import palette

Steps = NDArray[np.int64]
COLOURS: NDArray[np.object_] = np.array(palette.FILLS, dtype=object)


class Glow:
    """Remembers when each slot changed last."""

    def __init__(self, count: int) -> None:
        self.key: Steps | None = None
        self.since = np.full(count, -1e9)

    def ages(self, states: Sequence[int], sequences: Sequence[int], now: float) -> tuple[Steps, Steps]:
        """The state of every slot and how far its last change has faded; `now` in seconds of any steady clock."""
        state = np.asarray(states, dtype=np.int64)
        key: Steps = state + len(palette.STATES) * np.asarray(sequences, dtype=np.int64)
        if self.key is not None:
            self.since[key != self.key] = now
        self.key = key
        age = np.minimum((now - self.since) * (palette.GLOW / palette.GLOW_SECONDS), palette.GLOW - 1)
        return state, age.astype(np.int64)

    def fills(self, states: Sequence[int], sequences: Sequence[int], now: float) -> list[str]:
        """The colour of every slot."""
        return COLOURS[self.ages(states, sequences, now)].tolist()  # type: ignore[no-any-return]
