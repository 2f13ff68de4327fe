"""The producer and consumer program: `python -P -m shmlab.worker.program NAME ROW [own]`.

A worker attaches to the segment by name, reads its settings from its row, and calls the protocol's
`put` or `get` whenever an item is due. It waits for its next item *or* for the owner to announce changed
settings by a byte on standard input; end-of-file on standard input means that the owner is dead.
It keeps its state and its counters in its row, where any process can read them.
"""

import _thread
import contextlib
import ctypes
import math
import os
import select
import struct
import sys
import time
from collections.abc import Callable, Mapping

from shmlab import strategies
from shmlab.memory import item as items, layout as at, limits, rows
from shmlab.memory.buf import Buf, bind, slow
from shmlab.memory.errors import CapReached, SegmentNotFound, SegmentRefused
from shmlab.memory.fences import in_order
from shmlab.memory.receipts import Deliveries, settle
from shmlab.memory.segment import Segment, attach
from shmlab.memory.semaphore_rules import explain
from shmlab.memory.semaphores import Frozen, let_the_owner_wake
from shmlab.processes import first_input, owner_watch
from shmlab.worker.pacing import Pace

TYPE_CHECKING = False
SIGINT, SIGCONT, SIG_IGN, PR_SET_PDEATHSIG = 2, 18, 1, 1  # Linux values; importing the signal module takes 6 ms
NICE = 5  # the notebook and its kernel have priority: a spinning worker must not freeze the display
if TYPE_CHECKING:
    from typing import Any

Put = Callable[[Buf, items.Item], None]
Get = Callable[[Buf], object]
RETRY = 0.02  # seconds until a producer refused at the cap retries
PARKING = 0.0005  # seconds between two checks whether the repair is over


class WorkerProcess:
    """One producer or consumer in one row of a segment."""

    def __init__(
        self, segment: Segment, row: int, put: Put, get: Get, conditions: Mapping[str, str] | None = None
    ) -> None:
        self.segment, self.row = segment, row
        self.words = in_order(segment).words
        self.mine = at.first_word(row)
        self.role = self.words[self.mine + at.ROLE]
        self.put, self.get, self.conditions = _numbered(put, 2, row), _numbered(get, 1, row), conditions
        self.deliveries = Deliveries(segment, row)
        self.listening = True  # whether standard input is the owner's pipe

    def run(self) -> None:
        """Work until the owner says stop."""
        words, mine = self.words, self.mine
        work = self.produce if self.role == at.PRODUCER else self.consume
        while True:
            self._park()
            news = words[mine + at.NEWS]
            buf = self._buf()
            pace = self._pace()
            with contextlib.suppress(Frozen):  # retry the item after the repair
                while words[mine + at.NEWS] == news:
                    if words[at.STATE // at.WORD] == at.STOPPED or words[mine + at.LEAVE]:
                        words[mine + at.PHASE] = at.LEFT
                        return
                    self._go_on(work, buf, pace, news)

    def _go_on(self, work: Callable[[Buf], None], buf: Buf, pace: Pace, news: int) -> None:
        """Process due items; otherwise sleep until the next is due or settings change."""
        words, mine = self.words, self.mine
        if words[mine + at.ORDERS] > words[mine + at.ORDERS_DONE]:
            work(buf)
            words[mine + at.ORDERS_DONE] += 1
            return
        if words[at.STATE // at.WORD] == at.PAUSED:
            self._rest(at.HELD_BACK, 1.0)
            return
        left = words[mine + at.QUOTA] - words[mine + at.PRODUCED]
        if left <= 0:
            self._rest(at.FINISHED, 1.0)
            return
        due = pace.due(time.monotonic())
        if not due:
            self._rest(at.RESTING, pace.wait(time.monotonic()))
            return
        blocked = words[mine + at.BLOCKED]
        for _ in range(min(due, left)):
            work(buf)
            if words[mine + at.NEWS] != news:
                break
        if words[mine + at.BLOCKED] != blocked:
            pace.excuse((words[mine + at.BLOCKED] - blocked) / 1e9)

    def _park(self) -> None:
        """Park here, between two items, while the owner repairs."""
        while epoch := self.words[at.FROZEN // at.WORD]:
            time.sleep(PARKING)  # before PARKED: the system call orders this process's earlier stores before it
            self.words[self.mine + at.PARKED] = epoch

    def produce(self, buf: Buf) -> None:
        """Make one item and put it."""
        words, mine = self.words, self.mine
        sequence = words[mine + at.PRODUCED]
        if sequence - words[mine + at.SETTLED] >= self.segment.layout.window:
            settle(self.segment, self.row)
        now = time.monotonic_ns()
        words[mine + at.SINCE] = now
        words[mine + at.PHASE] = at.WORKING
        item = items.make(self.row, sequence, self.segment.layout.payload, now)
        while True:
            try:
                self.put(buf, item)
                break
            except CapReached:
                self._rest(at.CAPPED, RETRY)
                if words[at.STATE // at.WORD] == at.STOPPED or words[mine + at.LEAVE]:
                    return
                if words[at.FROZEN // at.WORD]:
                    raise Frozen from None
                words[mine + at.PHASE] = at.WORKING
        words[mine + at.PRODUCED] = sequence + 1

    def consume(self, buf: Buf) -> None:
        """Get one item and account for it."""
        words, mine = self.words, self.mine
        words[mine + at.SINCE] = time.monotonic_ns()
        words[mine + at.PHASE] = at.WORKING
        self.deliveries.record(self.get(buf))

    def _buf(self) -> Buf:
        step_time = self.words[at.STEP_TIME // at.WORD]
        return bind(self.segment, self.row, slow(step_time / 1e9) if step_time else None, self.conditions)

    def _pace(self) -> Pace:
        rate = rows.rate_of(self.words[self.mine + at.RATE])
        pattern = self.words[self.mine + at.PATTERN]
        return Pace(math.inf if rate is None else rate, pattern, self.segment.capacity, time.monotonic())

    def _rest(self, phase: int, seconds: float) -> None:
        """Set the phase, then sleep for `seconds` or until the owner announces a change."""
        self.words[self.mine + at.PHASE] = phase
        if not self.listening:
            time.sleep(min(seconds, RETRY))
        elif select.select([0], [], [], seconds)[0] and not os.read(0, 4096):
            owner_watch.leave(self.segment)


def _numbered(function: "Callable[..., Any]", usual: int, number: int) -> "Callable[..., Any]":
    """Return `function` as a put or get of `usual` arguments; if it also takes `me`, bind `number` to that."""
    if not limits.takes_number(function.__code__, usual):
        return function
    return lambda *given: function(*given, number)


def _functions(segment: Segment, own: bool) -> tuple[Put, Get, dict[str, str]]:
    """Return the protocol and its conditions' locks: found by name, or sent by the owner over standard input."""
    if not own:
        strategy = strategies.find(segment.layout.strategy)
        return strategy.put, strategy.get, {}
    import linecache
    import pickle  # from the owner, over a private pipe; never from the segment

    (size,) = struct.unpack("<Q", first_input.read(8))
    put, get, sources, conditions = pickle.loads(first_input.read(size))
    for filename, text in sources.items():  # so that a traceback shows the notebook's source lines
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return put, get, conditions


def main(arguments: list[str]) -> int:
    """Run one worker; return its exit status: 0 if it was told to end, 1 if something failed."""
    name, row, owner = arguments[0], int(arguments[1]), int(arguments[2])
    libc = ctypes.CDLL(None)
    libc.signal(SIGINT, SIG_IGN)  # interrupting the Jupyter kernel must not interrupt workers
    let_the_owner_wake()
    try:
        segment = attach(name)
    except (SegmentNotFound, SegmentRefused) as error:
        print(error, file=sys.stderr)
        return 1
    libc.prctl(PR_SET_PDEATHSIG, SIGCONT)  # so that a stopped worker resumes when its owner dies
    _thread.start_new_thread(owner_watch.watch, (segment, owner))
    with contextlib.suppress(OSError):
        os.nice(NICE)
    words, mine = segment.words, at.first_word(row)
    rows.Row(segment, row).hold()
    os.register_at_fork(after_in_child=lambda: rows.forget(segment))  # a forked child must not keep the row
    words[mine + at.PID] = os.getpid()
    words[mine + at.PHASE] = at.STARTING
    try:
        WorkerProcess(segment, row, *_functions(segment, own=arguments[3:] == ["own"])).run()
    except BaseException as error:
        if isinstance(error, SystemExit) and words[at.STATE // at.WORD] == at.STOPPED:  # not a student's exit()
            words[mine + at.PHASE] = at.LEFT
            return 0
        words[mine + at.PHASE] = at.FAILED
        _report(error, segment)
        return 1
    return 0


def _report(error: BaseException, segment: Segment) -> None:
    """Print the student's part of the traceback to standard error."""
    import traceback

    if isinstance(error, AttributeError):
        explain(error)
    if isinstance(error, AttributeError) and f"'{Buf.__name__}' object has no attribute" in str(error):
        from shmlab.strategies.own import nearest

        name = str(error).split("'")[-2]  # error.name is empty after a failed store
        error.add_note(nearest(name, [*segment.layout.variables, *segment.layout.semaphores, "slots", "capacity"]))
    if isinstance(error, SystemExit):
        error.add_note("put and get must return: exit() ends the whole process.")
    trace = error.__traceback__
    while trace and trace.tb_next and trace.tb_frame.f_globals.get("__name__") == __name__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
