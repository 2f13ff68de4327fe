"""What a student's function is, and what it reaches: one inspector for the lab, the explorer and the exercises.

A function reaches what its text mentions: globals, what it closes over, its defaults and attributes, and from there
the functions of classes, objects, modules and containers, as far as they are not Python's own.
"""

import inspect
import sys
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from shmlab.memory import limits
from shmlab.memory.errors import ArgumentError

HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, not in C
MOST = 1000  # things to look at
ENOUGH = 100  # elements of a container in which to look for functions
NOT_OWN = ("shmlab.explorer.", "shmlab.views.notebook.")


def checked(function: object, name: str, arguments: str) -> FunctionType:
    """`function`, if it is a plain function that can be called as name(arguments), or name(arguments, me).

    `me` is the number of its process. Raises ArgumentError.
    """
    if not isinstance(function, FunctionType):
        wanted = f"{name} must be a function {name}({arguments}), not {function!r}. Give both put and get."
        raise ArgumentError(f"{wanted}{_instead(function)}")
    signature, given = inspect.signature(function, follow_wrapped=False), arguments.split(", ")
    try:
        signature.bind(*given, *("me" for _ in range(limits.takes_number(function.__code__, len(given)))))
    except TypeError:
        called = f"{name}({arguments}), or {name}({arguments}, me), where me is the number of its process"
        raise ArgumentError(f"{name} is called as {called}; yours takes {signature}.") from None
    return function


def _instead(function: object) -> str:
    """What to write instead of something that can be called and is no function."""
    if isinstance(function, MethodType):
        return " A method belongs to one object, which processes cannot share: call it from a function."
    if isinstance(function, (partial, type)) or callable(function):
        return " Call it from a function, defined with def."
    return ""


def is_own(thing: FunctionType | type) -> bool:
    """Whether a function or class is a program's own: not Python's, nor of this package's machinery."""
    if isinstance(thing, FunctionType):
        module = thing.__globals__.get("__name__")
    else:
        module = thing.__module__ if thing.__flags__ & HEAP_TYPE else "sys"
    if module is None or module == "builtins":  # made by exec, with globals of its own
        return True
    if not isinstance(module, str) or not (isinstance(thing, FunctionType) or _is_written(module)):
        return False  # a class made in C
    if module.startswith("shmlab."):
        if module == "shmlab.explorer.program.items":
            return True
        return not module.startswith(NOT_OWN) and isinstance(thing, FunctionType)
    return module.partition(".")[0] not in sys.stdlib_module_names


def _is_written(module: str) -> bool:
    """Whether a module is one of Python text: a notebook, a file, or a text run by exec under a name of its own."""
    if module == "__main__" or module not in sys.modules:
        return True
    return (getattr(sys.modules[module], "__file__", None) or "").endswith((".py", ".pyc", ".ipynb"))


def names(code: CodeType) -> set[str]:
    """All names of globals and attributes in a code, and in the functions inside it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= names(constant)
    return found


def mentioned(*functions: FunctionType) -> set[str]:
    """All names in these functions and in all that they reach: among them those of the shared variables they use."""
    return {name for function in reached(*functions) for name in names(function.__code__)}


def reached(*functions: FunctionType) -> list[FunctionType]:
    """These functions, and all functions of the program's own that they reach."""
    found: dict[FunctionType, None] = {}
    seen: dict[int, object] = {}
    waiting: list[object] = list(functions)
    while waiting and len(seen) < MOST:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, FunctionType) and (is_own(thing) or thing.__closure__):
            if is_own(thing):
                found[thing] = None
            waiting += _mentions(thing)
        else:
            waiting += _parts(thing)
    return list(found)


def _mentions(function: FunctionType) -> Iterator[object]:
    """What a function's text mentions, and what it carries."""
    if is_own(function):
        mentioned = names(function.__code__)
        for name in mentioned & function.__globals__.keys():
            value = function.__globals__[name]
            yield value
            if isinstance(value, ModuleType):
                yield from [vars(value)[part] for part in mentioned & vars(value).keys()]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()


def _parts(thing: Any) -> list[object]:
    """What else can hold functions: classes, objects, methods, containers."""
    if isinstance(thing, type):
        return [part for base in thing.__mro__ if is_own(base) for part in vars(base).values()]
    if isinstance(thing, (MethodType, staticmethod, classmethod)):
        return [thing.__func__, getattr(thing, "__self__", None)]
    if isinstance(thing, property):
        return [thing.fget, thing.fset, thing.fdel]
    if isinstance(thing, partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, dict):
        return list(thing.values())[:ENOUGH]
    if isinstance(thing, (list, tuple, set, frozenset)):
        return [type(thing), *list(thing)[:ENOUGH]]
    if isinstance(thing, ModuleType):
        return []
    if is_own(type(thing)):
        return [type(thing), *getattr(thing, "__dict__", {}).values()]
    wrapped = getattr(thing, "__wrapped__", None) if callable(thing) else None
    return [wrapped] if isinstance(wrapped, FunctionType) else []
