"""Compute when the next item is due: constant, Poisson or bursty, with the same mean rate.

The schedule is absolute, so a late item does not delay the next one. Time that a worker spends
blocked does not count: a producer that waited for a free slot does not catch up in a burst.
"""

import math

CONSTANT, POISSON, BURSTY = range(3)  # in the order of limits.PATTERNS
BURST = 10  # items in one burst, sent at BURST_SPEED times the rate; the pause after it restores the mean
BURST_SPEED = 20
TICK = 0.001  # a fast worker wakes once a millisecond and processes all items that are due,
SHARE = 4  # or sooner, when a quarter of the slots is due: otherwise the other side would have to wait
FORGIVEN = 0.1  # seconds of lateness that a worker catches up; any more is dropped
SHORT = 0.01  # seconds of blocking that count as lateness; a longer wait shifts the schedule


class Pace:
    """The schedule of one worker. Times are in seconds of the monotonic clock.

    `rate` is in items per second, infinite for "as fast as possible"; `slots` is the size of the buffer.
    """

    def __init__(self, rate: float, pattern: int, slots: int, now: float) -> None:
        self._mean = 1 / rate
        self._tick = min(TICK, max(1, slots // SHARE) / rate)
        self._pattern = pattern
        self._in_burst = 0
        if pattern == POISSON:
            import random  # imported here so that other workers start faster

            self._random = random.random
        self._next = now + self._gap()

    def due(self, now: float) -> int:
        """Return how many items are due at `now`, and count them as done."""
        if not self._mean:
            return 1
        self._next = max(self._next, now - FORGIVEN)
        count = 0
        while self._next <= now:
            count += 1
            self._next += self._gap()
        return count

    def wait(self, now: float) -> float:
        """Return the seconds from `now` until the next check."""
        return max(self._next - now, self._tick if self._mean < TICK else 0.0)

    def excuse(self, blocked: float) -> None:
        """Shift the schedule by `blocked` seconds if the worker was blocked for longer than SHORT."""
        if blocked > SHORT:
            self._next += blocked

    def _gap(self) -> float:
        if self._pattern == CONSTANT:
            return self._mean
        if self._pattern == POISSON:
            return -math.log(1 - self._random()) * self._mean
        self._in_burst = (self._in_burst + 1) % BURST
        quick = self._mean / BURST_SPEED
        return quick if self._in_burst else BURST * self._mean - (BURST - 1) * quick
