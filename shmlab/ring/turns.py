"""A robust mutex: one that survives the death of its holder.

It is a semaphore, so acquiring it takes a few nanoseconds; but when its holder is killed, the semaphore stays at 0. The
kernel does know which seats have lost their process. So each peer stores INSIDE in its row (`turn`) while it is about
to acquire, holds, or has just released the mutex; otherwise it stores some other number, and never the same one
twice.

The mutex is *lost* when it is 0 and every live peer is outside. The locks on their seats identify dead peers, which
are marked as outside after the flag `lost` is set for all. A peer that finds this flag while waiting for the mutex also
steps outside and then tries, one peer at a time, to inherit it: read all turns, try the semaphore, read all turns
again. If all were outside and none has changed, no live peer held the mutex between the two reads; the caller now holds
it, whether the semaphore was acquired or was 0. A peer may die at any step of this: the next one starts afresh.

Source: the double read is the double collect of Afek, Attiya, Dolev, Gafni, Merritt, Shavit, Atomic Snapshots of Shared
Memory (1993), section 3.
"""

from os import sched_yield
from time import monotonic, sleep

from shmlab.ring import seats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from shmlab.ring.peer import Peer

INSIDE = 1  # 0: a seat that was never used, or whose peer died inside
FAILED = 1 << 63  # turns from here on follow an operation that moved nothing; smaller ones, one that did
YIELDS = 200  # the holder releases the mutex soon, unless it sleeps inside
NAP = 0.05  # seconds of one sleep; then look for dead peers
PAUSE = 0.0005  # seconds between two attempts to inherit


def wait_for_turn(ring: "Peer", deadline: float | None) -> bool:
    """Until the mutex is mine. False when the deadline is over."""
    ring.free()
    for _ in range(YIELDS if deadline != 0 else 0):
        sched_yield()
        if ring.acquire(False):
            return True
    while deadline is None or monotonic() < deadline:
        if ring.lost[0]:
            if inherit(ring, deadline):
                return True
        elif ring.acquire_within(NAP if deadline is None else max(0.0, min(NAP, deadline - monotonic()))):
            return True
        else:
            with_guard(ring, find_the_dead)
        ring.look_around()
    with_guard(ring, find_the_dead)  # also for those who never wait
    return bool(ring.lost[0]) and inherit(ring, 0)


def inherit(ring: "Peer", deadline: float | None) -> bool:
    """Step outside until the mutex is not lost any more, and try, at least once, to be the one who takes it."""
    step_outside(ring)
    while ring.lost[0]:
        if with_guard(ring, take_if_lost):
            return True
        if deadline is not None and not monotonic() < deadline:
            break
        sleep(PAUSE)
    ring.turn[0] = INSIDE
    ring.fence_release()  # the turn, then the mutex
    ring.fence_acquire(False)
    return False


def take_if_lost(ring: "Peer") -> bool:
    """Take the mutex if nobody alive has it. Behind the guard, so that two do not inherit the same one."""
    find_the_dead(ring)
    if not ring.lost[0]:
        return False
    before = [turn[0] for turn in ring.turns]
    if INSIDE in before:
        return False
    ring.turn[0] = INSIDE
    ring.fence_release()
    ring.fence_acquire(False)
    if not ring.acquire(False):
        ring.fence_release()  # the semaphore, then the second look: an attempt that fails is a plain load
        ring.fence_acquire(False)
        if before != [turn[0] for turn in ring.turns]:
            step_outside(ring)
            return False
    ring.lost[0] = 0
    return True


def find_the_dead(ring: "Peer") -> bool:
    """Put those outside who died inside, and note that they may have had the mutex. Behind the guard."""
    for row, turn in zip(ring.rows, ring.turns, strict=True):
        if turn[0] == INSIDE and not seats.taken(ring.locks, row):
            put_outside(ring, turn)
    return False


def put_outside(ring: "Peer", turn: memoryview) -> None:
    """Show for a dead peer that it is outside; the note first: who dies in between leaves it inside, and noted."""
    ring.lost[0] = 1
    ring.fence_release()
    ring.fence_acquire(False)
    turn[0] = 0  # shown before, but not since somebody else sat here: to sit down takes the guard, too


def with_guard(ring: "Peer", action: "Callable[[Peer], bool]", wait: bool = False) -> bool:
    """Do `action` while nobody else of this side does one; False if somebody does. The guard dies with its holder."""
    if not seats.lock(ring.locks, seats.GUARD, wait):
        return False
    try:
        return action(ring)
    finally:
        seats.unlock(ring.locks, seats.GUARD)


def sit_down(ring: "Peer") -> bool:
    """The first act in a seat, behind the guard: whoever had it before may have died inside."""
    if ring.turn[0] == INSIDE:
        put_outside(ring, ring.turn)
    return True


def step_outside(ring: "Peer") -> None:
    """Outside, without having moved anything."""
    ring.failures += 1
    ring.turn[0] = FAILED + ring.failures


def abandon(ring: "Peer") -> None:
    """Leave like one who died: an exception came from anywhere, and whether the mutex was mine cannot be told."""
    if ring.in_place or not ring.views:
        return  # the block around still holds it; or this end was closed, and its turn with it
    ring.lost[0] = 1
    ring.fence_release()
    ring.fence_acquire(False)
    step_outside(ring)
