"""The ring's functions with one fence taken out: what the fence is for must show."""

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

FENCE = {"fence_release", "fence_acquire"}


def count(function: Callable[..., object]) -> int:
    """How many fences a function's text has."""
    return ast.unparse(_tree(function)).count("fence_release")


def without(function: Any, number: int) -> Any:
    """The function without its fence number `number`, counted from 0 in the order of the text."""
    tree = _Remover(number).visit(_tree(function))
    source = ast.unparse(ast.fix_missing_locations(tree))
    return _compiled(function, source, function.__name__, f"<{function.__name__} without fence {number}>")


def changed(function: Any, name: str, old: str, new: str) -> Any:
    """A function called `name` with the text of another, but for one place."""
    source = ast.unparse(_tree(function))
    assert source.count(old) == 1
    source = source.replace(old, new).replace(f"def {function.__name__}(", f"def {name}(")
    return _compiled(function, source, name, f"<{name}>")


def _compiled(function: Any, source: str, name: str, filename: str) -> Any:
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    names: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), dict(vars(inspect.getmodule(function))), names)
    return names[name]


def _tree(function: Any) -> ast.Module:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    return tree


class _Remover(ast.NodeTransformer):
    def __init__(self, number: int) -> None:
        self._number, self._seen = number, -1

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in FENCE:
            return node
        self._seen += call.func.attr == "fence_release"
        return ast.copy_location(ast.Pass(), node) if self._seen == self._number else node
