"""Repair what a dead worker left: its slot, its counters, the strategy's variables and semaphores.

SIGKILL ends a worker between any two instructions. Its row records what it was doing (slot, ticket dequeued but not
yet acknowledged, semaphore held), and `in_` and `out` show which items were handed over: each put and each get takes
effect by one store of one word. The number of full slots determines everything else (`at_rest` of the strategy).

Run this only while no live worker is inside put or get (see `quiesce`). It reads and writes the segment's file.
"""

from dataclasses import dataclass

from shmlab.memory import layout as at, rows, semaphores
from shmlab.memory.item import SEQUENCE, SEQUENCE_BITS
from shmlab.memory.receipts import opened
from shmlab.memory.rows import Row
from shmlab.memory.segment import SegmentFile
from shmlab.observe.snapshot import Slots
from shmlab.strategies import Strategy

USED = (at.FULL, at.OVERWRITTEN)


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead worker: its name, and its role (PRODUCER or CONSUMER)."""

    name: str
    role: int


def repair(file: SegmentFile, strategy: Strategy, dead: dict[int, Dead]) -> list[str]:
    """Repair what the workers in `dead`, by row, left; return sentences on it. Raises OSError once closed."""
    broken = Broken(file, strategy)
    told = []
    producers = {row: worker.name for row, worker in dead.items() if worker.role == at.PRODUCER}
    for row, worker in dead.items():
        told += (broken.producer if row in producers else broken.consumer)(row, worker.name)
    for row, name in producers.items():  # only now, with no slot half filled
        broken.close_books(row)
        told += broken.last_put(row, name)
    for row in dead:
        one = broken.row(row)
        one.holds = one.waits = one.hand = 0
    if broken.growing:
        broken.finish_growth()
    return told + broken.rest()


class Broken:
    """A segment in which a worker has died."""

    def __init__(self, file: SegmentFile, strategy: Strategy) -> None:
        self.file, self.strategy, self.layout = file, strategy, file.layout
        self.capacity = min(max(file.word(at.CAPACITY), file.layout.capacity), file.layout.cap)
        self.locks = [name for name, initial in file.layout.semaphores.items() if initial == 1]
        self.growing = False

    def row(self, row: int) -> Row:
        """Return a row; only a dead worker's row may be changed."""
        return Row(self.file, row)

    def variable(self, name: str) -> int:
        """Return the value of the shared variable `name`; -1 if there is none."""
        names = self.layout.variables
        return self.file.word(at.variable(names.index(name))) if name in names else -1

    def slot(self, index: int, word: int) -> int:
        """Return a word of slot `index` (modulo the capacity)."""
        return self.file.word(self.layout.slot_word(index % self.capacity, word))

    def set_state(self, index: int, state: int) -> None:
        """Set the state of slot `index` (modulo the capacity)."""
        self.file.set_word(self.layout.slot_word(index % self.capacity, at.SLOT_STATE), state)

    def inside(self, row: int, index: str) -> bool:
        """Return whether a worker died in its critical section, with its slot chosen, before it advanced `index`."""
        return (bool(self.row(row).holds) or not self.locks) and self.row(row).slot == self.variable(index)

    def producer(self, row: int, name: str) -> list[str]:
        """Empty the slot that a dead producer was filling and had not handed over."""
        if self.row(row).holds:
            self.growing |= self.layout.unbounded
        if not self.inside(row, "in_"):
            return []
        slot = self.row(row).slot
        filling = self.slot(slot, at.SLOT_STATE) == at.FILLING
        if not filling and (self.slot(slot, at.SLOT_TICKET) != self._ticket(row) or not self._used(slot)):
            return []
        self.set_state(slot, at.EMPTY)
        return [f"{name} died while it filled slot {slot % self.capacity}: the slot is empty again."]

    def consumer(self, row: int, name: str) -> list[str]:
        """Keep an item that a dead consumer had not yet dequeued; count one that it had dequeued as lost with it."""
        one = self.row(row)
        hand, slot = one.hand, one.slot
        behind = one.received + one.corrupted - one.consumed
        if behind == 1:  # it died between updating two counters
            one.consumed += 1
            return []
        if self.inside(row, "out") and (not hand or hand == self.slot(slot, at.SLOT_TICKET)):
            if hand or self.slot(slot, at.SLOT_STATE) == at.DRAINING:
                self.set_state(slot, at.FULL)
                return [f"{name} died while it emptied slot {slot % self.capacity}: the item is still there."]
            return []
        if not hand:
            return []
        producer, sequence = (hand >> SEQUENCE_BITS) - 1, hand & SEQUENCE
        settled = producer < self.layout.rows and sequence < self.row(producer).settled  # counted as not delivered
        if self._receipt(hand) and not settled:  # it has its receipt, but was not yet counted
            one.received += 1
            one.consumed += 1
            return []
        one.died += 1
        return [f"{name} died with item {sequence} of the producer in row {producer} in its hand: that item is lost."]

    def last_put(self, row: int, name: str) -> list[str]:
        """Count an item that was handed over as produced if its producer died before counting it."""
        ticket, slots = self._ticket(row), self._slots()
        there = (*USED, at.DRAINING)  # if workers are not parked, a consumer may be reading it
        waiting = [t for t, state in zip(slots.tickets, slots.states, strict=True) if state in there]
        hands = [other.hand for other in rows.used(self.file)]
        if ticket in waiting or ticket in hands or self._receipt(ticket):  # in the order in which an item moves
            self.row(row).produced += 1
            return [f"{name} died after its put, before it had counted the item: counted."]
        return []

    def close_books(self, row: int) -> None:
        """Complete or undo a settlement of receipts that was in progress."""
        one = self.row(row)
        delivered, cleared = opened(one.words(at.BEFORE + 1), self.layout.window)
        one.delivered = delivered
        self.file.write(self.layout.receipts(row) + cleared.start, bytes(len(cleared)))
        one.closing = 0

    def finish_growth(self) -> None:
        """Move the items that a producer had not yet moved when it died while growing an unbounded buffer."""
        out, in_, stride = self.variable("out"), self.variable("in_"), self.layout.stride
        half = self.capacity // 2
        if not 0 < in_ - out <= half:
            return
        for index in range(out, in_):
            here, there = self.layout.slot(index % half), self.layout.slot(index % self.capacity)
            if here != there and self._used(index % half):
                self.file.write(there, self.file.read(here, stride))
                self.file.set_word(here, at.EMPTY)

    def rest(self) -> list[str]:
        """Set the strategy's variables and semaphores to the values that follow from the number of full slots."""
        if not self.strategy.at_rest:
            return []
        used = sum(state in USED for state in self._slots().states)
        told = []
        for name, value in self.strategy.at_rest(self.capacity, used).items():
            text = f"{name} = {value}"
            if name not in self.layout.semaphores:
                self.file.set_word(at.variable(self.layout.variables.index(name)), value)
            else:
                try:
                    semaphores.reset(self.file.name, name, value)
                except OSError:
                    text = f"{name} is gone, and cannot be set right"
            told.append(text)
        return [", ".join(told)] if told else []

    def _ticket(self, row: int) -> int:
        """Return the ticket of the item that a producer was about to put, or had just put."""
        return (row + 1) << SEQUENCE_BITS | self.row(row).produced

    def _slots(self) -> Slots:
        stride = self.layout.stride
        return Slots(self.file.read(self.layout.slots_at, self.capacity * stride), stride, self.layout.payload)

    def _used(self, index: int) -> bool:
        return self.slot(index, at.SLOT_STATE) in USED

    def _receipt(self, ticket: int) -> bool:
        """Return whether the item with this ticket has its receipt."""
        producer, sequence = (ticket >> SEQUENCE_BITS) - 1, ticket & SEQUENCE
        if not 0 <= producer < self.layout.rows:
            return False
        settled, window = self.row(producer).settled, self.layout.window
        if sequence >= settled + window:  # its byte still belongs to an older item
            return False
        return sequence < settled or self.file.read(self.layout.receipts(producer) + sequence % window, 1) != b"\0"
