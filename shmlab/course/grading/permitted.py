"""Decide which programs a grader may run in the process that judges: those that only compute and use `buf`.

A protocol needs little: numbers, lists, loops, and what `buf` offers. The lists below name what is known to be safe. A
program limited to them cannot reach the interpreter, a file or the code that judges it: for that it would need other
attributes, names that begin with two underscores, modules, classes, caught exceptions or builtins such as `getattr`
and `open`. A program that uses anything else is not run, but not marked as wrong either: a person has to look at it.
"""

import ast
import builtins
import time
from types import SimpleNamespace

_BUILTINS = """
    abs all any bool dict divmod enumerate filter float int len list map max min print range reversed round set
    frozenset sorted str sum tuple zip isinstance slice repr next iter pow ord chr bin oct hex hash id
    ArithmeticError AssertionError Exception IndexError KeyError LookupError OverflowError RuntimeError StopIteration
    TypeError ValueError ZeroDivisionError
"""
_METHODS = """
    add append appendleft clear copy count difference discard extend get index insert intersection items join keys
    lower pop popitem remove replace reverse setdefault sort split startswith endswith strip union update upper values
    acquire release wait signal P V down up load store test_and_set swap fetch_add compare_and_swap drain
"""
_SHARED = """
    capacity count empty full gate getters_waiting getting in_ mutex not_empty not_full out parties putters_waiting
    putting readers room second_gate slots
"""
BUILTINS, METHODS, SHARED = (frozenset(names.split()) for names in (_BUILTINS, _METHODS, _SHARED))
# A program must not rebind these names either: where its binding goes out of scope, Python's is visible again.
RESERVED = frozenset(name for name in vars(builtins) if not name.startswith("_")) - BUILTINS
NODES = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Lambda, ast.Global, ast.Nonlocal),
    *(ast.Assign, ast.AugAssign, ast.Delete, ast.Expr, ast.Pass, ast.Break, ast.Continue),
    *(ast.For, ast.While, ast.If, ast.With, ast.withitem, ast.Raise, ast.Try, ast.ExceptHandler, ast.Assert),
    *(ast.ImportFrom, ast.alias),  # of `sleep`: see plain
    *(ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.List, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
    *(ast.Compare, ast.Call, ast.keyword, ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute),
    *(ast.Subscript, ast.Starred, ast.Name, ast.Slice, ast.expr_context, ast.boolop, ast.operator, ast.unaryop),
    ast.cmpop,
)


SLEEP = "from time import sleep"
_LEAVING = (ast.Return, ast.Break, ast.Continue)


def plain(text: str) -> str:
    """Return the same program without annotations, and with `sleep` in place of the module `time`.

    Annotations have no effect on a protocol, and a program could modify a module. Raises SyntaxError, ValueError,
    RecursionError, MemoryError.
    """
    tree = ast.parse(text)
    bare = _Bare(tree)
    body = ast.unparse(ast.fix_missing_locations(bare.visit(tree)))
    given = [f"{SLEEP} as {name}" if name != "sleep" else SLEEP for name in sorted(bare.sleeps)]
    return "\n".join([*given, body]) + "\n"


def names() -> dict[str, object]:
    """Return the names defined at the start of a permitted program: only the permitted builtins, and no classes."""
    found: dict[str, object] = {name: getattr(builtins, name) for name in BUILTINS}
    return {"__builtins__": {**found, "__import__": _import}}


def _import(name: str, *_: object) -> object:
    """Replace `__import__`: the only thing to import is `sleep`."""
    if name != "time":
        raise ImportError(f"there is no module {name} here")
    return SimpleNamespace(sleep=time.sleep)


def objection(text: str) -> str:
    """Return the first thing in a plain program that is not known to be safe, in words; empty if all of it is."""
    tree = ast.parse(text)
    known = BUILTINS.union(*(_bound(node) for node in ast.walk(tree))) - RESERVED
    found = [(getattr(node, "lineno", 0), what) for node in ast.walk(tree) if (what := _unknown(node, known))]
    return min(found)[1] if found else ""


def _unknown(node: ast.AST, known: frozenset[str]) -> str:
    """Return what is not known to be safe in one node."""
    if not isinstance(node, NODES):
        return f"`{ast.unparse(node).splitlines()[0]}`" if isinstance(node, (ast.stmt, ast.expr)) else "its syntax"
    if any(name.startswith("__") for name in _identifiers(node)):
        return "a name with two underscores in front"
    if reserved := RESERVED & _bound(node):
        return f"the name `{min(reserved)}`, which is one of Python's own: call it something else"
    match node:
        case ast.FunctionDef(name=name, decorator_list=[_, *_]):
            return f"the decorator of `{name}`"
        case ast.ExceptHandler(type=None):
            return "`except:` without the name of an exception, which catches what is not the program's own"
        case ast.Try(finalbody=final) if any(isinstance(part, _LEAVING) for it in final for part in ast.walk(it)):
            return "`return`, `break` or `continue` in `finally`, which drops any exception"
        case ast.ExceptHandler(name=str(name)):
            return f"the exception `{name}`, which leads to the frames of its callers"
        case ast.ImportFrom(module="time", level=0, names=[ast.alias(name="sleep")]):
            return ""
        case ast.ImportFrom():
            return f"`{ast.unparse(node)}`"
        case ast.Name(id=name):
            return "" if name in known else f"the name `{name}`"
        case ast.Attribute(attr=attr, ctx=use):
            safe = attr in SHARED or (attr in METHODS and isinstance(use, ast.Load))
            return "" if safe else f"the attribute `{attr}`"
    return ""


def _identifiers(node: ast.AST) -> list[str]:
    """Return the names that occur in a node itself, of any type."""
    values = [value for _, value in ast.iter_fields(node) if not isinstance(node, ast.Constant)]
    flat = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return [part for part in flat if isinstance(part, str)]


def _bound(node: ast.AST) -> set[str]:
    """Return the name that a node itself binds, if any."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.arg(arg=name):
            return {name}
        case ast.alias(name=name, asname=other):
            return {other or name}
    return set()


class _Bare(ast.NodeTransformer):
    """Removes annotations and the module `time`; `sleeps` are the names that refer to its `sleep`."""

    def __init__(self, tree: ast.AST) -> None:
        self.sleeps: set[str] = set()
        self._modules = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name == "time"
        }

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return ast.Pass() if all(alias.name == "time" for alias in node.names) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module != "time" or node.level or any(alias.name != "sleep" for alias in node.names):
            return node
        self.sleeps |= {alias.asname or alias.name for alias in node.names}
        return ast.Pass()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules and node.attr == "sleep":
            self.sleeps.add("sleep")
            return ast.copy_location(ast.Name("sleep", node.ctx), node)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        bare = ast.Assign([node.target], node.value)
        return self.generic_visit(ast.copy_location(bare, node))
