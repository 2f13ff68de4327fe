"""Rewriting of a program's expressions, so that none of them runs for ever or depends on chance.

- `__tick__()` in comprehensions, lambdas, and the loops of generators, to detect infinite ones;
- `__power__(a, b)`, `__shift__`, `__times__`, `__plus__` for `a ** b`, `a << b`, `a * b`, `a + b`, whose result may be
  very large, and `__times_into__`, `__plus_into__` for `a *= b` and `a += b`;
- `__certain__(x)` around the operands of `is` and `match`: values from a clock or random numbers must not be compared;
- `__ordered__(x)` around what is iterated over: the order of a set of strings differs from run to run.
"""

import ast
from typing import Any

LARGE: dict[type[ast.operator], str] = {
    ast.Pow: "__power__",
    ast.LShift: "__shift__",
    ast.Mult: "__times__",
    ast.Add: "__plus__",
}
INTO: dict[type[ast.operator], str] = {
    ast.Pow: "__power__",
    ast.LShift: "__shift__",
    ast.Mult: "__times_into__",
    ast.Add: "__plus_into__",
}
WALKING = frozenset(["list", "tuple", "enumerate", "zip", "map", "filter", "iter", "reversed", "deque", "dict"])
TAKING = frozenset(["join", "extend", "fromkeys"])  # methods that iterate over their first argument


def ticking(node: Any) -> Any:
    """Rewrite a statement or an expression as described above."""
    return _Ticker().visit(node)


def tick(place: ast.stmt) -> ast.stmt:
    """Return a tick as a statement of its own."""
    return ast.copy_location(ast.Expr(call("__tick__")), place)


def not_tick() -> ast.expr:
    """Return a tick that counts as false."""
    return ast.UnaryOp(ast.Not(), call("__tick__"))


def call(name: str, *arguments: ast.expr) -> ast.Call:
    """Return a call of a marker."""
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


class _Ticker(ast.NodeTransformer):
    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _ordered(node.iter)
        node.ifs.insert(0, call("__tick__"))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        node.body = ast.copy_location(ast.BoolOp(ast.And(), [call("__tick__"), node.body]), node.body)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _ordered(node.iter)
        node.body.insert(0, tick(node))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = ast.copy_location(ast.BoolOp(ast.Or(), [not_tick(), node.test]), node.test)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add) and (_is_number(node.left) or _is_number(node.right)):
            return node
        name = LARGE.get(type(node.op))
        return ast.copy_location(call(name, node.left, node.right), node) if name else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        name = INTO.get(type(node.op))
        if not name or not isinstance(node.target, ast.Name):
            return node  # the object of an attribute or an item must not be evaluated twice
        if isinstance(node.op, ast.Add) and _is_number(node.value):
            return node
        value = call(name, ast.Name(node.target.id, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if any(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops):
            node.left = _certain(node.left)
            node.comparators = [_certain(each) for each in node.comparators]
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        self.generic_visit(node)
        node.subject = _certain(node.subject)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        unpacks = any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets)
        if unpacks and not isinstance(node.value, (ast.Tuple, ast.List)):
            node.value = _ordered(node.value)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _ordered(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Name) and function.id in WALKING:
            node.args = [each if isinstance(each, ast.Starred) else _ordered(each) for each in node.args]
        elif isinstance(function, ast.Attribute) and function.attr in TAKING and node.args:
            first = node.args[0]
            node.args[0] = first if isinstance(first, ast.Starred) else _ordered(first)
        elif isinstance(function, ast.Attribute) and function.attr == "pop" and not node.args:
            function.value = _ordered(function.value)
        return node


def _certain(node: ast.expr) -> ast.expr:
    return node if isinstance(node, ast.Constant) else ast.copy_location(call("__certain__", node), node)


def _ordered(node: ast.expr) -> ast.expr:
    return ast.copy_location(call("__ordered__", node), node)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
