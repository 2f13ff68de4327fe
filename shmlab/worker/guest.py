"""Join a running lab by its name, from a terminal, as one more producer or consumer that the lab did not start.

A guest claims the last free row, obeys the settings in that row like any worker, and gives the row back when it leaves.
It needs no process ID: its lock on the row shows the lab that the guest is alive, and the owner's lock on the segment's
file shows the guest that the lab is alive. So it can run in another container that shares /dev/shm.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from shmlab import strategies
from shmlab.memory import layout as at, limits, rows
from shmlab.memory.buf import Buf
from shmlab.memory.errors import ArgumentError, SegmentRefused
from shmlab.memory.segment import Segment, attach, owner_is_dead, unlink
from shmlab.observe.guests import over
from shmlab.worker.program import WorkerProcess

EVERY = 1.0  # seconds between two progress lines
LOOK = 0.1  # seconds between two checks whether the lab has ended
Tell = Callable[[str], None]


def join(name: object, role: str, rate: object = 5, items: object = None, tell: Tell = print) -> int:
    """Work in the lab called `name` until it ends, `items` are done, or Ctrl-C; return the number of items done.

    role: "producer" or "consumer"; rate: items per second, None for as fast as possible; `tell` prints a line.
    Raises ArgumentError, SegmentNotFound, SegmentRefused before joining.
    """
    tag = {word: number for number, word in at.ROLES.items()}[limits.choice(role, "role", tuple(at.ROLES.values()))]
    wanted = limits.rate(rate)
    most = None if items is None else limits.whole(items, "items", 1, 1 << 40)
    segment = attach(limits.segment_name(name))
    os.register_at_fork(after_in_child=lambda: rows.forget(segment))  # a child must not keep the row's lock
    try:
        if segment.layout.strategy not in strategies.names:
            text = f"'{segment.name}' runs '{segment.layout.strategy}', a protocol that only its lab knows."
            raise SegmentRefused(text)
        guest = GuestWorker(segment, take_row(segment, tag, wanted), most, tell)
        guest.work()
        return guest.items()
    finally:
        segment.close()  # also releases the row's lock


def take_row(segment: Segment, role: int, rate: float | None) -> int:
    """Claim the last free row for as long as `segment` is open. Raises ArgumentError if no row is free."""
    count = segment.layout.rows
    for row in reversed(range(count)):
        if rows.Row(segment, row).claim(role, row, rate, pid=os.getpid()):
            segment.set_word(at.ROWS_USED, count)  # after the role: an owner storing less then notices
            return row
    raise ArgumentError(f"all {count} rows of '{segment.name}' are in use: a worker has to leave first.")


class GuestWorker(WorkerProcess):
    """A worker that the lab did not start: it ends with its owner, leaves on Ctrl-C, and reports its progress."""

    def __init__(self, segment: Segment, row: int, most: int | None, tell: Tell) -> None:
        strategy = strategies.find(segment.layout.strategy)
        super().__init__(segment, row, strategy.put, strategy.get)
        self.listening = False  # its standard input is the user's terminal, not the owner's pipe
        self._most, self._tell, self._told = most, tell, 0.0
        self._count = at.PRODUCED if self.role == at.PRODUCER else at.CONSUMED
        self.name = f"{at.ROLES[self.role][0].upper()}{row}"
        self._over = threading.Event()

    def work(self) -> None:
        """Work until the lab, the item limit or the user ends it."""
        before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGURG)]
        signal.signal(signal.SIGINT, self.leave)
        signal.signal(signal.SIGTERM, self.leave)
        signal.signal(signal.SIGURG, self._wake)
        self._tell(f"joined {self.segment.name} as {self.name}, pid {os.getpid()}. Ctrl-C leaves.")
        watch = threading.Thread(target=self._watch, name="shmlab-guest", daemon=True)
        watch.start()
        try:
            with contextlib.suppress(SystemExit):  # the lab stopped during a wait
                try:
                    self.run()
                finally:
                    self._over.set()
        finally:
            watch.join()  # the thread reads the segment, which is closed next
            for number, handler in before:
                signal.signal(number, handler)
        self._tell(f"{self.name} left after {self.items():,} items.")

    def items(self) -> int:
        """Return how many items it has done."""
        return self.words[self.mine + self._count] - self.words[self.mine + at.BASE]

    def leave(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Leave after the current item."""
        self.words[self.mine + at.LEAVE] = 1
        self.words[self.mine + at.NEWS] += 1  # nobody else announces this change

    def produce(self, buf: Buf) -> None:
        """Make one item and put it."""
        super().produce(buf)
        self._done()

    def consume(self, buf: Buf) -> None:
        """Get one item and account for it."""
        super().consume(buf)
        self._done()

    def _buf(self) -> Buf:
        try:
            return super()._buf()
        except FileNotFoundError:  # the lab has just ended and unlinked its semaphores
            raise SystemExit from None

    def _done(self) -> None:
        if self._most is not None and self.items() >= self._most:
            self.leave()
        now = time.monotonic()
        if now - self._told >= EVERY:
            self._told = now
            self._tell(f"{self.name}: {self.items():,} items")

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        """Interrupt a semaphore wait because the owner is repairing; exit if the lab has ended."""
        if self.words[at.STATE // at.WORD] == at.STOPPED and not self._over.is_set():
            raise SystemExit

    def _watch(self) -> None:
        """Wait, in a thread, for the lab to end; then make this guest leave, wherever it is waiting."""
        while not over(self.segment):
            if self._over.wait(LOOK):
                return
        state = at.STATE // at.WORD
        if self.words[state] != at.STOPPED:
            self._tell("the lab's owner has ended.")
            sys.stdout.flush()
            self.words[state] = at.STOPPED  # the owner is dead and cannot store this
            if owner_is_dead(self.segment.name):
                unlink(self.segment.name)
        while not self._over.wait(LOOK):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
