"""The two ends of a segment as a stage uses them: an outlet that puts pieces, an inlet that gets them.

Both call the textbook's put and get exactly as in `strategies.semaphores`, and keep the same accounts as a lab's
workers, so any observer sees what happens and whether a piece was lost.
"""

import time

from shmlab.experiments.pipeline.pieces import Piece, pack, unpack
from shmlab.memory import item as items, layout as at
from shmlab.memory.buf import bind, slow
from shmlab.memory.receipts import Deliveries, settle
from shmlab.memory.segment import Segment
from shmlab.strategies import semaphores


class StreamEnd:
    """One process's end of a segment: its row, and `buf`."""

    def __init__(self, segment: Segment, row: int) -> None:
        self.segment, self.row, self.words = segment, row, segment.words
        self.mine = at.first_word(row)
        step = self.words[at.STEP_TIME // at.WORD]
        self.buf = bind(segment, row, slow(step / 1e9) if step else None)
        self.rest()

    def work(self) -> int:
        """Record that put or get begins now; return the time in nanoseconds of the monotonic clock."""
        now = time.monotonic_ns()
        self.words[self.mine + at.SINCE] = now
        self.words[self.mine + at.PHASE] = at.WORKING
        return now

    def rest(self) -> None:
        """Record that this process is busy elsewhere."""
        self.words[self.mine + at.PHASE] = at.RESTING


class Outlet(StreamEnd):
    """The end that puts pieces into the segment."""

    def put(self, piece: Piece) -> None:
        """Put one piece; wait while all slots are full."""
        item = self.item(pack(piece, self.segment.layout.payload))
        semaphores.put(self.buf, item)
        self.words[self.mine + at.PRODUCED] += 1
        self.rest()

    def item(self, payload: bytes) -> items.Item:
        """Return the next item of this producer."""
        sequence = self.words[self.mine + at.PRODUCED]
        if sequence - self.words[self.mine + at.SETTLED] >= self.segment.layout.window:
            settle(self.segment, self.row)
        ticket = (self.row + 1) << items.SEQUENCE_BITS | sequence
        return items.Item(ticket, payload, self.work(), items.checksum(payload, ticket))


class Inlet(StreamEnd):
    """The end that gets pieces from the segment."""

    def __init__(self, segment: Segment, row: int) -> None:
        super().__init__(segment, row)
        self.deliveries = Deliveries(segment, row)

    def get(self) -> tuple[int, Piece]:
        """Return the row of the process that put the next piece, and the piece; wait while there is none."""
        self.work()
        item: items.Item = semaphores.get(self.buf)
        self.deliveries.record(item)
        self.rest()
        return item.producer, unpack(item.payload)
