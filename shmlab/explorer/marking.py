"""Markers in a copy of the program's text, so that the explorer knows where a process stands.

The student's function stays as it is; the copy that is explored calls

- `__here__(n, held)` before each statement and before each evaluation of a `while` test: the process
  stands at mark n with these locals, and what it read before is either in them or forgotten;
- `__hold__(n, x, True)` around what a `for` walks over and a `with` holds: that is kept beside the locals;
- `__tick__()` in every loop and comprehension, so that one without end is noticed.

In `except` and `finally` bodies nothing is marked, because an exception or a return value waits there
unseen: what is read there just adds up, which is finer than needed and still right. The same goes for
functions defined inside. Functions that the text calls by name and that stand beside it are copied too.
"""

import ast
import inspect
import random
import textwrap
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

from shmlab.explorer.errors import CannotFollow

Function = types.FunctionType
Track = Callable[[Function], Function]


def copy_of(function: Any, markers: Mapping[str, object], track: Track, done: dict[object, Any]) -> Function:
    """The marked copy of a function, and of every function that it calls by name. Raises CannotFollow.

    `markers` are the names that the copy finds besides its own globals, `track` wraps each copy, `done` holds
    the copies (and copied globals) made so far.
    """
    if not isinstance(function, Function):
        raise CannotFollow(f"{function!r} is not a function: give plain functions, defined with def.")
    if function in done:
        known: Function = done[function]
        return known
    text, first = definition(function)
    _refuse_what_cannot_be_followed(text, function, first)
    names = _globals(function, markers, done)
    code = _compiled(text, function, first)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    copy = Function(code, names, function.__name__, function.__defaults__, closure or None)
    copy.__kwdefaults__ = function.__kwdefaults__
    marked = done[function] = track(copy)
    for name in code.co_names:
        helper = function.__globals__.get(name)
        if isinstance(helper, Function) and helper.__globals__ is function.__globals__:
            try:
                names[name] = copy_of(helper, markers, track, done)
            except CannotFollow:
                if isinstance(names.get(name), Function) and _touches_nothing(helper):
                    continue
                raise
    return marked


def _touches_nothing(helper: Function) -> bool:
    """Whether a helper takes no arguments that could be `buf`: then it is no business of ours."""
    return helper.__code__.co_argcount == 0


def definition(function: Function) -> tuple[ast.FunctionDef, int]:
    """The syntax tree of a function, and its first line in its file. Raises CannotFollow."""
    if function.__name__ == "<lambda>":
        raise CannotFollow("a lambda cannot be explored: write it as a function with def.")
    if inspect.iscoroutinefunction(function):
        raise CannotFollow(
            f"{function.__name__} is a coroutine (async def): write it with def; every access is a step."
        )
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError) as error:
        raise CannotFollow(
            f"the source of {function.__name__} cannot be read ({error}): define it in a cell or a file."
        ) from None
    if not isinstance(tree, ast.FunctionDef):
        raise CannotFollow(f"{function.__name__} is not defined with def: write it as a function of its own.")
    return tree, function.__code__.co_firstlineno


def _refuse_what_cannot_be_followed(definition: ast.FunctionDef, function: Function, first: int) -> None:
    """Generators and assignments to globals."""

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
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)):
            refuse(node, "async and await cannot be followed: write plain code; every access to buf is a step already.")


def _compiled(definition: ast.FunctionDef, function: Function, first: int) -> types.CodeType:
    definition.decorator_list = []
    definition.returns = None
    definition.body = _Marker().block(definition.body)
    module = ast.Module([definition], [])
    free = function.__code__.co_freevars
    if free:  # inside a function that has these names, so that they are compiled as free ones
        outer = ast.parse(f"def __outer__({', '.join(free)}):\n pass").body[0]
        assert isinstance(outer, ast.FunctionDef)
        outer.body = [definition]
        module.body = [outer]
    ast.fix_missing_locations(module)
    ast.increment_lineno(module, first - 1)
    return _find(compile(module, function.__code__.co_filename, "exec"), function.__name__)


def _find(code: types.CodeType, name: str) -> types.CodeType:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    for constant in inner:
        if constant.co_name == name:
            return constant
    return _find(next(constant for constant in inner if constant.co_name == "__outer__"), name)


class _Refusing(types.ModuleType):
    """Stands for the random module: a process whose steps are thrown cannot be explored."""

    def __getattr__(self, name: str) -> object:
        raise CannotFollow(
            f"random.{name} cannot be explored: all interleavings are tried anyway. Leave it out, or give the value "
            "as an argument of the process."
        )


class _NoTime(types.ModuleType):
    """The time module, but sleeping takes no time: every interleaving is explored, however long somebody sleeps."""

    def __init__(self) -> None:
        super().__init__("time")
        self.__dict__.update(vars(time), sleep=_no_sleep)


def _no_sleep(seconds: float) -> None:
    pass


def _silent(*values: object, **how: object) -> None:
    pass


def _globals(function: Function, markers: Mapping[str, object], done: dict[object, Any]) -> dict[str, Any]:
    names = done.get(id(function.__globals__))
    if names is None:
        names = done[id(function.__globals__)] = dict(function.__globals__)
        for name, value in list(names.items()):
            if value is time:
                names[name] = _NoTime()
            elif value is random:
                names[name] = _Refusing("random")
            elif value is time.sleep:
                names[name] = _no_sleep
        names.setdefault("print", _silent)
        names.update(markers)
    return names


class _Marker(ast.NodeTransformer):
    """Puts the markers in. `held` are the numbers of the loops and managers around the statement."""

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
        return _call(
            "__here__", ast.Constant(self._next()), ast.Tuple([ast.Constant(n) for n in self.held], ast.Load())
        )

    def hold(self, number: int, thing: ast.expr, walked: bool) -> ast.expr:
        return ast.copy_location(_call("__hold__", ast.Constant(number), thing, ast.Constant(walked)), thing)

    def statement(self, s: ast.stmt, marked: bool) -> ast.stmt:
        around = self.held
        if isinstance(s, (ast.FunctionDef, ast.ClassDef)):
            ticking: ast.stmt = _ticking(s)
            return ticking
        if isinstance(s, ast.For):
            number = self._next()
            s.iter = self.hold(number, _ticking(s.iter), True)
            self.held = (*around, number)
            s.body = self.block(s.body, marked)
            s.body.insert(0, _tick_statement(s))
            self.held = around
            s.orelse = self.block(s.orelse, marked)
        elif isinstance(s, ast.While):
            test = _ticking(s.test)
            mark = self.here() if marked else _not_tick()
            s.test = ast.copy_location(ast.BoolOp(ast.Or(), [mark, test]), s.test)
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
        elif isinstance(s, ast.If):
            s.test = _ticking(s.test)
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
        elif isinstance(s, ast.Match):
            s.subject = _ticking(s.subject)
            for case in s.cases:
                case.body = self.block(case.body, marked)
        elif isinstance(s, ast.With):
            for item in s.items:
                number = self._next()
                self.held = (*self.held, number)
                item.context_expr = self.hold(number, _ticking(item.context_expr), False)
            s.body = self.block(s.body, marked)
            if marked:
                s.body.append(self.mark(s.body[-1]))  # leaving: what the body read is done with
            self.held = around
        elif isinstance(s, (ast.Try, ast.TryStar)):
            s.body, s.orelse = self.block(s.body, marked), self.block(s.orelse, marked)
            for handler in s.handlers:
                handler.body = self.block(handler.body, False)
            s.finalbody = self.block(s.finalbody, False)
        else:
            s = _ticking(s)
        return s

    def _next(self) -> int:
        self.number += 1
        return self.number


class _Ticker(ast.NodeTransformer):
    """Ticks, and nothing else: in comprehensions, and in the loops of functions defined inside."""

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs.insert(0, _call("__tick__"))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _tick_statement(node))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = ast.copy_location(ast.BoolOp(ast.Or(), [_not_tick(), node.test]), node.test)
        return node


def _ticking(node: Any) -> Any:
    return _Ticker().visit(node)


def _tick_statement(place: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Expr(_call("__tick__")), place)


def _not_tick() -> ast.expr:
    return ast.UnaryOp(ast.Not(), _call("__tick__"))


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
