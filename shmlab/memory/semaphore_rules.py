"""The operations that a protocol text may use on a semaphore, the same in a lab and in the explorer, and their errors.

A semaphore is not a number: it cannot be compared, used in arithmetic or tested for truth, but it has a `value`.
`acquire` and `release` take the same arguments as those of Python's own semaphores.
"""

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

COMPARING = ("eq", "ne", "lt", "le", "gt", "ge")
CALCULATING = (
    *("add", "radd", "iadd", "sub", "rsub", "isub", "mul", "rmul", "mod", "rmod", "floordiv", "truediv"),
    *("neg", "int", "float", "index"),
)
USE = "take one with .acquire(), give one back with .release(); .value is how many there are."
MOST_SECONDS, MOST_AT_ONCE = 1e6, 1000


def patience(blocking: object, timeout: object, block: object) -> float | None:
    """Return the seconds that an `acquire` may wait: 0 for a single try, None for no limit. Raises ArgumentError.

    `timeout` is in seconds. `block` is multiprocessing's name for `blocking`: whichever is not True counts.
    """
    blocking = blocking if block is True else block
    if isinstance(blocking, float):
        raise ArgumentError(f"a number alone says too little: write acquire(timeout={blocking!r}).")
    if not isinstance(blocking, bool):
        blocking = limits.whole(blocking, "blocking", 0, 1)
    if timeout is None:
        return None if blocking else 0.0
    seconds = limits.number(timeout, "timeout", 0, MOST_SECONDS, "seconds")
    if not blocking:
        raise ArgumentError("acquire(False) does not wait: leave out the timeout.")
    return seconds


def times(n: object) -> int:
    """Return by how much a `release` of `n` increments the semaphore. Raises ArgumentError."""
    return limits.whole(n, "n", 1, MOST_AT_ONCE)


class Opaque:
    """The base of objects that cannot be compared, used in arithmetic or tested for truth."""

    __slots__ = ()

    def _no_number(self) -> Exception:
        """Return the exception to raise for such an operation."""
        raise NotImplementedError

    def _refuse(self, *_: object) -> object:
        raise self._no_number()

    def __bool__(self) -> bool:
        raise self._no_number()

    __hash__ = object.__hash__


for _name in (*COMPARING, *CALCULATING):
    setattr(Opaque, f"__{_name}__", Opaque._refuse)


class LabSemaphore(Opaque):
    """The base of the semaphores of a lab. `name` is what the protocol calls it."""

    __slots__ = ()
    name: str

    def _no_number(self) -> Exception:
        return TypeError(f"buf.{self.name} is no number: {USE}")


def explain(error: AttributeError) -> None:
    """When code asked a lab's semaphore for an attribute that it lacks, make the error list what it has.

    A `__getattr__` could do so directly, but in a class that has one every attribute lookup takes twice as long.
    """
    semaphore = error.obj
    if isinstance(semaphore, LabSemaphore):
        error.args = (f"buf.{semaphore.name} has no {error.name}: {USE}",)
