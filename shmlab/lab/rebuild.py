"""What a dead worker has left behind, set right: its slot, its accounts, the strategy's variables and semaphores.

SIGKILL ends a worker between any two instructions. What it was about then stands in its row (slot, ticket in hand,
semaphore held), and `in_` and `out` tell what was handed over: each put and each get becomes valid by one store of one
word. All else follows from the number of full slots (`at_rest` of the strategy).

This must run while no living worker is inside put or get (see `recovery`). It reads and writes the segment's file.
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
    """Set right what these dead workers, by row, have left; tells it in sentences. Raises OSError once closed."""
    broken = Broken(file, strategy)
    told = []
    producers = {row: worker.name for row, worker in dead.items() if worker.role == at.PRODUCER}
    for row, worker in dead.items():
        told += (broken.producer if row in producers else broken.consumer)(row, worker.name)
    for row, name in producers.items():  # now that no slot is half filled
        broken.close_books(row)
        told += broken.last_put(row, name)
    for row in dead:
        one = broken.row(row)
        one.holds = one.waits = one.hand = 0
    if broken.growing:
        broken.finish_growth()
    return told + broken.rest()


class Broken:
    """A segment in which somebody has died."""

    def __init__(self, file: SegmentFile, strategy: Strategy) -> None:
        self.file, self.strategy, self.layout = file, strategy, file.layout
        self.capacity = min(max(file.word(at.CAPACITY), file.layout.capacity), file.layout.cap)
        self.locks = [name for name, initial in file.layout.semaphores.items() if initial == 1]
        self.growing = False

    def row(self, row: int) -> Row:
        """A row; only that of a dead worker may be changed."""
        return Row(self.file, row)

    def variable(self, name: str) -> int:
        """A shared variable; -1 where there is none of that name."""
        names = self.layout.variables
        return self.file.word(at.variable(names.index(name))) if name in names else -1

    def slot(self, index: int, word: int) -> int:
        """A word of a slot."""
        return self.file.word(self.layout.slot_word(index % self.capacity, word))

    def set_state(self, index: int, state: int) -> None:
        """Change the state of a slot."""
        self.file.set_word(self.layout.slot_word(index % self.capacity, at.SLOT_STATE), state)

    def inside(self, row: int, index: str) -> bool:
        """Whether a worker died in its critical section before it moved `index`, with its slot in hand."""
        return (bool(self.row(row).holds) or not self.locks) and self.row(row).slot == self.variable(index)

    def producer(self, row: int, name: str) -> list[str]:
        """A slot that a producer was filling, and had not handed over, is empty."""
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
        """An item that a consumer had not yet taken stays in its slot; one that it had taken died with it."""
        one = self.row(row)
        hand, slot = one.hand, one.slot
        behind = one.received + one.corrupted - one.consumed
        if behind == 1:  # it died between two of its accounts
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
        settled = producer < self.layout.rows and sequence < self.row(producer).settled  # as not delivered
        if self._receipt(hand) and not settled:  # given its receipt, not yet counted
            one.received += 1
            one.consumed += 1
            return []
        one.died += 1
        return [f"{name} died with item {sequence} of the producer in row {producer} in its hand: that item is lost."]

    def last_put(self, row: int, name: str) -> list[str]:
        """An item that was handed over counts as produced, though its producer died before it could count it."""
        ticket, slots = self._ticket(row), self._slots()
        there = (*USED, at.DRAINING)  # where nobody is parked, a living consumer may be at it
        waiting = [t for t, state in zip(slots.tickets, slots.states, strict=True) if state in there]
        hands = [other.hand for other in rows.used(self.file)]
        if ticket in waiting or ticket in hands or self._receipt(ticket):  # in the order in which an item moves
            self.row(row).produced += 1
            return [f"{name} died after its put, before it had counted the item: counted."]
        return []

    def close_books(self, row: int) -> None:
        """A settlement of receipts that was under way is done, or has not begun."""
        one = self.row(row)
        delivered, cleared = opened(one.words(at.BEFORE + 1), self.layout.window)
        one.delivered = delivered
        self.file.write(self.layout.receipts(row) + cleared.start, bytes(len(cleared)))
        one.closing = 0

    def finish_growth(self) -> None:
        """Move the items that a dying producer had not moved when it made an unbounded buffer longer."""
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
        """Give the strategy's variables and semaphores the values that follow from the full slots."""
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
        """The ticket of the item that a producer was about to put, or had just put."""
        return (row + 1) << SEQUENCE_BITS | self.row(row).produced

    def _slots(self) -> Slots:
        stride = self.layout.stride
        return Slots(self.file.read(self.layout.slots_at, self.capacity * stride), stride, self.layout.payload)

    def _used(self, index: int) -> bool:
        return self.slot(index, at.SLOT_STATE) in USED

    def _receipt(self, ticket: int) -> bool:
        """Whether this item has its receipt."""
        producer, sequence = (ticket >> SEQUENCE_BITS) - 1, ticket & SEQUENCE
        if not 0 <= producer < self.layout.rows:
            return False
        settled, window = self.row(producer).settled, self.layout.window
        if sequence >= settled + window:  # its byte is still that of an older item
            return False
        return sequence < settled or self.file.read(self.layout.receipts(producer) + sequence % window, 1) != b"\0"
