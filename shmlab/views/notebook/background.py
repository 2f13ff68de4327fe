"""One thread that does, in order, what takes too long for a callback: starting, stopping, killing.

A callback hands the task over and returns at once. What goes wrong becomes a sentence in the view, never an exception
in a thread that nobody reads.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable

Task = Callable[[], None]


class BackgroundTasks:
    """A queue of tasks and the thread that runs them."""

    def __init__(self, complain: Callable[[Exception], None]) -> None:
        self.complain = complain
        self.queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="shmlab-tasks", daemon=True)
        self.thread.start()

    @property
    def here(self) -> bool:
        """Whether the caller is a task: what it sets, no person has set."""
        return threading.current_thread() is self.thread

    def put(self, task: Task) -> None:
        """Have this done soon, after what was asked before."""
        self.queue.put(task)

    def close(self) -> None:
        """End the thread after the task it is on."""
        self.queue.put(None)
        if not self.here:
            self.thread.join(10)

    def _run(self) -> None:
        while (task := self.queue.get()) is not None:
            try:
                task()
            except Exception as error:  # every kind: the thread has to live, and the view shows the sentence
                with contextlib.suppress(Exception):  # a browser may have sent what the view cannot show again
                    self.complain(error)
