"""Which order of loads and stores the ring relies on, and what provides it. This is the one place that says so.

Six times an order matters. "A before B" means that whoever sees B done sees A done too:

1. put: the item before `in_`.                      Else a consumer would read a slot that is not filled yet.
2. get: loading `in_` before loading the item.      Else it would read the slot as it was before.
3. get: loading the item before `out`.              Else a producer would fill the slot while it is being read.
4. put, get: the own counter before looking whether the other side sleeps; and, going to sleep, the own flag
   before looking at the counter once more.         Else one goes to sleep while the other sees nobody asleep.
5. Between taking and giving back a mutex, everything; and the own `turn` before taking and after giving back.
                                                    Else a mutex is inherited that somebody holds.
6. turns: a failed attempt on the mutex before the second look at the turns. Such an attempt is a plain load and
   orders nothing.                                  Else the second look may be as old as the first.

On x86 (total store order) loads stay in order, stores stay in order, and a store stays behind earlier loads:
1, 2, 3 and 6 hold by themselves. Only a load may overtake an earlier store, to another address: 4 needs a fence, on
both sides. Taking and giving back a POSIX semaphore are locked instructions there, hence fences: they provide 5, and,
where a mutex is given back between the store and the look, 4 as well. On processors of weaker order, such as ARM, all
six need a fence (`WEAK`, in shmlab/memory/fences.py): taking a semaphore is an acquire there and giving it back a
release, and a store in front of taking it may take effect behind.

Putting and getting happen a million times a second, going to sleep seldom. So whoever goes to sleep makes the fence of
4 for all (barrier.py), and those who put and get make none: a fence is a third of what an item costs. Where the
kernel has no such call, each makes its own (`FENCED`). Where a sandbox forbids it to one process only, that one may
not be woken: it naps, and a nap ends.

The fence is release and then acquire of a semaphore that nobody else uses. On x86 it is a fence as above; on
64-bit ARM nothing passes a release downwards, no acquire passes a release before it upwards, and nothing passes an
acquire upwards. A word is loaded and stored by one instruction of 8 bytes (memoryview of format "Q"), and an item,
however it is copied, is ordered before a later store by rule 1: Intel's manual (vol. 3, 9.2.4) says so of the string
instructions that copy large items.

Source: Owens, Sarkar, Sewell, A Better x86 Memory Model: x86-TSO (2009); Arm Architecture Reference Manual, B2.3.
The protocol's own functions are explored under that model, with every death at every step, and as they run on ARM under
a weaker one, with each of these fences and without it: tests/ring/test_explored.py, shmlab/explorer/model/weak.py.
"""

from shmlab.memory.fences import WEAK
from shmlab.memory.posix_semaphore import open_named
from shmlab.ring import membarrier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.memory.posix_semaphore import Named

FENCED = WEAK or not membarrier.register()  # does a process make the fence of 4 by itself?


def fence(segment: str, row: int) -> "Named":
    """A semaphore for this seat alone: `release()` and `acquire(False)` after it are a full fence.

    The ring's owner has created it, like all others: a process killed while it creates one leaves a file behind.
    """
    return semaphore(segment, f"fence{row}")


def semaphore(segment: str, name: str) -> "Named":
    """The semaphore of that name, opened. Raises FileNotFoundError."""
    return open_named(f"/{segment}.{name}")
