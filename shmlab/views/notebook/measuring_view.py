"""The common parts of views of a measurement: restart it, cancel it, draw the results so far, save the figures.

One thread follows the measuring program and draws a few times a second. Callbacks only record requests, so the page
stays responsive, and the processors are left to what is being measured.
"""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import ipywidgets

from shmlab.views.notebook import download
from shmlab.views.notebook.plain_widgets import Parts
from shmlab.views.notebook.shown import Shown

LEAVE = 10.0  # seconds to wait for the thread to end


class UnderWay(Protocol):
    """A measurement that can be cancelled."""

    def cancel(self) -> None: ...


class MeasuringView(Shown):
    """A measurement and its view. A subclass measures, draws, and builds its box from `head`, `bar` and the buttons."""

    called = ""  # the thread's name
    saved_as = ""  # the name of the file
    noted = "note"  # the class of the text below the figures, for the style sheet
    every = 0.0  # seconds between two drawings: drawing takes processor time from the measurement

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._measuring: UnderWay = self._measurement()
        self.parts = parts = Parts()
        self.head, self.bar, self.note = parts.text("head"), parts.text("bar"), parts.text(self.noted)
        self.line, self.download = parts.text("state-line"), parts.text("download")
        self.again = parts.button("▶ again", "measure everything anew")
        self.cancel = parts.button("■ cancel", "stop measuring and keep the figures")
        self.csv = parts.button("CSV", "save all figures as a file")
        self.again.on_click(lambda _: self._start_anew())
        self.cancel.on_click(lambda _: self._measuring.cancel())
        self.csv.on_click(lambda _: self._save())
        self._build()
        self._start()

    def _measurement(self) -> UnderWay:
        """Return a new measurement."""
        raise NotImplementedError

    def _results(self) -> Iterator[object]:
        """Follow the measurement; the view may redraw at each result."""
        raise NotImplementedError

    def _build(self) -> None:
        """Make `box`."""
        raise NotImplementedError

    def _show(self) -> None:
        """Draw the results so far; no other thread draws meanwhile."""
        raise NotImplementedError

    def _figures(self) -> str:
        """Return all figures as CSV."""
        raise NotImplementedError

    @property
    def measuring(self) -> bool:
        """Whether the measurement is still running."""
        return self._thread.is_alive() and not self._ended

    def _start(self) -> None:
        self._ended = False
        self._thread = threading.Thread(target=self._follow, name=f"shmlab-{self.called}", daemon=True)
        self._thread.start()

    def _start_anew(self) -> None:
        with self.lock:
            if self.closed or self.measuring:
                return
            self._measuring = self._measurement()
            self.note.value = ""
            self._start()

    def _draw(self) -> None:
        with self.lock:
            if not self.closed:
                self._show()
                self._set(self.line, f'<div role="status">{html.escape(str(self))}</div>')
                self.again.disabled, self.cancel.disabled = self.measuring, not self.measuring

    @staticmethod
    def _set(widget: ipywidgets.HTML, value: str) -> None:
        if widget.value != value:
            widget.value = value

    @staticmethod
    def _progress(percent: int) -> str:
        return f'<progress value="{percent}" max="100" aria-label="how far it is"></progress><b>{percent} %</b>'

    def _follow(self) -> None:
        """Take every result as it comes; draw now and then, and at the end."""
        drawn, trouble = 0.0, ""
        try:
            self._draw()
            for _ in self._results():
                if time.monotonic() - drawn >= self.every:
                    self._draw()
                    drawn = time.monotonic()
        except Exception as error:  # nobody reads this thread's exceptions, so the view shows it
            trouble = f'<p class="error">✕ {html.escape(f"{type(error).__name__}: {error}")}</p>'
        self._ended = True
        self._draw()
        with self.lock:
            if trouble and not self.closed:
                self.note.value += trouble

    def _save(self) -> None:
        with self.lock:
            if not self.closed:
                self.download.value = ""  # so that the same file again counts as a change
                self.download.value = f"<div>saved as {download.link(self.saved_as, self._figures())}</div>"

    def _leave(self) -> None:
        """Cancel the measurement, and wait for the thread."""
        self._measuring.cancel()
        if threading.current_thread() is not self._thread:
            self._thread.join(LEAVE)
