"""Which lab a cell shows: the arguments of its `labs.live(...)`, as far as they are plain values.

The source is read, not run.
"""

import ast
from collections.abc import Callable
from inspect import signature
from typing import Any

from shmlab.memory.errors import ArgumentError

Arguments = dict[str, Any]


def live(source: str, called: Callable[..., object]) -> Arguments | None:
    """The arguments of the last `live(...)` in a cell, all that `called` has; None where there is no such call.

    Raises ArgumentError where one of them is not a plain value: who makes a page without a kernel cannot know it.
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
    """The cell without its lines for IPython and the shell."""
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return ast.Module([], [])


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
