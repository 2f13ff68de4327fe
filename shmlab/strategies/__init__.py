"""The synchronisation strategies, by name: each of those in `names` is a file that reads like the textbook's page.

A strategy is a module with `put(buf, item)`, `get(buf)`, `shared(capacity)` (its variables and
semaphores with their initial values), `at_rest(capacity, used)` (its invariant: the values that
follow from `used` full slots when nobody is inside), `TITLE` and `warning(producers, consumers)`.
To add one, copy a file and add its name here; CONTRIBUTING.md says what else belongs to it.

`own` makes a strategy of a student's functions, with `functions`, which looks into what they are; `choice` is the
decision that a program text may leave open.
"""


import importlib
from collections.abc import Callable, Mapping
from types import ModuleType

from shmlab.memory.errors import ArgumentError

TYPE_CHECKING = False  # the names are known also where there is no shared memory
if TYPE_CHECKING:
    from shmlab.memory.semaphores import Semaphore

names = ("semaphores", "busy_waiting", "condition", "unsynchronised", "unbounded")


class Strategy:
    """A protocol: `put`, `get`, and what they share.

    `shared(capacity)` gives the initial value of each shared variable (an int) and semaphore;
    `warning(producers, consumers)` says where it is not sound on this machine, or None. `at_rest(capacity, used)`
    gives what has to hold when nobody is inside; it is None where nobody knows. `name` is what one chooses it by,
    `title` what a view writes above it; `unbounded` says that its segment may grow; `conditions` maps the names of
    condition variables to those of their locks.
    """

    __slots__ = ("at_rest", "conditions", "get", "name", "put", "shared", "title", "unbounded", "warning")

    def __init__(
        self,
        name: str,
        put: Callable[..., None],
        get: Callable[..., object],
        shared: Callable[[int], Mapping[str, "int | Semaphore"]],
        title: str,
        warning: Callable[[int, int], str | None],
        unbounded: bool = False,
        at_rest: Callable[[int, int], Mapping[str, int]] | None = None,
        conditions: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.put, self.get, self.shared = name, put, get, shared
        self.title, self.warning, self.unbounded, self.at_rest = title, warning, unbounded, at_rest
        self.conditions = conditions or {}

    def __repr__(self) -> str:
        return f"<strategy {self.name}: {self.title}>"


def find(name: object) -> Strategy:
    """The strategy of that name. Raises ArgumentError, which lists the names that exist."""
    if not isinstance(name, str) or name not in names:
        raise ArgumentError(f"there is no strategy {name!r}. Strategies: {', '.join(names)}.")
    text = importlib.import_module(f"{__name__}.{name}")
    unbounded = getattr(text, "UNBOUNDED", False)
    return Strategy(name, text.put, text.get, text.shared, text.TITLE, text.warning, unbounded, text.at_rest)


def __getattr__(name: str) -> ModuleType:
    if name in names:  # strategies.semaphores, loaded at first use
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}. Strategies: {', '.join(names)}.")
