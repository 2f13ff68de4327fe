"""Markers in a copy of the program's source, so that the explorer knows where a process is.

The student's function is unchanged; the copy that is explored calls

- `__here__(n, held)` before each statement and before each evaluation of a `while` test: the process
  is at mark n with these locals, and what it read before is either in them or forgotten;
- `__hold__(n, x, True)` around what a `for` iterates over and a `with` holds: that is kept beside the locals;
- `__track__(f)` for each function f that is defined inside;
- `__tick__()` in every loop, so that an infinite one is detected, and the markers of `expressions`.

`except` and `finally` bodies are not marked, because an exception or a return value is pending there, invisibly:
what is read there accumulates, which is finer than needed but still correct. The same applies to generators and
lambdas. Functions defined elsewhere are marked by `marked_copies`.
"""

import ast
import inspect
import types
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from shmlab.explorer.program import expressions
from shmlab.explorer.program.explorer_errors import CannotFollow, NoText
from shmlab.explorer.program.expressions import call

Function = types.FunctionType
CALLS = frozenset(["acquire", "release", "wait", "signal", "P", "V", "down", "up"])  # always meant as calls
MADE: WeakKeyDictionary[Function, tuple[types.CodeType, types.CodeType]] = WeakKeyDictionary()  # a cache


def marked(function: Function) -> types.CodeType:
    """Return the code of a function with markers in it. Raises CannotFollow."""
    own, code = MADE.get(function, (None, None))
    if code is None or own is not function.__code__:
        tree, first = definition(function)
        _refuse_what_cannot_be_followed(tree, function, first)
        tree.body = _Marker().block(tree.body)
        code = _compiled(tree, function, first)
        MADE[function] = function.__code__, code
    return code


def ticking(function: Function) -> types.CodeType:
    """Return the code of a function with ticks only, to detect infinite loops; unchanged if it has no source."""
    try:
        tree, first = definition(function)
    except CannotFollow:
        return function.__code__
    tree.body = [expressions.ticking(statement) for statement in tree.body]
    return _compiled(tree, function, first)


def definition(function: Function) -> tuple[ast.FunctionDef, int]:
    """Return the syntax tree of a function, and its first line in its file. Raises CannotFollow."""
    if function.__name__ == "<lambda>":
        raise CannotFollow("a lambda cannot be explored: write it as a function with def.")
    if inspect.iscoroutinefunction(function):
        raise CannotFollow(
            f"{function.__name__} is a coroutine (async def): write it with def; every access is a step."
        )
    try:
        source = inspect.getsource(function.__code__)  # of this very function, even if it wraps another
        inside = source[:1].isspace()  # a class or a function
        tree = ast.parse(f"if 1:\n{source}" if inside else source).body[0]
    except (OSError, TypeError, SyntaxError) as error:
        raise NoText(
            f"the source of {function.__name__} cannot be read ({error}): define it in a cell or a file."
        ) from None
    if inside:
        assert isinstance(tree, ast.If)
        tree = ast.increment_lineno(tree.body[0], -1)
    if not isinstance(tree, ast.FunctionDef):
        raise CannotFollow(f"{function.__name__} is not defined with def: write it as a function of its own.")
    return tree, function.__code__.co_firstlineno


def never_ends(function: object) -> bool:
    """Return whether a function never ends by its source: it has a `while True` without an exit."""
    if not isinstance(function, Function):
        return False
    try:
        text, _ = definition(function)
    except NoText:
        return False
    return any(_is_endless(statement) for statement in text.body)


def _is_endless(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.While) or not isinstance(statement.test, ast.Constant) or not statement.test.value:
        return False
    return not any(isinstance(node, (ast.Break, ast.Return, ast.Raise)) for node in ast.walk(statement))


def _refuse_what_cannot_be_followed(definition: ast.FunctionDef, function: Function, first: int) -> None:
    """Raise CannotFollow for generators, assignments to globals, async code, and calls without parentheses."""

    def refuse(node: ast.stmt | ast.expr, what: str) -> None:
        raise CannotFollow(f"line {node.lineno + first - 1} of {function.__name__}: {what}")

    inner = [n for n in ast.walk(definition) if isinstance(n, (ast.FunctionDef, ast.Lambda)) and n is not definition]
    below = {id(part) for function_inside in inner for part in ast.walk(function_inside)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Global):
            refuse(
                node,
                f"`global {', '.join(node.names)}`: processes share nothing but buf. Write buf.{node.names[0]} and "
                f"shared=dict({node.names[0]}=0), or use a local variable.",
            )
        if isinstance(node, (ast.Yield, ast.YieldFrom)) and id(node) not in below:
            refuse(node, "yield makes this a generator: return the value, or build a list.")
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute) and node.value.attr in CALLS:
            said = ast.unparse(node.value)
            refuse(node, f"{said} without parentheses does nothing: write {said}().")
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)):
            refuse(node, "async and await cannot be followed: write plain code; every access to buf is a step already.")


def _compiled(definition: ast.FunctionDef, function: Function, first: int) -> types.CodeType:
    definition.decorator_list = []
    definition.returns = None
    tree: ast.stmt = definition
    *_, owner, _ = ("", "", *function.__code__.co_qualname.split("."))
    if owner.isidentifier():  # inside a class of that name, for names such as __private
        tree = _around("class __body__", _around(f"class {owner}", tree))  # not mistaken for the real one
    free = function.__code__.co_freevars
    if free:  # inside a function with these names, so that they are compiled as free variables
        tree = _around(f"def __outer__({', '.join(free)})", tree)
    module = ast.fix_missing_locations(ast.Module([tree], []))
    ast.increment_lineno(module, first - 1)
    return next(_codes(compile(module, function.__code__.co_filename, "exec"), definition.name))


def _around(head: str, body: ast.stmt) -> ast.stmt:
    outer = ast.parse(f"{head}:\n pass").body[0]
    assert isinstance(outer, (ast.FunctionDef, ast.ClassDef))
    outer.body = [body]
    return outer


def _codes(code: types.CodeType, name: str) -> Iterator[types.CodeType]:
    """Yield the functions of that name inside a code object, outer ones first."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_name == name and constant.co_flags & inspect.CO_OPTIMIZED:  # a class body is not
                yield constant
            yield from _codes(constant, name)


class _Marker(ast.NodeTransformer):
    """Transformer that inserts the markers. `held` are the numbers of the enclosing loops and context managers."""

    def __init__(self) -> None:
        self.number = 0
        self.held: tuple[int, ...] = ()

    def block(self, body: list[ast.stmt], marked: bool = True) -> list[ast.stmt]:
        out = []
        for statement in body:
            if marked:
                out.append(self.mark(statement))
            out.append(self.statement(statement, marked))
        return out

    def mark(self, place: ast.stmt) -> ast.stmt:
        return ast.copy_location(ast.Expr(self.here()), place)

    def here(self) -> ast.expr:
        return call(
            "__here__", ast.Constant(self._next()), ast.Tuple([ast.Constant(n) for n in self.held], ast.Load())
        )

    def hold(self, number: int, thing: ast.expr, walked: bool) -> ast.expr:
        return ast.copy_location(call("__hold__", ast.Constant(number), thing, ast.Constant(walked)), thing)

    def statement(self, s: ast.stmt, marked: bool) -> ast.stmt:
        around = self.held
        if isinstance(s, ast.FunctionDef):
            return _inner(s)
        if isinstance(s, ast.ClassDef):
            methods = ast.FunctionDef
            s.body = [_inner(part) if isinstance(part, methods) else expressions.ticking(part) for part in s.body]
        elif isinstance(s, ast.For):
            number = self._next()
            s.iter = self.hold(number, expressions.ticking(s.iter), True)
            self.held = (*around, number)
            s.body = self.block(s.body, marked)
            s.body.insert(0, expressions.tick(s))
            self.held = around
            s.orelse = self.block(s.orelse, marked)
        elif isinstance(s, ast.While):
            test = expressions.ticking(s.test)
            mark = self.here() if marked else expressions.not_tick()
            s.test = ast.copy_location(ast.BoolOp(ast.Or(), [mark, test]), s.test)
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
        elif isinstance(s, ast.If):
            s.test = expressions.ticking(s.test)
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
        elif isinstance(s, ast.Match):
            s.subject = call("__certain__", expressions.ticking(s.subject))
            for case in s.cases:
                case.body = self.block(case.body, marked)
        elif isinstance(s, ast.With):
            for item in s.items:
                number = self._next()
                self.held = (*self.held, number)
                item.context_expr = self.hold(number, expressions.ticking(item.context_expr), False)
            s.body = self.block(s.body, marked)
            if marked:
                s.body.append(self.mark(s.body[-1]))  # after the block, what its body read no longer matters
            self.held = around
        elif isinstance(s, (ast.Try, ast.TryStar)):
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
            for handler in s.handlers:
                handler.body = self.block(handler.body, False)
            s.finalbody = self.block(s.finalbody, False)
        else:
            s = expressions.ticking(s)
        return s

    def _next(self) -> int:
        self.number += 1
        return self.number


def _inner(definition: ast.FunctionDef) -> ast.stmt:
    """Mark and track a function that is defined inside another one."""
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(definition)):
        ticking: ast.stmt = expressions.ticking(definition)
        return ticking
    definition.body = _Marker().block(definition.body)
    definition.decorator_list.append(ast.copy_location(ast.Name("__track__", ast.Load()), definition))
    return definition
