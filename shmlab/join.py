"""Join a running lab by its name, from a terminal: one more producer or consumer, which the lab did not start itself.

A guest takes a free row from the end, obeys the words of that row like any worker, and gives the row back in the end.
"""

import contextlib
import fcntl
import os
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from shmlab import layout as at
from shmlab import limits, orphan, strategies
from shmlab.errors import ArgumentError, SegmentRefused
from shmlab.segment import Segment, attach
from shmlab.shared import Shared
from shmlab.sync import let_the_owner_wake
from shmlab.worker import Worker

EVERY = 1.0  # seconds between two lines about how it goes
Tell = Callable[[str], None]


def join(name: object, role: str, rate: object = 5, items: object = None, tell: Tell = print) -> int:
    """Work in the lab of that name until it ends, until so many items are done, or until Ctrl-C. How many were done.

    role: "producer" or "consumer"; rate: items per second, None for as fast as possible.
    Raises ArgumentError, SegmentNotFound, SegmentRefused before it has joined.
    """
    tag = {word: number for number, word in at.ROLES.items()}[limits.choice(role, "role", tuple(at.ROLES.values()))]
    wanted = limits.rate(rate)
    most = None if items is None else limits.whole(items, "items", 1, 1 << 40)
    segment = attach(limits.segment_name(name))
    if segment.layout.strategy not in strategies.names:
        raise SegmentRefused(f"'{segment.name}' runs '{segment.layout.strategy}', a protocol that only its lab knows.")
    row = take_row(segment, tag, wanted)
    guest = Guest(segment, row, most, tell)
    guest.work()
    return guest.items()


def take_row(segment: Segment, role: int, rate: float | None) -> int:
    """A free row, from the end, as one's own. Raises ArgumentError where there is none."""
    words = segment.words
    fcntl.lockf(segment.fd, fcntl.LOCK_EX, 1, at.ROWS_AT)  # one guest after the other
    try:
        for row in reversed(range(segment.layout.rows)):
            mine = at.row(row) // at.WORD
            if words[mine + at.ROLE]:
                continue
            done = at.PRODUCED if role == at.PRODUCER else at.CONSUMED
            settings = {
                at.NUMBER: row,
                at.RATE: struct.unpack("<Q", struct.pack("<d", rate or 0.0))[0],
                at.PATTERN: 0,
                at.ORDERS: words[mine + at.ORDERS_DONE],
                at.QUOTA: at.NO_QUOTA,
                at.BASE: words[mine + done],
                at.LEAVE: 0,
                at.HOLDS: 0,
                at.WAITS: 0,
                at.HAND: 0,
                at.PHASE: at.STARTING,
                at.PID: os.getpid(),
                at.ROLE: role,  # last: from now on the lab sees it
            }
            for word, value in settings.items():
                words[mine + word] = value
            words[at.ROWS_USED // at.WORD] = segment.layout.rows
            return row
    finally:
        fcntl.lockf(segment.fd, fcntl.LOCK_UN, 1, at.ROWS_AT)
    raise ArgumentError(f"all {segment.layout.rows} rows of '{segment.name}' are in use: a worker has to leave first.")


class Guest(Worker):
    """A worker that nobody has started: it ends with its owner, leaves on Ctrl-C, and tells how it goes."""

    def __init__(self, segment: Segment, row: int, most: int | None, tell: Tell) -> None:
        strategy = strategies.find(segment.layout.strategy)
        super().__init__(segment, row, strategy.put, strategy.get)
        self.listening = False  # its standard input is a person's
        self._most, self._tell, self._told = most, tell, 0.0
        self._count = at.PRODUCED if self.role == at.PRODUCER else at.CONSUMED
        self.name = f"{at.ROLES[self.role][0].upper()}{row}"
        self._over = threading.Event()

    def work(self) -> None:
        """Work until somebody or something ends it."""
        before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGURG)]
        signal.signal(signal.SIGINT, self.leave)
        signal.signal(signal.SIGTERM, self.leave)
        let_the_owner_wake()
        self._tell(f"joined {self.segment.name} as {self.name}, pid {os.getpid()}. Ctrl-C leaves.")
        threading.Thread(target=self._watch, name="shmlab-guest", daemon=True).start()
        try:
            with contextlib.suppress(SystemExit):  # the lab said stop while it waited
                self.run()
        finally:
            self._over.set()
            for number, handler in before:
                signal.signal(number, handler)
        self._tell(f"{self.name} left after {self.items():,} items.")

    def items(self) -> int:
        """How many items it has done."""
        return self.words[self.mine + self._count] - self.words[self.mine + at.BASE]

    def leave(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Leave after the item that is being done."""
        self.words[self.mine + at.LEAVE] = 1
        self.words[self.mine + at.NEWS] += 1  # nobody else tells it

    def produce(self, buf: Shared) -> None:
        """Make one item and put it."""
        super().produce(buf)
        self._done()

    def consume(self, buf: Shared) -> None:
        """Get one item and account for it."""
        super().consume(buf)
        self._done()

    def _buf(self) -> Shared:
        try:
            return super()._buf()
        except FileNotFoundError:  # the lab has ended a moment ago, and its semaphores have no names any more
            raise SystemExit from None

    def _done(self) -> None:
        if self._most is not None and self.items() >= self._most:
            self.leave()
        now = time.monotonic()
        if now - self._told >= EVERY:
            self._told = now
            self._tell(f"{self.name}: {self.items():,} items")

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(self.segment.layout.owner_pid)
            try:
                while not self._over.is_set():
                    if select.select([handle], [], [], 0.1)[0]:
                        self._tell("the lab's owner has ended.")
                        sys.stdout.flush()
                        orphan.leave(self.segment)
            finally:
                os.close(handle)
