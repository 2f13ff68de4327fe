"""Observe a ring from outside through read-only copies, as a lab's observer does; list all running labs and rings."""

import contextlib
from dataclasses import dataclass

from shmlab.memory import layout as at
from shmlab.memory.errors import SegmentRefused
from shmlab.memory.segment import SegmentFile, names, open_unmapped, owner_is_dead
from shmlab.observe.observer import Observer
from shmlab.observe.snapshot import Snapshot
from shmlab.ring import ring_layout, seats


@dataclass(frozen=True, slots=True)
class RingSnapshot:
    """A ring at one moment. `producers` and `consumers` are the process IDs in the seats, 0 for a free seat.

    `in_` and `out` count the items put and taken since creation; `item` and `size` are in bytes.
    """

    name: str
    slots: int
    item: int
    size: int
    closed: bool
    in_: int
    out: int
    producers: tuple[int, ...]
    consumers: tuple[int, ...]

    @property
    def occupancy(self) -> int:
        """The number of items in the ring."""
        return min(self.slots, self.in_ - self.out)

    def __str__(self) -> str:
        sides = (("producers", self.producers), ("consumers", self.consumers))
        peers = ", ".join(f"{sum(map(bool, pids))} of {len(pids)} {side}" for side, pids in sides)
        return (
            f"ring · {'closed' if self.closed else 'open'} · {self.occupancy:,} of {self.slots:,} slots full · "
            f"items of {self.item:,} bytes · {self.out:,} taken · {peers}"
        )


def look(ring: str | SegmentFile) -> RingSnapshot:
    """Return a snapshot of `ring`, given by name or as an open segment file. It does not disturb the ring.

    Raises ArgumentError, SegmentNotFound, SegmentRefused.
    """
    if isinstance(ring, str):
        file = open_unmapped(ring)
        try:
            return look(file)
        finally:
            file.close()
    layout = ring.layout
    if not layout.producers:
        raise SegmentRefused(f"'{ring.name}' is no ring but a lab: look at it with shmlab.Observer(name).")
    seen = memoryview(ring.read(0, layout.slots_at)).cast("Q")  # one call, because system calls dominate the cost
    out = seen[ring_layout.offset("out") // at.WORD]
    in_ = max(out, seen[ring_layout.offset("in_") // at.WORD])  # read just before `out`; both only grow
    rows = range(layout.rows)
    pids = [seen[at.first_word(row) + at.PID] if _taken(ring.name, row) else 0 for row in rows]
    return RingSnapshot(
        ring.name,
        layout.capacity,
        layout.payload,
        layout.size,
        seen[at.STATE // at.WORD] == at.STOPPED,
        in_,
        out,
        tuple(pids[: layout.producers]),
        tuple(pids[layout.producers :]),
    )


def _taken(ring: str, row: int) -> bool:
    """Return whether a live process has this seat; False once the ring is closed and this cannot be determined."""
    try:
        locks = seats.open_locks(ring, (row,))
    except FileNotFoundError:
        return False
    try:
        return seats.taken(locks, row)
    finally:
        seats.close_locks(locks)


def running() -> list[Snapshot | RingSnapshot]:
    """Return a snapshot of every lab and ring of this user whose owner is alive."""
    found: list[Snapshot | RingSnapshot] = []
    for name in names():
        if not owner_is_dead(name):
            with contextlib.suppress(Exception):
                file = open_unmapped(name)
                try:
                    found.append(look(file) if file.layout.producers else Observer(file).snapshot())
                finally:
                    file.close()
    return found
