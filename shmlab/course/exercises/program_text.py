"""Programs given as text: compiled so that their lines can be shown, and compared with the text a student was given."""

import ast
import inspect
import itertools
import linecache
import textwrap
from collections.abc import Mapping
from types import FunctionType

from shmlab.explorer.program.cells import Atomic, Critical
from shmlab.memory.condition_variable import Condition
from shmlab.memory.errors import ArgumentError
from shmlab.memory.semaphores import Semaphore

_numbers = itertools.count(1)
WORDS: Mapping[str, object] = dict(Semaphore=Semaphore, Condition=Condition, Atomic=Atomic, Critical=Critical)


def compiled(text: str, given: Mapping[str, object] = WORDS) -> dict[str, FunctionType]:
    """Return the functions of a program text, by name; tracebacks, tables and the explorer find its lines.

    `given` are the names defined at its start; if `__builtins__` is among them, it has no other builtins.
    """
    place = f"<exercise {next(_numbers)}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    names: dict[str, object] = {"__name__": "__main__", **given}
    exec(compile(text, place, "exec"), names)
    return {name: value for name, value in names.items() if isinstance(value, FunctionType)}


def numbered(text: str) -> str:
    """Return a program text with line numbers."""
    return "\n".join(f"{number:3}  {line}".rstrip() for number, line in enumerate(text.splitlines(), 1))


def untouched(function: object, starter: str) -> bool:
    """Return whether a function still does what it did in the notebook: as in `starter`, or nothing at all."""
    if not isinstance(function, FunctionType):
        return function is None or function is ...
    try:
        given = _bodies(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    body = given.get(function.__name__)
    return body is not None and body in ("", _bodies(starter).get(function.__name__))


def _bodies(text: str) -> dict[str, str]:
    """Return the statements of each function, without comments, docstrings and `pass`."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = [part for part in node.body if not isinstance(part, ast.Pass) and not _is_constant(part)]
            found[node.name] = "\n".join(ast.unparse(part) for part in body)
    return found


def _is_constant(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


def function(given: object, name: str, arguments: str) -> FunctionType:
    """Return `given`, if it is a function that can be called with these arguments. Raises ArgumentError."""
    if not isinstance(given, FunctionType):
        raise ArgumentError(f"{name} must be a function {name}({arguments}), not {given!r}.")
    try:
        inspect.signature(given).bind(*arguments.split(", "))
    except TypeError:
        raise ArgumentError(
            f"{name} is called as {name}({arguments}); yours takes {inspect.signature(given)}."
        ) from None
    return given
