"""Workers that nobody here has started: programs that join a running lab by its name, in whatever language.

They take a free row from the end (see docs/layout.md). The owner notices them in its snapshots and watches them
through a handle of their process; it believes the process number in a row only if that process maps the segment.
"""

import signal

from shmlab import layout as at
from shmlab.handle import Handle
from shmlab.processes import Program
from shmlab.segment import DIRECTORY, SegmentFile


class Guest(Program):
    """A program that has joined. `returncode` is 0 if it left in good order, -9 if it ended otherwise."""

    def __init__(self, file: SegmentFile, row: int, pid: int) -> None:
        super().__init__(Handle(pid))
        self._file, self._row = file, row

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        if not self.ended.is_set() and self._handle.wait(seconds):
            left = self._file.word(at.row(self._row) + at.PHASE * at.WORD) == at.LEFT
            self.returncode = 0 if left else -signal.SIGKILL
            self.close()
        return self.ended.is_set()

    def over(self) -> bool:
        """Whether it has ended, and the next look at the lab after that has noticed."""
        return self.mourned.is_set()

    def close(self) -> None:
        """Give the handle back."""
        with self._lock:
            if not self.ended.is_set():
                self.ended.set()
                self._handle.close()


def welcome(file: SegmentFile, row: int) -> Guest | None:
    """The guest in a row; None if the process that the row names does not map this segment."""
    pid = file.word(at.row(row) + at.PID * at.WORD)
    if not 1 < pid < 1 << 31:
        return None
    try:
        guest = Guest(file, row, pid)
    except OSError:
        return None
    if maps(pid, file.name):
        return guest
    guest.close()
    return None


def maps(pid: int, name: str) -> bool:
    """Whether a process maps the segment of that name."""
    try:
        with open(f"/proc/{pid}/maps") as file:
            return any(line.rstrip().endswith(f" {DIRECTORY}/{name}") for line in file)
    except OSError:
        return False
