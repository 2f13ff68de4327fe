"""Static checks of a function's code before it runs: the globals that it mentions, and forbidden operations."""

import dis
import functools
import types
from collections.abc import Iterator

from shmlab.explorer.program.explorer_errors import CannotFollow

Function = types.FunctionType
GLOBALS = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])
STORES = frozenset(["STORE_GLOBAL", "DELETE_GLOBAL"])
ATTRIBUTES = frozenset(["STORE_ATTR", "DELETE_ATTR"])
READS = frozenset(["LOAD_ATTR", "LOAD_METHOD"])
HIDDEN = {  # special names that a program need not use -> what to write instead
    **dict.fromkeys(("__pow__", "__rpow__", "__ipow__"), "write a ** b"),
    **dict.fromkeys(("__lshift__", "__rlshift__", "__ilshift__"), "write a << b"),
    **dict.fromkeys(("__mul__", "__rmul__", "__imul__"), "write a * b"),
    "__hash__": "it differs from process to process: compare the values themselves",
    "__annotations__": "it outlives the call: use a local variable",
}


def refuse(function: Function) -> None:
    """Refuse code that changes a global, or a special attribute (dunder name). Raises CannotFollow."""
    called = function.__name__
    for it in (it for code in codes(function.__code__) for it in dis.get_instructions(code)):
        name = it.argval
        if it.opname in STORES:
            raise CannotFollow(
                f"{called} changes the global {name}: processes share nothing but buf. Write buf.{name} and "
                f"shared=dict({name}=0), or use a local variable."
            )
        if it.opname in ATTRIBUTES and name.startswith("__") and name.endswith("__"):
            raise CannotFollow(
                f"{called} changes the attribute {name}, which outlives the call: processes share nothing but buf. "
                "Use a local variable."
            )
        if it.opname in READS and name in HIDDEN:
            raise CannotFollow(f"{called} uses .{name}, which cannot be explored: {HIDDEN[name]}.")


@functools.lru_cache(1000)
def mentioned(code: types.CodeType) -> list[str]:
    """Return the names of globals in a code, including the lambdas, comprehensions and functions inside it."""
    found = dict.fromkeys([it.argval for it in dis.get_instructions(code) if it.opname in GLOBALS])
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= dict.fromkeys(mentioned(constant))
    return list(found)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object, and those of the functions and comprehensions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)
