"""The lab that a cell shows: the arguments of its `labs.live(...)`, provided they are plain values.

The source is parsed, not run.
"""

import ast
from collections.abc import Callable
from inspect import signature
from typing import Any

from shmlab.memory.errors import ArgumentError

Arguments = dict[str, Any]


def live(source: str, called: Callable[..., object]) -> Arguments | None:
    """Return the arguments of the last `live(...)` in a cell, with `called`'s defaults; None if there is no such call.

    Raises ArgumentError if one of them is not a plain value, which cannot be known without running the code.
    """
    calls = [node for node in ast.walk(_tree(source)) if isinstance(node, ast.Call) and _name(node.func) == "live"]
    if not calls:
        return None
    call = max(calls, key=lambda node: (node.lineno, node.col_offset))
    try:
        given = [ast.literal_eval(value) for value in call.args]
        named = {word.arg or "**": ast.literal_eval(word.value) for word in call.keywords}
    except ValueError:
        raise ArgumentError(f"`{ast.unparse(call)}` has arguments that are no plain values") from None
    try:
        bound = signature(called).bind(*given, **named)
    except TypeError as error:
        raise ArgumentError(f"`{ast.unparse(call)}`: {error}") from None
    bound.apply_defaults()
    return bound.arguments


def _tree(source: str) -> ast.AST:
    """Return the syntax tree of the cell without its IPython and shell lines."""
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return ast.Module([], [])


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
