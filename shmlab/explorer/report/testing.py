"""A verdict as a test: `@shmlab.explored(...)`, for pytest, unittest or any other runner.

    @shmlab.explored(capacity=2, producers=2, consumers=2, items=2)
    def test_my_ring():
        return put, get

The test passes if every interleaving is correct. Otherwise it fails with the schedule as a table, and says how to
replay it. The function may take fixtures and parameters: it keeps its signature.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from shmlab.explorer.explore import explore
from shmlab.explorer.program.fault import WORDS
from shmlab.explorer.report.verdict import Verdict
from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

Test = Callable[..., object]


def explored(*test: object, fails: str | None = None, **arguments: Any) -> Callable[[Test], Callable[..., None]]:
    """Turn a function that returns what to explore (`put, get`, a strategy's name, or processes) into a test.

    fails: the fault that must be found, such as "overwrite", if the program is wrong on purpose.
    arguments: those of `shmlab.explore`, such as capacity, producers, shared, final.

    The test raises AssertionError if the verdict is not the expected one, or if there is none. Raises ArgumentError.
    """
    if test:
        raise ArgumentError(f"write @shmlab.explored() with brackets, above a test: not {test[0]!r}.")
    if fails is not None:
        limits.choice(fails, "fails", WORDS)
    known = list(inspect.signature(explore).parameters)[2:]
    if unknown := [name for name in arguments if name not in known]:
        raise ArgumentError(f"explored has no argument {unknown[0]!r}. It has fails and {', '.join(known)}.")

    def decorated(test: Test) -> Callable[..., None]:
        if not inspect.isfunction(test):
            raise ArgumentError(f"write @shmlab.explored() with brackets, above a test: not {test!r}.")

        @functools.wraps(test)
        def run(*given: Any, **named: Any) -> None:
            __tracebackhide__ = True  # pytest shows the test, not the frames below it
            judge(explore(*program(test(*given, **named), test.__name__), **arguments), fails)

        return run

    return decorated


def program(returned: object, name: str) -> tuple[Any, ...]:
    """Return the result of a test as the first arguments of `explore`. Raises ArgumentError."""
    if returned is None:
        raise ArgumentError(f"{name} returns nothing: let it return what is to be explored, such as `return put, get`.")
    pair = isinstance(returned, tuple) and len(returned) == 2 and all(callable(part) for part in returned)
    return returned if pair else (returned,)  # type: ignore[return-value]


def judge(verdict: Verdict, fails: str | None) -> None:
    """Raise AssertionError unless the verdict is the expected one."""
    __tracebackhide__ = True
    if verdict.fault and verdict.fault != fails:
        wanted = f"The fault that is wanted is {fails!r}, not {verdict.fault!r}.\n\n" if fails else ""
        raise AssertionError(f"{wanted}{verdict.show()}\n\n{again(verdict)}")
    if not verdict.fault and (fails or not verdict.ok):
        wanted = f"No {fails!r} was found.\n\n" if fails else ""
        raise AssertionError(f"{wanted}{verdict.summary}")


def again(verdict: Verdict) -> str:
    """Return how to see a failing schedule again."""
    return (
        "To see it again, make a verdict with explore() of the same program and arguments:\n"
        "  verdict.replay()  plays it on real processes\n"
        "  verdict.play()    opens it in the stepper, in a notebook\n"
        f"  verdict.show({verdict.schedule!r})  is this very schedule"
    )
