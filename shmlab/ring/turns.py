"""A mutex that survives the death of whoever holds it.

It is a semaphore, so taking it costs a few nanoseconds, and a semaphore forgets nothing: when its holder is killed it
stays at 0. What the kernel does know is which seats have lost their process. So each peer tells in its row (`turn`)
that it is about to take, holds, or has just given back the mutex: INSIDE; otherwise it shows another number, and never
the same one twice.

The mutex is *lost* when it is 0 and everybody alive is outside. The dead are found by the locks on their seats and
put outside, with the note `lost` left for all. Who finds that note while waiting for the mutex steps outside too
and from there tries, one at a time, to inherit: look at all turns, try the semaphore, look at all turns again. If all
were outside and nobody has moved, then nobody alive held the mutex between the two looks; whether the semaphore
was given or was 0, it is now mine. Any step of this can be the last of whoever takes it: the next one begins anew.

Source: the double look is the snapshot of Afek, Attiya, Dolev, Gafni, Merritt, Shavit, Atomic Snapshots of Shared
Memory (1993), section 3.
"""

from os import sched_yield
from time import monotonic, sleep

from shmlab.ring import seats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from shmlab.ring.peer import Peer

INSIDE = 1  # 0 is a seat that nobody has used yet
FAILED = 1 << 63  # numbers from here on are shown after an operation that moved nothing, those below it after others
YIELDS = 200  # whoever has the mutex gives it back soon, unless it sleeps inside
NAP = 0.05  # seconds of one sleep; then one looks for the dead
PAUSE = 0.0005  # seconds between two tries to inherit


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
