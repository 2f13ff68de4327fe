"""A student's own `put` and `get` as a strategy.

The functions travel to the workers over a private pipe; what they share is either given or the
textbook's usual names, as far as the functions mention them.
"""

import difflib
import inspect
import keyword
import linecache
import operator
import sys
from collections.abc import Mapping

from shmlab.memory import condition_variable, optional_packages
from shmlab.memory.errors import ArgumentError, PackageMissing
from shmlab.memory.layout import NAME_BYTES, SEMAPHORE_COUNT, VARIABLE_COUNT
from shmlab.memory.semaphores import Semaphore
from shmlab.strategies import Strategy, functions

USUAL_VARIABLES = dict(in_=0, out=0, count=0)
NOT_SHARED = ("slots", "capacity")


def strategy(put: object, get: object, shared: object) -> Strategy:
    """Check a student's functions and shared variables, and make a strategy of them. Raises ArgumentError."""
    put, get = functions.checked(put, "put", "buf, item"), functions.checked(get, "get", "buf")
    declared, conditions = _declared(shared)
    mentioned = functions.mentioned(put, get)

    def initial(capacity: int) -> dict[str, int | Semaphore]:
        if declared is not None:
            return declared
        semaphores = dict(empty=Semaphore(capacity), full=Semaphore(0), mutex=Semaphore(1))
        usual: dict[str, int | Semaphore] = {**USUAL_VARIABLES, **semaphores}
        return {name: value for name, value in usual.items() if name in mentioned}

    def warning(producers: int, consumers: int) -> str | None:
        return None

    return Strategy("your own", put, get, initial, "your own put and get", warning, conditions=conditions)


def pickled(strategy: Strategy) -> bytes:
    """Both functions and the text around them (for tracebacks), as a worker reads them from its standard input."""
    both = (strategy.put, strategy.get)
    sources = {f.__code__.co_filename: "".join(linecache.getlines(f.__code__.co_filename)) for f in both}
    beside = {inspect.getmodule(f) for f in both} - {None, sys.modules["__main__"]}
    by_value = [m for m in beside if m and not m.__name__.startswith("shmlab.")]
    try:  # what lies beside the notebook cannot be imported by a worker
        return optional_packages.pickled((*both, sources, dict(strategy.conditions)), by_value)
    except PackageMissing:
        raise
    except Exception as error:
        raise ArgumentError(f"put and get cannot be sent to another process: {error}. Use plain functions.") from error


def _declared(shared: object) -> tuple[dict[str, int | Semaphore] | None, dict[str, str]]:
    """The variables and semaphores of a student, and the locks of the conditions among them."""
    if shared is None:
        return None, {}
    if not isinstance(shared, Mapping):
        raise ArgumentError(
            f"shared must be a dict of names and initial values, such as dict(count=0), not {shared!r}."
        )
    declared = dict[str, int | Semaphore]()
    conditions = condition_variable.locks(shared)
    for name, value in shared.items():
        if not _good_name(name):
            raise ArgumentError(
                f"shared variable {name!r}: a name is a short identifier (under {NAME_BYTES} letters, no __ in front)."
            )
        if name in NOT_SHARED:
            raise ArgumentError(f"shared variable {name!r}: buf has that already; choose another name.")
        if name in conditions:
            if len(name) >= NAME_BYTES - len(condition_variable.WAITING):
                raise ArgumentError(f"condition {name!r}: its name must be under {NAME_BYTES - 8} letters.")
            declared |= condition_variable.parts(name, conditions[name])
            continue
        start = value.value if isinstance(value, Semaphore) else value
        least = 0 if isinstance(value, Semaphore) else -(1 << 63)
        number = None if isinstance(start, bool) or not hasattr(type(start), "__index__") else operator.index(start)
        if number is None or not least <= number < 1 << 31:
            raise ArgumentError(
                f"shared variable {name!r} starts as a whole number, Semaphore(n) or Condition(), not {value!r}."
            )
        declared[name] = value if isinstance(value, Semaphore) else number
    semaphores = sum(isinstance(value, Semaphore) for value in declared.values())
    if semaphores > SEMAPHORE_COUNT or len(declared) - semaphores > VARIABLE_COUNT:
        made = ", of which each condition takes two or three, and a variable" if conditions else ""
        raise ArgumentError(
            f"shared may have {VARIABLE_COUNT} variables and {SEMAPHORE_COUNT} semaphores at most{made}."
        )
    return declared, conditions


def _good_name(name: object) -> bool:
    if not isinstance(name, str) or not name.isascii() or len(name) >= NAME_BYTES:
        return False
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


def nearest(name: str, layout_names: list[str]) -> str:
    """What a misspelt shared variable was probably meant to be, as a sentence."""
    close = difflib.get_close_matches(name, layout_names, 1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"there is no shared variable {name!r}.{meant} There are: {', '.join(layout_names)}."
