"""The kinds of steps: every access to shared memory is one, and every decision that is left open (`choose`)."""

LOAD, STORE, ACQUIRE, RELEASE, ATOMIC, ENTER, LEAVE, CHOOSE, DONE, RAISED = range(10)
NAMES = ("load", "store", "acquire", "release", "atomic", "enter", "leave", "choose", "done", "raised")

Value = int | None  # what a shared cell holds
NOWHERE = -1  # the address of a step that touches no memory
Argument = object  # of a step: the value to store, what an atomic step does, or the alternatives that are left


def atomically(argument: tuple[str, Value, Value], value: Value) -> tuple[Value, Value | bool]:
    """What an atomic step makes of a cell's value: (the value after, what the process gets)."""
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
    """Whether a step takes a semaphore if there is one, and else tells that there is none."""
    return kind == ATOMIC and isinstance(argument, tuple) and argument[0] == "take"


def drained(argument: Argument) -> int | None:
    """The process whose store buffer an atomic step empties; None where it does something else."""
    assert isinstance(argument, tuple)
    return argument[1] if argument[0] == "drain" else None
