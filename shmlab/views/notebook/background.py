"""One thread that does, in order, what takes too long for a callback: starting, stopping, killing.

A callback hands its task over and returns at once. An error becomes a sentence in the view, never an exception in a
thread whose output nobody reads.
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
        """Whether the caller is a task: if so, a changed value was not set by the user."""
        return threading.current_thread() is self.thread

    def put(self, task: Task) -> None:
        """Queue a task, to be run after those queued before it."""
        self.queue.put(task)

    def close(self) -> None:
        """End the thread after its current task."""
        self.queue.put(None)
        if not self.here:
            self.thread.join(10)

    def _run(self) -> None:
        while (task := self.queue.get()) is not None:
            try:
                task()
            except Exception as error:  # of any kind: the thread has to survive, and the view shows the message
                with contextlib.suppress(Exception):  # a browser may have sent a value that the view cannot restore
                    self.complain(error)
