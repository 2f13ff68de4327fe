"""The kinds of steps: each access to shared memory is one, and each choice that is left open (`choose`)."""

LOAD, STORE, ACQUIRE, RELEASE, ATOMIC, ENTER, LEAVE, CHOOSE, DONE, RAISED = range(10)
NAMES = ("load", "store", "acquire", "release", "atomic", "enter", "leave", "choose", "done", "raised")

Value = int | None  # what a shared cell holds
NOWHERE = -1  # the address of a step that touches no memory
Argument = object  # of a step: the value to store, what an atomic step does, or the remaining alternatives


def atomically(argument: tuple[str, Value, Value], value: Value) -> tuple[Value, Value | bool]:
    """Return the effect of an atomic step on a cell's value: (the new value, what the process gets)."""
    what, first, second = argument
    if what == "store":
        return first, None
    if what == "swap":
        return first, value
    if what == "take":
        return (value - 1, True) if value else (value, False)
    if what in ("add", "post"):
        return (value or 0) + (first or 0), value
    if what == "drain":
        return value, None
    return (second, True) if value == first else (value, False)


def attempts(kind: int, argument: Argument) -> bool:
    """Return whether a step is a try-acquire of a semaphore."""
    return kind == ATOMIC and isinstance(argument, tuple) and argument[0] == "take"


def drained(argument: Argument) -> int | None:
    """Return the process whose store buffer an atomic step drains; None if it does something else."""
    assert isinstance(argument, tuple)
    return argument[1] if argument[0] == "drain" else None
