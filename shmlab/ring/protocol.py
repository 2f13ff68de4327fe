"""The fast ring's protocol: put and get, for one process per side or for several that take turns.

`in_` counts the items put, `out` the items taken; both only grow, and item number i is in slot i modulo slots.
Invariant: out <= in_ <= out + slots. Each counter has one writer at a time: the only producer (consumer), or the one
whose turn it is. An operation takes effect by one store to its counter: a process that dies before this store has done
nothing, one that dies after it has done everything, and neither needs repair. `bound` is a process's cached limit: how
far it may go without reading the other side's counter again. That counter only grows, so a stale limit is safe.

Only a sleeping process is woken: before it sleeps, it sets its flag (`sleeps`) and checks the counter again.
ordering.py says which order of loads and stores this requires, and what provides it.
Source: Lamport, Proving the Correctness of Multiprocess Programs (1977), for in_ and out; Dekker, in Dijkstra,
Cooperating Sequential Processes (1965), for the flag and the counter.
"""

from os import sched_yield
from time import monotonic

from shmlab.memory.fences import WEAK
from shmlab.ring.ordering import FENCED
from shmlab.ring.turns import INSIDE, abandon, step_outside, wait_for_turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.ring.peer import Peer

YIELDS = 40  # checks before going to sleep: sleeping and being woken costs more than a short wait
NAP = 0.1  # seconds of one sleep; between sleeps, check whether the ring still has an owner


def put(ring: "Peer", item: bytes, timeout: float | None = None) -> None:
    """The only producer puts one item."""
    try:
        index = ring.in_[0]
        if index >= ring.bound and not wait(ring, index, timeout and monotonic() + timeout):
            raise ring.late(timeout)
        ring.memory[ring.places[index % ring.slots]] = item
        if WEAK:
            ring.fence_release()  # the item, then in_
            ring.fence_acquire(False)
        ring.in_[0] = index + 1
        if FENCED:  # else the sleeper has made this fence, too
            ring.fence_release()  # in_, then the look: else nobody would wake the sleeper
            ring.fence_acquire(False)
        if ring.other_sleeps[0]:
            wake(ring)
    except (IndexError, TypeError, ValueError) as error:
        ring.explain(error, item)
        raise


def get(ring: "Peer", timeout: float | None = None) -> bytes:
    """The only consumer takes one item."""
    try:
        index = ring.out[0]
        if index >= ring.bound and not wait(ring, index, timeout and monotonic() + timeout):
            raise ring.late(timeout)
        item: bytes = ring.memory[ring.places[index % ring.slots]]
        if WEAK:
            ring.fence_release()  # the item, then out: its slot is filled again
            ring.fence_acquire(False)
        ring.out[0] = index + 1
        if FENCED:
            ring.fence_release()  # out, then the look
            ring.fence_acquire(False)
        if ring.other_sleeps[0]:
            wake(ring)
        return item
    except ValueError as error:
        ring.explain(error)
        raise


def put_in_turn(ring: "Peer", item: bytes, timeout: float | None = None) -> None:
    """One of several producers puts one item: the same inside a mutex, with the turn told before and after it."""
    deadline = timeout and monotonic() + timeout
    try:
        ring.turn[0] = INSIDE
        if WEAK:
            ring.fence_release()  # the turn, then the mutex: else whoever looks for a lost one sees nobody inside
            ring.fence_acquire(False)
        done = False
        if ring.acquire(False) or wait_for_turn(ring, deadline):
            index = ring.in_[0]
            if index < ring.bound or wait(ring, index, deadline):
                ring.memory[ring.places[index % ring.slots]] = item
                if WEAK:
                    ring.fence_release()
                    ring.fence_acquire(False)
                ring.in_[0] = index + 1
                done = True
            ring.release()  # a fence, too: in_, then the look
        if WEAK:
            ring.fence_release()
            ring.fence_acquire(False)
        if done:
            ring.turn[0] = index + 2  # outside; a number that it never showed before
            if ring.other_sleeps[0]:
                wake(ring)
            return
        step_outside(ring)
    except BaseException as error:
        abandon(ring)  # wherever it happened, also between two instructions: who comes next finds out
        ring.explain(error, item)
        raise
    raise ring.late(timeout)


def get_in_turn(ring: "Peer", timeout: float | None = None) -> bytes:
    """One of several consumers takes one item."""
    deadline = timeout and monotonic() + timeout
    try:
        ring.turn[0] = INSIDE
        if WEAK:
            ring.fence_release()  # the turn, then the mutex: else whoever looks for a lost one sees nobody inside
            ring.fence_acquire(False)
        done = False
        if ring.acquire(False) or wait_for_turn(ring, deadline):
            index = ring.out[0]
            if index < ring.bound or wait(ring, index, deadline):
                item: bytes = ring.memory[ring.places[index % ring.slots]]
                if WEAK:
                    ring.fence_release()
                    ring.fence_acquire(False)
                ring.out[0] = index + 1
                done = True
            ring.release()
        if WEAK:
            ring.fence_release()
            ring.fence_acquire(False)
        if done:
            ring.turn[0] = index + 2  # outside; a number that it never showed before
            if ring.other_sleeps[0]:
                wake(ring)
            return item
        step_outside(ring)
    except BaseException as error:
        abandon(ring)
        ring.explain(error)
        raise
    raise ring.late(timeout)


def wait(ring: "Peer", index: int, deadline: float | None) -> bool:
    """Until item `index` may go: there is a slot for it, or it is there. False when the deadline is over."""
    tries = YIELDS
    while True:
        ring.bound = ring.theirs[0] + ring.reach
        if index < ring.bound:
            if WEAK:
                ring.fence_release()  # the other side's counter, then the slot
                ring.fence_acquire(False)
            return True
        if deadline == 0:
            return False
        if tries == 0:
            break
        tries -= 1
        sched_yield()
    while True:
        ring.sleeps[0] = 1
        ring.barrier()  # the flag, then looking once more; for everybody: the counter, then looking who sleeps
        if index < ring.theirs[0] + ring.reach:
            break
        if deadline is not None and not monotonic() < deadline:
            break
        ring.nap(NAP if deadline is None else max(0.0, min(NAP, deadline - monotonic())))
        if index < ring.theirs[0] + ring.reach:
            break
        ring.look_around()
    ring.sleeps[0] = 0
    ring.bound = ring.theirs[0] + ring.reach
    if WEAK:
        ring.fence_release()
        ring.fence_acquire(False)
    return index < ring.bound


def wake(ring: "Peer") -> None:
    """Somebody on the other side sleeps, or did so a moment ago. One post too many only makes it look in vain."""
    ring.other_sleeps[0] = 0
    ring.other_wakeup.release()
    ring.look_up()
