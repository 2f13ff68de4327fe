"""The memory ordering that the ring relies on, and what provides it. No other module documents this.

The order matters in six places. "A before B" means that any process that sees B done also sees A done:

1. put: the item before `in_`.                      Otherwise a consumer could read a slot that is not filled yet.
2. get: loading `in_` before loading the item.      Otherwise it could read the slot's old content.
3. get: loading the item before `out`.              Otherwise a producer could fill the slot while it is being read.
4. put, get: its own counter before checking whether the other side sleeps; and, before sleeping, its own flag
   before checking the counter again.               Otherwise one sleeps while the other sees no sleeper (lost wakeup).
5. Everything inside a critical section stays inside; its own `turn` before acquiring and after releasing the mutex.
                                                    Otherwise a process could inherit a mutex that another holds.
6. turns: a failed attempt on the mutex before the second read of the turns. Such an attempt is a plain load and
   orders nothing.                                  Otherwise the second read may be as old as the first.

On x86 (total store order) loads stay in order, stores stay in order, and a store never overtakes an earlier load:
1, 2, 3 and 6 need no fence. Only a load may overtake an earlier store to another address, so 4 needs a fence on
both sides. Acquiring and releasing a POSIX semaphore are locked instructions there, hence fences: they provide 5 and,
where a mutex is released between the store and the check, 4 as well. On processors with a weaker order, such as ARM,
all six need a fence (`WEAK`, in shmlab/memory/fences.py): acquiring a semaphore is only an acquire there, releasing it
only a release, and a store before the acquire may take effect after it.

Puts and gets happen a million times a second; a process rarely goes to sleep. So the process that goes to sleep
executes the fence of 4 for all (membarrier.py), and put and get execute none: a fence is a third of an item's cost. If
the kernel has no such call, each process executes its own fence (`FENCED`). If a sandbox forbids the call to a single
process, that process may miss a wakeup; but its sleep is bounded.

The fence is a release and then an acquire of a semaphore that no other process uses. On x86 it is a fence as above; on
64-bit ARM no access moves below a release, no acquire moves above an earlier release, and no access moves above an
acquire. A word is loaded and stored by one instruction of 8 bytes (memoryview of format "Q"), and an item,
however it is copied, is ordered before a later store by rule 1: Intel's manual (vol. 3, 9.2.4) says so of the string
instructions that copy large items.

Source: Owens, Sarkar, Sewell, A Better x86 Memory Model: x86-TSO (2009); Arm Architecture Reference Manual, B2.3.
The explorer checks the protocol's own functions under that model, with a death at every step, and, as they run on ARM,
under a weaker one, with and without each of these fences: tests/ring/test_explored.py, shmlab/explorer/model/weak.py.
"""

from shmlab.memory.fences import WEAK
from shmlab.memory.posix_semaphore import open_named
from shmlab.ring import membarrier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shmlab.memory.posix_semaphore import Named

FENCED = WEAK or not membarrier.register()  # whether each process executes the fence of 4 itself


def fence(segment: str, row: int) -> "Named":
    """Return a semaphore for this seat alone: `release()` followed by `acquire(False)` is a full fence.

    The ring's owner has created it, like all others: a process killed while creating one would leave a file behind.
    """
    return semaphore(segment, f"fence{row}")


def semaphore(segment: str, name: str) -> "Named":
    """Open and return the semaphore called `name`. Raises FileNotFoundError."""
    return open_named(f"/{segment}.{name}")
