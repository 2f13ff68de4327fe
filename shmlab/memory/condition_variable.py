"""Condition variables: wait inside a monitor until notified, as in Python's `threading`.

A condition variable is built from what every lab has: a semaphore on which the waiting processes sleep, a count of
waiting processes that have not been notified yet, and a second semaphore, on which `notify` waits until the woken
process has taken its wake-up. The notifier still holds the lock then, so no later waiter can take it instead.

The code below is what is explored, stepped and run. A woken process must take the lock again like any other, so
another process may have been inside before it: it must recheck its condition (`while`, not `if`).
Sources: Lampson and Redell, Experience with Processes and Monitors in Mesa (1980); Birrell, Implementing Condition
Variables with Semaphores (2003); Python's documentation of `threading.Condition`.
"""

from collections.abc import Callable, Mapping
from functools import partial

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphore_rules import MOST_AT_ONCE, Opaque
from shmlab.memory.semaphores import Semaphore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Turnstile(Protocol):
        """A semaphore, of a lab or of the explorer."""

        def acquire(self) -> object: ...
        def release(self) -> object: ...


USE = "enter it with `with`, sleep with .wait() in a while loop, wake one with .notify() or all with .notify_all()."
PATIENCE = "wait takes no timeout here: whoever waits is notified at some time, or is in a deadlock."
WAITING, WOKEN, LOCK = ".waiting", ".woken", ".lock"  # the names of a condition's other parts, appended to its own


class Condition:
    """A condition variable as declared in `shared`. `lock`: the name of the semaphore there that is its lock.

        shared=dict(mutex=Semaphore(1), not_full=Condition("mutex"), not_empty=Condition("mutex"), count=0)

    Without a name it gets its own lock. A process that is killed while it waits is still counted: nothing repairs
    that, and a later `notify` waits for it.
    """

    __slots__ = ("lock",)

    def __init__(self, lock: str | None = None) -> None:
        if lock is not None and not (isinstance(lock, str) and lock):
            raise ArgumentError(f"a condition's lock is the name of a semaphore, such as 'mutex', not {lock!r}.")
        self.lock = lock


def rows(shared: Mapping[str, object]) -> dict[str, int]:
    """Return the number of conditions in each list of conditions in `shared`."""
    lists = {name: value for name, value in shared.items() if isinstance(value, (list, tuple)) and value}
    return {name: len(row) for name, row in lists.items() if all(isinstance(one, Condition) for one in row)}


def each(name: str, length: int) -> list[str]:
    """Return the names of the conditions in a list of `length` conditions called `name`."""
    return [f"{name}[{index}]" for index in range(length)]


def spread(shared: "Mapping[str, Any]") -> "dict[str, Any]":
    """Return `shared` with each condition of a list under its own name."""
    lists = rows(shared)
    single: dict[str, Any] = {}
    for name, value in shared.items():
        single |= dict(zip(each(name, lists[name]), value, strict=True)) if name in lists else {name: value}
    return single


def locks(shared: Mapping[str, object]) -> dict[str, str]:
    """Return the name of the lock of each condition in `shared`. Raises ArgumentError."""
    found = {}
    for name, value in shared.items():
        condition = value() if value is Condition else value
        if not isinstance(condition, Condition):
            continue
        lock = shared.get(condition.lock) if condition.lock else Semaphore(1)
        if not isinstance(lock, Semaphore) or lock.value != 1:
            raise ArgumentError(
                f"the lock of condition {name!r} is {condition.lock!r}, which must be a Semaphore(1) in shared."
            )
        found[name] = condition.lock or name + LOCK
    return found


def parts(name: str, lock: str) -> dict[str, int | Semaphore]:
    """Return the parts that make up a condition called `name` with this `lock`, each with its initial value."""
    own = {lock: Semaphore(1)} if lock == name + LOCK else {}
    return {**own, name + WAITING: 0, name: Semaphore(0), name + WOKEN: Semaphore(0)}


class ConditionVariable:
    """The operations on a condition variable. A lab and the explorer each have a subclass with the parts.

    `_count` returns how many processes wait and have not been notified, `_set` stores that number;
    `_error` makes an exception from a sentence.
    """

    __slots__ = ()
    _lock: "Turnstile"
    _sleepers: "Turnstile"
    _woken: "Turnstile"
    _set: Callable[[int], object]

    def _count(self) -> int:
        raise NotImplementedError

    def _error(self, sentence: str) -> Exception:
        raise NotImplementedError

    def wait(self, timeout: object = None) -> bool:
        """Release the lock, sleep until notified, take the lock again. `timeout` must be None."""
        if timeout is not None:
            raise self._error(PATIENCE)
        self._set(self._count() + 1)
        self._lock.release()
        self._sleepers.acquire()
        self._woken.release()
        self._lock.acquire()
        return True

    def wait_for(self, predicate: Callable[[], object], timeout: object = None) -> object:
        """Wait until `predicate()` is true; return its result. `timeout` must be None."""
        result = predicate()
        while not result:
            self.wait(timeout)
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake `n` of the processes that are waiting, or all if there are fewer."""
        try:
            most = limits.whole(n, "n", 1, MOST_AT_ONCE)
        except ArgumentError as error:
            raise self._error(str(error)) from None
        self._wake(most)

    def notify_all(self) -> None:
        """Wake all processes that are waiting."""
        self._wake(MOST_AT_ONCE)

    def _wake(self, most: int) -> None:
        waiting = self._count()
        woken = min(waiting, most)
        if woken:
            self._set(waiting - woken)
        for _ in range(woken):
            self._sleepers.release()
        for _ in range(woken):
            self._woken.acquire()

    def acquire(self) -> object:
        """Take the lock."""
        return self._lock.acquire()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class LabCondition(ConditionVariable, Opaque):
    """A condition variable of a lab, built from parts of `buf`."""

    __slots__ = ("_lock", "_name", "_number", "_set", "_sleepers", "_woken")
    _lock: "Any"

    def __init__(self, name: str, lock: str, buf: "Mapping[str, Any]") -> None:
        self._name = name
        self._lock, self._sleepers, self._woken = buf[lock], buf[name], buf[name + WOKEN]
        number: property = buf[name + WAITING]
        self._number, self._set = partial(number.fget, None), partial(number.fset, None)  # type: ignore[arg-type, misc]

    def _count(self) -> int:
        if self._lock.value:
            raise RuntimeError(f"buf.{self._name} without its lock: put `with buf.{self._name}:` around wait, notify")
        return self._number()  # type: ignore[no-any-return]

    def _error(self, sentence: str) -> Exception:
        return ArgumentError(f"buf.{self._name}: {sentence}")

    def _no_number(self) -> Exception:
        return TypeError(f"buf.{self._name} is no number: {USE}")

    def __getattr__(self, name: str) -> object:  # only called for attributes that do not exist
        if name in LabCondition.__slots__:
            raise AttributeError(name)
        raise AttributeError(f"buf.{self._name} has no {name}: {USE}")
