"""What a protocol text may ask of a semaphore, the same in a lab and in the explorer, and what it is told otherwise.

A semaphore is no number: it cannot be compared, calculated with or taken for true or false, but it has a `value`.
`acquire` and `release` take what those of Python's own semaphores take.
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
    """The seconds that an `acquire` may wait: 0 for an attempt, None for ever. Raises ArgumentError.

    `block` is multiprocessing's word for `blocking`: whichever is not True counts.
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
    """How many a `release` gives back. Raises ArgumentError."""
    return limits.whole(n, "n", 1, MOST_AT_ONCE)


class Opaque:
    """The base of what cannot be compared, calculated with or taken for true or false."""

    __slots__ = ()

    def _no_number(self) -> Exception:
        """What is raised for that."""
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
    """Where somebody asked a semaphore of a lab for what none has, let the error say what it has.

    A `__getattr__` would say it at once, but a class with one looks up each of its attributes at half the speed.
    """
    semaphore = error.obj
    if isinstance(semaphore, LabSemaphore):
        error.args = (f"buf.{semaphore.name} has no {error.name}: {USE}",)
