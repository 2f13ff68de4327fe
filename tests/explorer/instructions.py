"""The text of a small program as instructions for a machine with a stack: see `machine`."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from shmlab.explorer.program.cells import Memory
from shmlab.explorer.program.operations import ACQUIRE, ATOMIC, LOAD, RELEASE, STORE

OPERATORS: dict[type[ast.AST], Callable[[Any, Any], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
}
Instruction = tuple[str, Any]


class Text:
    """The instructions of one function. Understands what `waiting.Waiter` writes, and no more."""

    def __init__(self, definition: ast.FunctionDef, memory: Memory) -> None:
        self.memory = memory
        self.names = [argument.arg for argument in definition.args.args]
        self.code: list[Instruction] = []
        self.around: list[Any] = []  # loops, as (where they go on, jumps out of them), and semaphores held
        self.block(definition.body)
        self.emit("const", None)
        self.emit("return")

    def emit(self, operation: str, argument: Any = None) -> int:
        self.code.append((operation, argument))
        return len(self.code) - 1

    def land(self, *jumps: int) -> None:
        """Let jumps lead here."""
        for jump in jumps:
            self.code[jump] = (self.code[jump][0], len(self.code))

    def local(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, s: ast.stmt) -> None:
        match s:
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                for value in values:
                    self.value(value)
                for target in reversed(targets):
                    self.store(target)
            case ast.Assign([target], value):
                self.value(value)
                self.store(target)
            case ast.Expr(value):
                self.value(value)
                self.emit("drop")
            case ast.If(test, body, orelse):
                self.value(test)
                over = self.emit("unless")
                self.block(body)
                end = self.emit("jump")
                self.land(over)
                self.block(orelse)
                self.land(end)
            case ast.While(test, body):
                start = len(self.code)
                self.value(test)
                self.loop(start, body)
            case ast.For(ast.Name(name), ast.Call(_, [ast.Constant(count)]), body):
                index = self.local(f"walk {len(self.code)}")
                self.emit("const", 0)
                self.emit("put", index)
                start = self.emit("get", index)
                self.emit("const", count)
                self.emit("two", operator.lt)
                self.loop(start, body, index, self.local(name))
            case ast.With([item], body):
                at = self.address(item.context_expr)
                self.emit("access", (ACQUIRE, at, 0, None))
                self.emit("drop")
                self.around.append(at)
                self.block(body)
                self.around.pop()
                self.let_go([at])
            case ast.Break() | ast.Continue():
                inner = max(i for i, it in enumerate(self.around) if isinstance(it, tuple))
                self.let_go(self.around[inner + 1 :])
                start, jumps = self.around[inner]
                jump = self.emit("jump", start)
                if isinstance(s, ast.Break):
                    jumps.append(jump)
            case ast.Return(value):
                self.value(value)
                self.let_go([at for at in self.around if not isinstance(at, tuple)])
                self.emit("return")
            case ast.Pass():
                pass
            case _:
                raise NotImplementedError(ast.unparse(s))

    def loop(self, start: int, body: list[ast.stmt], index: int = -1, name: int = -1) -> None:
        """A loop whose test is on the stack. With an `index`, it counts."""
        jumps = [self.emit("unless")]
        if index >= 0:
            self.emit("get", index)
            self.emit("put", name)
            self.emit("get", index)
            self.emit("const", 1)
            self.emit("two", operator.add)
            self.emit("put", index)
        self.around.append((start, jumps))
        self.block(body)
        self.around.pop()
        self.emit("jump", start)
        self.land(*jumps)

    def let_go(self, held: list[Any]) -> None:
        for at in reversed(held):
            self.emit("access", (RELEASE, at, 0, None))
            self.emit("drop")

    def store(self, target: ast.expr) -> None:
        match target:
            case ast.Name(name):
                self.emit("put", self.local(name))
            case ast.Subscript(array, index):
                self.value(index)
                self.emit("access", (STORE, self.address(array), 1, "element"))
                self.emit("drop")
            case _:
                self.emit("access", (STORE, self.address(target), 1, None))
                self.emit("drop")

    def value(self, e: ast.expr | None) -> None:
        match e:
            case ast.Constant(value):
                self.emit("const", value)
            case ast.Name(name):
                self.emit("get", self.local(name))
            case ast.Attribute():
                self.emit("access", (LOAD, self.address(e), 0, None))
            case ast.Subscript(array, index):
                self.value(index)
                self.emit("access", (LOAD, self.address(array), 0, "element"))
            case ast.BinOp(left, how, right) | ast.Compare(left, [how], [right]):
                self.value(left)
                self.value(right)
                self.emit("two", OPERATORS[type(how)])
            case ast.UnaryOp(ast.Not(), operand):
                self.value(operand)
                self.emit("not")
            case ast.BoolOp(how, [left, right]):
                self.value(left)
                over = self.emit("unless or keep" if isinstance(how, ast.And) else "if or keep")
                self.value(right)
                self.land(over)
            case ast.IfExp(test, body, orelse):
                self.value(test)
                over = self.emit("unless")
                self.value(body)
                end = self.emit("jump")
                self.land(over)
                self.value(orelse)
                self.land(end)
            case ast.Tuple(parts):
                for part in parts:
                    self.value(part)
                self.emit("tuple", len(parts))
            case ast.Call(ast.Name(name), [_, *arguments]) | ast.Call(
                ast.Attribute(ast.Call(ast.Name(), _), name), arguments
            ):
                self.emit("const", None)  # buf, or self
                for argument in arguments:
                    self.value(argument)
                self.emit("call", (name, len(arguments) + 1))
            case ast.Call(ast.Attribute(cell, name), arguments):
                for argument in arguments:
                    self.value(argument)
                self.operation(self.address(cell), name, len(arguments))
            case _:
                raise NotImplementedError(ast.dump(e) if e else "nothing")

    def operation(self, at: int, name: str, count: int) -> None:
        """A call of a cell's own operation; its arguments are on the stack."""
        if name in ("acquire", "release", "load"):
            kind = {"acquire": ACQUIRE, "release": RELEASE, "load": LOAD}[name]
            self.emit("access", (kind, at, 0, None))
        elif name == "test_and_set":
            self.emit("const", 1)
            self.emit("access", (ATOMIC, at, 1, "swap"))
        else:
            self.emit("access", (ATOMIC, at, count, name.removeprefix("fetch_").removesuffix("_and_swap")))

    def address(self, e: ast.expr) -> int:
        assert isinstance(e, ast.Attribute) and ast.unparse(e.value) in ("buf", "self.buf")
        return self.memory.addresses[e.attr]
