"""One daemon thread that draws as fast as the browser keeps up, and not at all when nobody is watching.

Every third frame carries its number to the browser, where a link between two models sends it back as an
acknowledgement. While it is late, frames are dropped, never queued. Without one for long the thread only sends probes,
more and more rarely; after ten minutes without any interaction it rests, so that an idle kernel can be culled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import ipywidgets

EVERY = 3  # every third frame asks for an acknowledgement
LAG = 6  # maximum number of frames in flight
PROBE = 1.0  # seconds without an acknowledgement, after which a probe is sent,
SILENCE = 120.0  # and after this long
SELDOM = 10.0  # the interval between probes is this many seconds
IDLE = 600.0  # seconds without interaction, after which drawing stops
CALM = 0.5  # seconds between two checks while the lab is paused,
FRESH = 2.0  # but not so soon after an interaction: its request may still be in flight
SOON = 0.003  # seconds until the next check after a frame was dropped

Draw = Callable[[float], bool]


class Frames:
    """Calls `draw(now)` up to `fps` times a second; `draw` returns whether it sent anything.

    `calm()` tells whether nothing can change (paused, stopped); `rest(resting)` is called when drawing rests and
    resumes, `failed(error)` when `draw` raises an error.
    """

    def __init__(
        self,
        draw: Draw,
        fps: int,
        lock: AbstractContextManager[object],
        calm: Callable[[], bool] = lambda: False,
        rest: Callable[[bool], None] = lambda resting: None,
        failed: Callable[[Exception], None] = lambda error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.draw, self.fps, self.lock, self.clock = draw, fps, lock, clock
        self.calm, self.rest, self.failed = calm, rest, failed
        layout = ipywidgets.Layout()
        self.seq = ipywidgets.IntText(0, layout=layout)
        self.ack = ipywidgets.IntText(0, layout=layout)
        self.link = ipywidgets.jsdlink((self.seq, "value"), (self.ack, "value"))
        self.ack.observe(self._alive, "value")
        self.widgets = (self.link, self.seq, self.ack)
        self.sent = self.dropped = self.probes = 0
        self.life = self.touched = clock()
        self.resting = False
        self._wake, self._ended = threading.Event(), False
        self.thread = threading.Thread(target=self._run, name="shmlab-view", daemon=True)

    def start(self) -> None:
        """Start drawing."""
        self.thread.start()

    def close(self) -> None:
        """End the thread, and wait for it unless it is the caller."""
        self._ended = True
        self._wake.set()
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.thread.join(2)

    def touch(self) -> None:
        """Record an interaction: draw at once, and for ten more minutes."""
        self.touched = self.life = self.clock()
        self._wake.set()

    def _alive(self, _: object) -> None:
        self.life = self.clock()

    def behind(self) -> int:
        """Return how many frames the browser has not acknowledged."""
        return self.sent - int(self.ack.value)

    def _run(self) -> None:
        due = self.clock()
        while not self._ended:
            self._wake.clear()
            now = self.clock()
            wait = self.step(now)
            if wait is None:  # the usual case: the next frame is due 1/fps after this one was
                due = max(due + 1 / self.fps, self.clock())
                wait = due - self.clock()
            else:
                due = now
            self._wake.wait(wait if wait != float("inf") else None)

    def step(self, now: float) -> float | None:
        """Check once. Return how many seconds to wait until the next check (None: one frame interval)."""
        if now - self.touched > IDLE:
            if not self.resting:
                self.resting = True
                self.rest(True)
            return float("inf")
        if self.resting:
            self.resting = False
            self.rest(False)
        if self.behind() > LAG:
            self.dropped += 1
            return self._probe(now)
        with self.lock:
            if self._ended:
                return 0.0
            try:
                drawn = self.draw(now)
            except Exception as error:  # a thread that dies leaves a picture that looks live
                self.failed(error)
                return PROBE
            if drawn:
                self.sent += 1
                if self.sent % EVERY == 0:
                    self.seq.value = self.sent
        if not drawn and now - self.touched > FRESH and self.calm():
            return CALM
        return None

    def _probe(self, now: float) -> float:
        silent = now - self.life
        if silent < PROBE:
            return SOON
        with self.lock:
            if not self._ended:
                self.sent += 1  # a number that the browser has not yet seen
                self.seq.value = self.sent
                self.probes += 1
        return PROBE if silent < SILENCE else SELDOM
